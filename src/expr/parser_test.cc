#include "expr/parser.h"

#include <gtest/gtest.h>

#include <string>

namespace elanus::expr {
namespace {

std::string ParseText(std::string_view text, bool reports_30 = false) {
  CompileOptions options;
  options.reports_30 = reports_30;
  const absl::StatusOr<Ast> ast = Parse(text, options);
  return ast.ok() ? ToText(*ast) : "error: " + std::string(MessageOf(ast.status()));
}

std::string Gist(std::string_view text) {
  const std::string message = ParseText(text);
  const size_t at = message.rfind(", error: ");
  return at == std::string::npos ? message : message.substr(at + 9);
}

TEST(Parser, BindsAsTightAsTheLanguageSays) {
  EXPECT_EQ(ParseText("a or b and c"), "(or a (and b c))");
  EXPECT_EQ(ParseText("a and b or c and d"), "(or (and a b) (and c d))");
  EXPECT_EQ(ParseText("-2 ** 8"), "(- (** 2 8))");
  EXPECT_EQ(ParseText("2 ** 3 ** 2"), "(** (** 2 3) 2)");
  EXPECT_EQ(ParseText("1 + 2 * 3 - 4"), "(- (+ 1 (* 2 3)) 4)");
  EXPECT_EQ(ParseText("f & 4 == 4"), "(& f (== 4 4))");
  EXPECT_EQ(ParseText("(f & 4) == 4"), "(== (& f 4) 4)");
  EXPECT_EQ(ParseText("a | b ^ c & d"), "(| a (^ b (& c d)))");
  EXPECT_EQ(ParseText("a << 1 + 2"), "(<< a (+ 1 2))");
  EXPECT_EQ(ParseText("a == b < c"), "(== a (< b c))");
  EXPECT_EQ(ParseText("a < b == c"), "(== (< a b) c)");
  EXPECT_EQ(ParseText("a * b like 'x'"), "(* a (like b 'x'))");
  EXPECT_EQ(ParseText("exists a and b"), "(and (exists a) b)");
  EXPECT_EQ(ParseText("exists a == 1"), "(== (exists a) 1)");
}

TEST(Parser, LetsNotBindTighterThanComparison) {
  EXPECT_EQ(ParseText("not a in [1]"), "(in (not a) (list 1))");
  EXPECT_EQ(ParseText("a not in [1]"), "(not-in a (list 1))");
  EXPECT_EQ(ParseText("not (a in [1])"), "(not (in a (list 1)))");
  EXPECT_EQ(ParseText("not a == 1"), "(== (not a) 1)");
  EXPECT_EQ(ParseText("not a like \"x%\""), "(not (like a \"x%\"))");
  EXPECT_EQ(ParseText("not a is null"), "(not (is-null a))");
  EXPECT_EQ(ParseText("! a is not null && b"), "(and (not (is-not-null a)) b)");
}

TEST(Parser, TakesPrefixesOnTheRightOfTighterOperators) {
  EXPECT_EQ(ParseText("2 ** -3 ** 2"), "(** 2 (- (** 3 2)))");
  EXPECT_EQ(ParseText("a == not b == c"), "(== (== a (not b)) c)");
}

TEST(Parser, ReadsRangeChainsInBothDirections) {
  EXPECT_EQ(ParseText("1 < a <= 5"), "(<<= 1 a 5)");
  EXPECT_EQ(ParseText("5 >= a > 1 and b"), "(and (>=> 5 a 1) b)");
  EXPECT_EQ(ParseText("1 + 1 < a[\"k\"] < 2 * 3"), "(<< (+ 1 1) a[\"k\"] (* 2 3))");
  EXPECT_EQ(ParseText("1 < a > 5"), "(> (< 1 a) 5)");
  EXPECT_EQ(ParseText("1 < a + 1 < 5"), "(< (< 1 (+ a 1)) 5)");
  EXPECT_EQ(ParseText("{x} < a < {y}"), "(<< {x} a {y})");
}

TEST(Parser, MakesOneNodeOfAChainOfOneLogicalOperator) {
  EXPECT_EQ(ParseText("a or b || c OR d"), "(or a b c d)");
  std::string chain = "a == 1";
  for (int i = 0; i < 20'000; ++i) chain += " or a == 1";
  EXPECT_TRUE(Parse(chain, {}).ok());
}

TEST(Parser, ReadsListsCallsAndTemplates) {
  EXPECT_EQ(ParseText("a in [1, 2, 3,]"), "(in a (list 1 2 3))");
  EXPECT_EQ(ParseText("a in []"), "(in a (list))");
  EXPECT_EQ(ParseText("a in [-1, 'x', [true]]"), "(in a (list -1 'x' (list true)))");
  EXPECT_EQ(ParseText("a in { list }"), "(in a {list})");
  EXPECT_EQ(ParseText("JSON_CONTAINS(a, 1)"), "(json_contains a 1)");
  EXPECT_EQ(ParseText("text_match(a, 'q', minimum_should_match=2)"), "(text_match a 'q' 2)");
  EXPECT_EQ(ParseText("Foo()"), "(foo)");
}

TEST(Parser, KnowsTheSmallestInteger) {
  EXPECT_EQ(ParseText("a == -9223372036854775808"), "(== a -9223372036854775808)");
  EXPECT_EQ(Gist("a == 9223372036854775808"),
            "number out of range of Int64: 9223372036854775808 (line 1, column 6)");
}

TEST(Parser, SaysWhereAndWhatItExpected) {
  EXPECT_EQ(
      Gist("a == "),
      "invalid expression: expected a value, a name or '(', the filter ends (line 1, column 6)");
  EXPECT_EQ(Gist("a == 1 b"),
            "invalid expression: expected an operator or the end, found 'b' (line 1, column 8)");
  EXPECT_EQ(Gist("(a == 1"),
            "invalid expression: expected ')', the filter ends (line 1, column 8)");
  EXPECT_EQ(Gist("a = 1"),
            "invalid expression: '=' is no comparison, equality is '==' (line 1, column 3)");
  EXPECT_EQ(
      Gist("threshold > 1"),
      "invalid expression: threshold is a keyword of the filter language, expected a value, a "
      "name or '(' (line 1, column 1)");
  EXPECT_EQ(Gist("j[\"\"] == 1"), "invalid identifier: empty key in path (line 1, column 3)");
  EXPECT_EQ(Gist("a == '\\q'"), "invalid escape in string '\\q' (line 1, column 7)");
  EXPECT_EQ(Gist("ts > ISO 5"),
            "invalid expression: expected a time in quotes, found '5' (line 1, column 10)");
  EXPECT_EQ(Gist("ts + INTERVAL 'P1D' > 5"),
            "invalid expression: expected ISO '...', found '5' (line 1, column 23)");
  EXPECT_EQ(Gist("ISO '2025-01-01' < 5"),
            "invalid expression: expected the name of a Timestamptz field, found '5' (line 1, "
            "column 20)");
  EXPECT_EQ(ParseText("1 < st[3][sub] < 5"), "(<< 1 st[3][sub] 5)");
  EXPECT_EQ(ParseText("match_any(st, $[sub] == 1)"), "(match_any st (== $[sub] 1))");
}

TEST(Parser, RefusesDeepNestingWithoutRunningOutOfStack) {
  EXPECT_EQ(ParseText(std::string(200, '(') + "a" + std::string(200, ')')), "a");
  for (const std::string_view opening : {"(", "[", "not ", "- ", "f(", "exists ", "a and (", "~"}) {
    std::string text;
    for (int i = 0; i < 100'000; ++i) text += opening;
    EXPECT_NE(Gist(text).find("nested deeper than 256"), std::string::npos) << opening;
  }
  std::string sum = "a";
  for (int i = 0; i < 100'000; ++i) sum += " + 1";
  EXPECT_NE(Gist(sum + " == 1").find("nested deeper than 256"), std::string::npos);
}

TEST(Parser, BoundsLengthListsAndParts) {
  CompileOptions options;
  options.max_length = 100;
  EXPECT_FALSE(Parse(std::string(101, ' '), options).ok());
  EXPECT_TRUE(Parse(std::string(100, ' '), options).ok());
  std::string list = "a in [";
  for (size_t i = 0; i <= kMaxListItems; ++i) list += "1,";
  EXPECT_NE(Gist(list + "]").find("lists hold more than"), std::string::npos);
  std::string parts;
  for (size_t i = 0; i <= kMaxNodes / 2; ++i) parts += "a or ";
  EXPECT_TRUE(Parse(parts + "a", {}).ok());
  EXPECT_NE(Gist(parts + parts + "a").find("parts"), std::string::npos);
}

TEST(Parser, TakesABlankFilterAsNone) {
  for (const std::string_view blank : {"", " ", "\t\r\n"}) {
    const auto ast = Parse(blank, {});
    ASSERT_TRUE(ast.ok());
    EXPECT_TRUE(ast->empty);
  }
}

TEST(Parser, ReadsRawStringsAndRegularExpressions) {
  EXPECT_EQ(ParseText(R"(a like r"\d")", true), R"((like a r"\d"))");
  EXPECT_EQ(ParseText(R"(not a =~ r"\d" and b !~ "x")", false),
            R"((and (not (=~ a r"\d")) (!~ b "x")))");
}

TEST(Parser, TakesComparisonsOfTimesAsOne) {
  EXPECT_EQ(ParseText("not ts > ISO '2025' or ts - interval 'P1D' == iso '2026'", false),
            "(or (not (time> ts '2025')) (time==- ts '2026' 'P1D'))");
  EXPECT_EQ(ParseText("ISO '2025' <= ts + INTERVAL 'P1Y' and a + 1 < 5", false),
            "(and (time>=+ ts '2025' 'P1Y') (< (+ a 1) 5))");
}

}  // namespace
}  // namespace elanus::expr
