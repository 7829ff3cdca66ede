#include "expr/like_pattern.h"

#include <gtest/gtest.h>

#include <random>

namespace elanus::expr {
namespace {

bool Like(std::string_view value, std::string_view pattern, bool reports_30 = false) {
  const absl::StatusOr<LikePattern> compiled = LikePattern::Compile(pattern, reports_30);
  return compiled.ok() && compiled->Matches(value);
}

TEST(LikePattern, MatchesTheWholeValue) {
  for (const bool line : {false, true}) {
    EXPECT_TRUE(Like("abc", "abc", line));
    EXPECT_FALSE(Like("abcd", "abc", line));
    EXPECT_FALSE(Like("ABC", "abc", line));
    EXPECT_TRUE(Like("abcd", "abc%", line));
    EXPECT_TRUE(Like("xabc", "%abc", line));
    EXPECT_TRUE(Like("xabcy", "%abc%", line));
    EXPECT_TRUE(Like("a\nc", "a%c", line));
    EXPECT_TRUE(Like("abc", "a_c", line));
    EXPECT_FALSE(Like("ac", "a_c", line));
    EXPECT_TRUE(Like("", "", line));
    EXPECT_TRUE(Like("", "%", line));
    EXPECT_TRUE(Like("", "%%", line));
    EXPECT_FALSE(Like("", "_", line));
    EXPECT_TRUE(Like("abab", "%ab", line));
    EXPECT_TRUE(Like("axbxc", "a%b%c", line));
    EXPECT_FALSE(Like("ab", "ab%b", line));
    EXPECT_TRUE(Like("aXbcYd", "a_bc_d", line));
    EXPECT_TRUE(Like("--aXb--", "%a_b%", line));
  }
}

TEST(LikePattern, TakesOneByteOrOneCharacterForAnUnderscore) {
  EXPECT_FALSE(Like("\u00e9", "_", false));
  EXPECT_TRUE(Like("\u00e9", "__", false));
  EXPECT_TRUE(Like("\u00e9", "_", true));
  EXPECT_FALSE(Like("\u00e9", "__", true));
  EXPECT_TRUE(Like("a\u00e9b", "%_b", true));
  EXPECT_TRUE(Like("x\u00e9\u00e9", "x__", true));
  EXPECT_TRUE(Like("\u00e9ab", "%_a_", true));
}

TEST(LikePattern, EscapesWildcardsWithABackslash) {
  for (const bool line : {false, true}) {
    EXPECT_TRUE(Like("a%c", "a\\%c", line));
    EXPECT_FALSE(Like("abc", "a\\%c", line));
    EXPECT_TRUE(Like("a_c%", "a\\_c%", line));
    EXPECT_TRUE(Like("x%y", "%\\%y", line));
    EXPECT_TRUE(Like("ab%dz", "a_\\%d%", line));
  }
}

TEST(LikePattern, TreatsOtherBackslashesAsItsLineDoes) {
  // 2.6: plain-text tests keep the backslash, the general one drops it.
  EXPECT_TRUE(Like("a\\bc", "a\\bc", false));
  EXPECT_FALSE(Like("abc", "a\\bc", false));
  EXPECT_TRUE(Like("a\\bcd", "a\\bc%", false));
  EXPECT_TRUE(Like("abcx", "a\\bc_", false));
  EXPECT_TRUE(Like("xabcy", "%a\\bc%", false));
  // 3.0: it always escapes.
  EXPECT_TRUE(Like("abc", "a\\bc", true));
  EXPECT_FALSE(Like("a\\bc", "a\\bc", true));
  EXPECT_TRUE(Like("a\\c", "a\\\\c", true));
}

TEST(LikePattern, TakesALoneBackslashAtTheEndOnTheOldLineOnly) {
  EXPECT_TRUE(Like("ab\\", "ab\\", false));
  EXPECT_TRUE(Like("axb\\", "a_b\\", false));
  EXPECT_FALSE(LikePattern::Compile("ab\\", true).ok());
  EXPECT_FALSE(LikePattern::Compile("a_b\\", true).ok());
}

TEST(LikePattern, TakesAnEscapedPercentAtTheEndForAWildcardOnTheOldLine) {
  EXPECT_TRUE(Like("abc\\def", "abc\\%", false));
  EXPECT_FALSE(Like("abc%", "abc\\%", false));
  EXPECT_TRUE(Like("abc%", "abc\\%", true));
  EXPECT_FALSE(Like("abcdef", "abc\\%", true));
  // With an inner wildcard the old line has no fast path either.
  EXPECT_TRUE(Like("axc%", "a_c\\%", false));
}

TEST(LikePattern, BecomesAPlainTextTestWhereItCan) {
  using Kind = LikePattern::Kind;
  for (const bool line : {false, true}) {
    const auto kind = [&](std::string_view pattern) {
      return LikePattern::Compile(pattern, line)->kind();
    };
    EXPECT_EQ(kind("abc"), Kind::kEqual);
    EXPECT_EQ(kind("abc%"), Kind::kPrefix);
    EXPECT_EQ(kind("%abc"), Kind::kSuffix);
    EXPECT_EQ(kind("%abc%%"), Kind::kContains);
    EXPECT_EQ(kind("%"), Kind::kAny);
    EXPECT_EQ(kind("a%c"), Kind::kGeneral);
    EXPECT_EQ(kind("a_"), Kind::kGeneral);
  }
}

// The textbook recursion, over bytes.
bool Naive(std::string_view value, std::string_view pattern) {
  if (pattern.empty()) return value.empty();
  if (pattern[0] == '%') {
    return Naive(value, pattern.substr(1)) || (!value.empty() && Naive(value.substr(1), pattern));
  }
  return !value.empty() && (pattern[0] == '_' || pattern[0] == value[0]) &&
         Naive(value.substr(1), pattern.substr(1));
}

TEST(LikePattern, AgreesWithTheTextbookOnRandomPatterns) {
  const uint32_t seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  const auto text = [&](std::string_view letters, size_t max) {
    std::string out(random() % (max + 1), ' ');
    for (char& c : out) c = letters[random() % letters.size()];
    return out;
  };
  for (int i = 0; i < 20'000; ++i) {
    const std::string pattern = text("ab%_", 7);
    const std::string value = text("ab", 9);
    const bool expected = Naive(value, pattern);
    ASSERT_EQ(Like(value, pattern, false), expected) << value << " like " << pattern;
    ASSERT_EQ(Like(value, pattern, true), expected) << value << " like " << pattern;
  }
}

}  // namespace
}  // namespace elanus::expr
