#include "expr/string_literal.h"

#include <gtest/gtest.h>

namespace elanus::expr {
namespace {

std::string Mean(std::string_view literal) {
  size_t bad = 0;
  const auto text = Unquote(literal, &bad);
  return text.has_value() ? *text : "bad at " + std::to_string(bad);
}

TEST(StringLiteral, KnowsTheEscapesOfC) {
  EXPECT_EQ(Mean(R"("\'\"\?\\")"), R"('"?\)");
  EXPECT_EQ(Mean(R"("\a\b\f\n\r\t\v")"), "\a\b\f\n\r\t\v");
  EXPECT_EQ(Mean(R"("\0")"), std::string(1, '\0'));
  EXPECT_EQ(Mean(R"("\101\x41\u00e9\U0001F600")"), "AA\u00e9\U0001F600");
  EXPECT_EQ(Mean("\"a\\\nb\""), "ab");
}

TEST(StringLiteral, RefusesOtherEscapes) {
  EXPECT_EQ(Mean(R"("ab\q")"), "bad at 3");
  EXPECT_EQ(Mean(R"("\x4")"), "bad at 1");
  EXPECT_EQ(Mean(R"("\u12")"), "bad at 1");
  EXPECT_EQ(Mean(R"("\ud800")"), "bad at 1");
  EXPECT_EQ(Mean(R"("\777")"), "bad at 1");
  EXPECT_EQ(Mean(R"("\U00110000")"), "bad at 1");
}

TEST(StringLiteral, KeepsRawStringsAsTheyAre) {
  EXPECT_EQ(Mean(R"(r"a\d\"b")"), R"(a\d\"b)");
}

TEST(StringLiteral, NeedsNoCopyWithoutEscapes) {
  EXPECT_EQ(UnquoteInPlace("u8'abc'"), "abc");
  EXPECT_FALSE(UnquoteInPlace(R"('a\n')").has_value());
}

}  // namespace
}  // namespace elanus::expr
