#include "expr/lexer.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace elanus::expr {
namespace {

// Kinds by number are unreadable; texts with a mark of the kind are not.
std::string Spell(const Token& token) {
  switch (token.kind) {
    case TokenKind::kInteger:
      return "int:" + std::to_string(token.integer);
    case TokenKind::kMinInteger:
      return "min";
    case TokenKind::kFloat:
      return "float:" + std::to_string(token.number);
    case TokenKind::kBool:
      return token.is_true ? "true" : "false";
    case TokenKind::kString:
      return "string:" + std::string(token.text);
    case TokenKind::kName:
      return "name:" + std::string(token.text);
    case TokenKind::kPath:
      return "path:" + std::string(token.text);
    case TokenKind::kStructPath:
      return "struct:" + std::string(token.text);
    case TokenKind::kFunction:
      return "function:" + std::string(token.text);
    case TokenKind::kReserved:
      return "reserved:" + std::string(token.text);
    case TokenKind::kIsNull:
      return "is-null";
    case TokenKind::kIsNotNull:
      return "is-not-null";
    case TokenKind::kAnd:
      return "and";
    case TokenKind::kOr:
      return "or";
    case TokenKind::kNot:
      return "not";
    default:
      return std::string(token.text);
  }
}

std::string Lex(std::string_view text, bool raw_strings = false) {
  const SourceText source(text);
  Lexer lexer(source, {.raw_strings = raw_strings});
  std::string out;
  while (true) {
    const absl::StatusOr<Token> token = lexer.Next();
    if (!token.ok()) return "error " + std::string(MessageOf(token.status()));
    if (token->kind == TokenKind::kEnd) return out;
    if (!out.empty()) out += ' ';
    out += Spell(*token);
  }
}

bool Fails(std::string_view text) {
  return Lex(text).starts_with("error");
}

TEST(Lexer, ReadsIntegersOfFourBases) {
  EXPECT_EQ(Lex("0 17 017 0xFF 0b101"), "int:0 int:17 int:15 int:255 int:5");
  EXPECT_EQ(Lex("9223372036854775807"), "int:9223372036854775807");
  EXPECT_EQ(Lex("9223372036854775808"), "min");
  EXPECT_TRUE(Fails("9223372036854775809"));
  EXPECT_TRUE(Fails("08"));
  EXPECT_TRUE(Fails("0x"));
  EXPECT_TRUE(Fails("0b2"));
  EXPECT_TRUE(Fails("12ab"));
  EXPECT_TRUE(Fails("99999999999999999999999999"));
}

TEST(Lexer, ReadsFloats) {
  EXPECT_EQ(Lex("1.5 .5 5. 1e3 1.5E-3"),
            "float:1.500000 float:0.500000 float:5.000000 float:1000.000000 float:0.001500");
  EXPECT_EQ(Lex("0x1.8p3"), "float:12.000000");
  EXPECT_EQ(Lex("1e-400"), "float:0.000000");
  EXPECT_TRUE(Fails("1e400"));
  EXPECT_TRUE(Fails("0x1.8"));
  EXPECT_TRUE(Fails("1.2.3"));
  EXPECT_TRUE(Fails("1e"));
  EXPECT_EQ(Lex("1-2"), "int:1 - int:2");
}

TEST(Lexer, KnowsKeywordsInLowerAndUpperCaseOnly) {
  EXPECT_EQ(Lex("and AND And"), "and and name:And");
  EXPECT_EQ(Lex("true True TRUE tRUE"), "true true true name:tRUE");
  EXPECT_EQ(Lex("json_contains JSON_CONTAINS Json_contains"),
            "function:json_contains function:JSON_CONTAINS name:Json_contains");
  EXPECT_EQ(Lex("iso threshold"), "reserved:iso reserved:threshold");
  EXPECT_EQ(Lex("&& || !"), "and or not");
}

TEST(Lexer, TakesNullTestsWithOneBlankBetweenTheWords) {
  EXPECT_EQ(Lex("a is null"), "name:a is-null");
  EXPECT_EQ(Lex("a IS NOT NULL"), "name:a is-not-null");
  EXPECT_EQ(Lex("a is  null"), "name:a name:is name:null");
  EXPECT_EQ(Lex("a is nullable"), "name:a name:is name:nullable");
  EXPECT_EQ(Lex("a Is null"), "name:a name:Is name:null");
}

TEST(Lexer, TakesPathsAsOneToken) {
  EXPECT_EQ(Lex(R"(a["k"]['k2'][0] == 1)"), R"(path:a["k"]['k2'][0] == int:1)");
  EXPECT_EQ(Lex(R"($meta["k"])"), R"(path:$meta["k"])");
  EXPECT_EQ(Lex(R"(a ["k"])"), R"(name:a [ string:"k" ])");
  EXPECT_EQ(Lex(R"(a[ "k" ])"), R"(name:a [ string:"k" ])");
  EXPECT_EQ(Lex("in[1]"), "in [ int:1 ]");
  EXPECT_EQ(Lex("st[sub] $[sub] st[3][sub]"), "struct:st[sub] struct:$[sub] struct:st[3][sub]");
  EXPECT_EQ(Lex(R"(a["]"])"), R"(path:a["]"])");
}

TEST(Lexer, TakesStringsWithBothQuotesAndPrefixes) {
  EXPECT_EQ(Lex(R"('a"b' "a'b" "a\"b")"), R"(string:'a"b' string:"a'b" string:"a\"b")");
  EXPECT_EQ(Lex(R"(u8"a" u"a" U"a" L"a")"), R"(string:u8"a" string:u"a" string:U"a" string:L"a")");
  EXPECT_EQ(
      Lex(R"(r"a\")", false),
      R"(error cannot parse expression: r"a\", error: string without closing quote (line 1, column 2))");
  EXPECT_EQ(Lex(R"(r"a\"b")", true), R"(string:r"a\"b")");
  EXPECT_TRUE(Fails("'abc"));
  EXPECT_TRUE(Fails("'a\nb'"));
  EXPECT_EQ(Lex("'a\\\nb'"), "string:'a\\\nb'");
}

TEST(Lexer, TakesTheLongestOperator) {
  EXPECT_EQ(Lex("a<=b<<c**d==e=f"), "name:a <= name:b << name:c ** name:d == name:e = name:f");
}

TEST(Lexer, PointsAtWhatIsNoToken) {
  EXPECT_EQ(Lex("a ==\n  @"),
            "error cannot parse expression: a ==\n  @, error: invalid expression: unexpected "
            "character '@' (line 2, column 3)");
  EXPECT_TRUE(Fails("\xc3\xa9 == 1"));
  EXPECT_TRUE(Fails("$foo == 1"));
}

}  // namespace
}  // namespace elanus::expr
