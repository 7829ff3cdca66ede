#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <random>

#include "common/check.h"
#include "text/analyzer.h"
#include "text/match_index.h"
#include "text/match_query.h"

namespace elanus::text {
namespace {

Tokens Words(std::string_view text) {
  static const AnalyzerPtr analyzer = *ParseAnalyzer(R"({"tokenizer": "whitespace"})");
  return analyzer->Analyze(text);
}

// Words with an `_` in front are gone, as stop words are.
Tokens WithGaps(std::string_view text) {
  Tokens tokens = Words(text);
  std::erase_if(tokens, [](const Token& token) { return token.text[0] == '_'; });
  return tokens;
}

struct SlopCase {
  std::string_view query;
  std::string_view text;
  int64_t slop;  // -1: not at all.
};

constexpr SlopCase kSlops[] = {
    {"machine learning", "machine learning boosts", 0},
    {"machine learning", "a machine learning b machine x learning", 0},
    {"machine learning", "machine deep learning", 1},
    {"machine learning", "learning machine", 2},
    {"machine learning", "machine", -1},
    {"a b c", "a b c", 0},
    {"a b c", "a c b", 2},
    {"a b c", "c b a", 4},
    {"a b c", "a x b y c", 2},
    {"a b c", "b a c", 2},
    {"a", "x a", 0},
    {"a a", "a", -1},
    {"a a", "a a", 0},
    {"a a", "a x a", 1},
    {"a b a", "a b x a", 1},
    {"a b a", "a a b", 2},
    {"a _ b", "a b", 1},
    {"a _ b", "a x b", 0},
    {"a b", "a _ b", 1},
    {"_ a b", "a b", 0},
    {"a b", "b x x x x a x x b", 2},
    {"a b", "", -1},
};

TEST(Phrase, IsAsFarFromTheTextAsTheTableSays) {
  for (const SlopCase& test : kSlops) {
    EXPECT_EQ(LeastSlop(WithGaps(test.query), WithGaps(test.text)).value_or(-1), test.slop)
        << test.query << " in " << test.text;
  }
}

// Every way to put the query's tokens on the text's.
int64_t DullSlop(const Tokens& query, const Tokens& tokens) {
  int64_t best = -1;
  std::vector<int64_t> chosen;
  const std::function<void(size_t)> choose = [&](size_t part) {
    if (part == query.size()) {
      int64_t low = INT64_MAX, high = INT64_MIN;
      for (size_t i = 0; i < query.size(); ++i) {
        const int64_t shift = chosen[i] - query[i].position;
        low = std::min(low, shift);
        high = std::max(high, shift);
      }
      if (best < 0 || high - low < best) best = high - low;
      return;
    }
    for (const Token& token : tokens) {
      if (token.text != query[part].text) continue;
      if (std::find(chosen.begin(), chosen.end(), token.position) != chosen.end()) {
        // The same word twice needs two places; two words never share one here.
        continue;
      }
      chosen.push_back(token.position);
      choose(part + 1);
      chosen.pop_back();
    }
  };
  if (!query.empty()) choose(0);
  return best;
}

std::string RandomText(std::mt19937_64& random, int64_t max_words, int64_t num_words) {
  std::string text;
  for (auto count = static_cast<int64_t>(random() % (max_words + 1)); count > 0; --count) {
    if (random() % 6 == 0) text += "_ ";
    text += fmt::format("{} ", static_cast<char>('a' + random() % num_words));
  }
  return text;
}

TEST(Phrase, AgreesWithTryingEverything) {
  for (uint64_t seed = 0; seed < 3000; ++seed) {
    std::mt19937_64 random(seed);
    const std::string query = RandomText(random, 4, 3), text = RandomText(random, 8, 3);
    const int64_t expected = DullSlop(WithGaps(query), WithGaps(text));
    EXPECT_EQ(LeastSlop(WithGaps(query), WithGaps(text)).value_or(-1), expected)
        << "seed " << seed << ": " << query << " in " << text;
    for (int64_t slop = 0; slop < 6; ++slop) {
      EXPECT_EQ(Matches(MatchPhrase(WithGaps(query), slop), WithGaps(text)),
                expected >= 0 && expected <= slop)
          << "seed " << seed << ", slop " << slop;
    }
  }
}

TEST(MatchTokens, CountsRepeatedTokensOfTheQuery) {
  const auto matches = [](std::string_view query, int64_t min, std::string_view text) {
    return Matches(MatchTokens(Words(query), min), Words(text));
  };
  EXPECT_TRUE(matches("a b", 1, "b c"));
  EXPECT_FALSE(matches("a b", 1, "c"));
  EXPECT_FALSE(matches("a b", 2, "b c"));
  EXPECT_TRUE(matches("a b", 2, "b a"));
  EXPECT_TRUE(matches("a a b", 2, "a"));
  EXPECT_FALSE(matches("a b", 3, "a b"));
  EXPECT_FALSE(matches("", 1, "a"));
  EXPECT_FALSE(matches("a", 1, ""));
}

struct EditCase {
  std::string_view a;
  std::string_view b;
  int distance;
};

TEST(WithinEdits, KnowsHowFarWordsAreApart) {
  for (const EditCase& test : std::initializer_list<EditCase>{{"", "", 0},
                                                              {"abc", "abc", 0},
                                                              {"abc", "abd", 1},
                                                              {"abc", "ab", 1},
                                                              {"abc", "xabc", 1},
                                                              {"abc", "acb", 1},
                                                              {"abcd", "badc", 2},
                                                              {"ca", "abc", 3},
                                                              {"über", "uber", 1},
                                                              {"中国", "中文", 1},
                                                              {"", "ab", 2},
                                                              {"kitten", "sitting", 3}}) {
    for (int max = 0; max <= 3; ++max) {
      EXPECT_EQ(WithinEdits(test.a, test.b, max), test.distance <= max) << test.a << " " << test.b;
      EXPECT_EQ(WithinEdits(test.b, test.a, max), test.distance <= max) << test.a << " " << test.b;
    }
  }
}

TEST(MatchIndex, AnswersAsEachTextAloneDoes) {
  for (uint64_t seed = 0; seed < 60; ++seed) {
    std::mt19937_64 random(seed);
    const auto num_rows = static_cast<int64_t>(random() % 300);
    std::vector<Tokens> rows;
    MatchIndex index;
    for (int64_t row = 0; row < num_rows; ++row) {
      rows.push_back(WithGaps(random() % 5 == 0 ? "" : RandomText(random, 10, 6)));
      if (!rows.back().empty() || random() % 2 == 0) index.Add(row, rows.back());
      if (random() % 100 == 0) index.Shrink();
    }
    for (int round = 0; round < 20; ++round) {
      const Tokens words = WithGaps(RandomText(random, 4, 7));
      MatchQuery query;
      switch (random() % 3) {
        case 0:
          query = MatchTokens(words, static_cast<int64_t>(1 + random() % 4));
          break;
        case 1:
          query = MatchFuzzy(words, static_cast<int>(random() % 2));
          break;
        default:
          query = MatchPhrase(words, static_cast<int64_t>(random() % 4));
      }
      const int64_t visible = num_rows - static_cast<int64_t>(random() % (num_rows / 4 + 1));
      std::vector<uint64_t> words_found((visible + 63) / 64, 0);
      index.Match(query, visible, Cancellation(), words_found);
      for (int64_t row = 0; row < static_cast<int64_t>(words_found.size()) * 64; ++row) {
        const bool found = (words_found[row >> 6] >> (row & 63) & 1) != 0;
        EXPECT_EQ(found, row < visible && Matches(query, rows[row])) << "seed " << seed;
      }
    }
  }
}

TEST(MatchIndex, KeepsFarPositionsAndManyRows) {
  MatchIndex index;
  Tokens tokens = {{"a", 0, 1, 5'000'000'000, 1}, {"b", 2, 3, 5'000'000'001, 1}};
  for (int64_t row = 0; row < 100'000; row += 997) index.Add(row, tokens);
  const MatchQuery phrase = MatchPhrase({{"a", 0, 1, 0, 1}, {"b", 2, 3, 1, 1}}, 0);
  std::vector<uint64_t> found((100'000 + 63) / 64, 0);
  index.Match(phrase, 100'000, Cancellation(), found);
  for (int64_t row = 0; row < 100'000; ++row) {
    EXPECT_EQ(found[row >> 6] >> (row & 63) & 1, row % 997 == 0 ? 1u : 0u);
  }
  EXPECT_EQ(index.num_tokens(), 2);
  EXPECT_GT(index.memory_bytes(), 101 * 2 * 7);
}

}  // namespace
}  // namespace elanus::text
