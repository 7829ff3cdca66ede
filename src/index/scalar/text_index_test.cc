#include "index/scalar/text_index.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>

#include "index/scalar/text_build.h"
#include "storage/block_reader.h"
#include "text/analyzer.h"

namespace elanus::index {
namespace {

// Dropped words leave a gap.
text::AnalyzerPtr TestAnalyzer() {
  static const text::AnalyzerPtr analyzer = *text::ParseAnalyzer(
      R"({"tokenizer": "whitespace", "filter": [{"type": "stop", "stop_words": ["_"]}]})");
  return analyzer;
}

schema::Column TextColumn() {
  return schema::Column({.type = schema::DataType::kVarChar});
}

std::string RandomText(std::mt19937_64& random, int64_t max_words, int64_t num_words) {
  std::string text;
  for (auto count = static_cast<int64_t>(random() % (max_words + 1)); count > 0; --count) {
    if (random() % 6 == 0) text += "_ ";
    // Few words often, many seldom.
    text += fmt::format("w{} ", random() % (1 + random() % num_words));
  }
  return text;
}

schema::Column RandomTexts(std::mt19937_64& random, int64_t num_rows, int64_t max_words,
                           int64_t num_words) {
  schema::Column column = TextColumn();
  for (int64_t row = 0; row < num_rows; ++row) {
    if (random() % 9 == 0) {
      column.AppendNull();
    } else {
      column.AppendRaw(RandomText(random, max_words, num_words));
    }
  }
  return column;
}

std::string Build(const schema::Column& column) {
  const auto file = BuildTextIndex({.rows = column.View(), .analyzer = TestAnalyzer()});
  EXPECT_TRUE(file.ok()) << file.status();
  return *file;
}

Bytes BytesIn(const std::string& file) {
  return {reinterpret_cast<const uint8_t*>(file.data()), file.size()};
}

text::MatchQuery RandomQuery(std::mt19937_64& random, int64_t num_words) {
  const text::Tokens words = TestAnalyzer()->Analyze(RandomText(random, 5, num_words + 2));
  switch (random() % 3) {
    case 0:
      return text::MatchTokens(words, static_cast<int64_t>(1 + random() % 5));
    case 1:
      return text::MatchFuzzy(words, static_cast<int>(random() % 2));
    default:
      return text::MatchPhrase(words, static_cast<int64_t>(random() % 4));
  }
}

void ExpectSameAsTexts(const TextIndex& index, const schema::Column& column,
                       const text::MatchQuery& query) {
  const auto rows = index.Match(query, Cancellation());
  ASSERT_TRUE(rows.ok()) << rows.status();
  const schema::ColumnView view = column.View();
  for (int64_t row = 0; row < view.num_rows; ++row) {
    const bool expected =
        view.IsValid(row) && text::Matches(query, TestAnalyzer()->Analyze(view.Bytes(row)));
    ASSERT_EQ(rows->Test(row), expected) << "row " << row;
    ASSERT_EQ(index.absent() != nullptr && index.absent()->Test(row), !view.IsValid(row));
  }
}

TEST(TextIndex, AnswersAsEachTextAloneDoes) {
  for (uint64_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    const auto num_words = static_cast<int64_t>(1 + random() % 40);
    const schema::Column column =
        RandomTexts(random, static_cast<int64_t>(random() % 700), 10, num_words);
    const std::string file = Build(column);
    const auto whole = TextIndex::Open(BytesIn(file), column.num_rows());
    const auto blocks =
        TextIndex::Open(storage::MakeMemoryReader(BytesIn(file)), column.num_rows());
    ASSERT_TRUE(whole.ok() && blocks.ok()) << whole.status() << blocks.status();
    for (int round = 0; round < 20; ++round) {
      const text::MatchQuery query = RandomQuery(random, num_words);
      ExpectSameAsTexts(**whole, column, query);
      ExpectSameAsTexts(**blocks, column, query);
    }
  }
}

// Lists of many blocks, positions of many windows.
TEST(TextIndex, AnswersAsEachTextAloneDoesWithLongLists) {
  std::mt19937_64 random(3);
  schema::Column column = TextColumn();
  for (int64_t row = 0; row < 6000; ++row) {
    std::string text = RandomText(random, 40, 4);
    if (random() % 50 == 0) text += fmt::format(" rare{}", random() % 3);
    column.AppendRaw(text);
  }
  const std::string file = Build(column);
  const auto whole = TextIndex::Open(BytesIn(file), column.num_rows());
  const auto blocks = TextIndex::Open(storage::MakeMemoryReader(BytesIn(file)), column.num_rows());
  ASSERT_TRUE(whole.ok() && blocks.ok());
  for (const char* words :
       {"w0 w1", "w3 w3 w3", "rare1 w0", "w2 rare0", "rare1 rare2", "w0 gone"}) {
    const text::Tokens tokens = TestAnalyzer()->Analyze(words);
    for (const text::MatchQuery& query :
         {text::MatchPhrase(tokens, 0), text::MatchPhrase(tokens, 2), text::MatchTokens(tokens, 2),
          text::MatchTokens(tokens, 1)}) {
      ExpectSameAsTexts(**whole, column, query);
      ExpectSameAsTexts(**blocks, column, query);
    }
  }
  // Postings stay in the file.
  EXPECT_LT((*blocks)->memory_bytes(), 4096);
}

TEST(TextIndex, KnowsNoRowsAndNoWords) {
  for (const int64_t num_rows : {0, 1, 130}) {
    schema::Column column = TextColumn();
    for (int64_t row = 0; row < num_rows; ++row) column.AppendRaw("_");
    const std::string file = Build(column);
    const auto index = TextIndex::Open(BytesIn(file), num_rows);
    ASSERT_TRUE(index.ok()) << index.status();
    EXPECT_EQ((*index)->num_tokens(), 0);
    const text::Tokens words = TestAnalyzer()->Analyze("a b");
    for (const text::MatchQuery& query :
         {text::MatchTokens(words, 1), text::MatchTokens(words, 2), text::MatchPhrase(words, 1),
          text::MatchFuzzy(words, 1), text::MatchTokens({}, 1)}) {
      EXPECT_EQ((*index)->Match(query, Cancellation())->Count(), 0);
    }
  }
}

TEST(TextIndex, KeepsFarPositions) {
  schema::Column column = TextColumn();
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += "_ ";
  column.AppendRaw(text + "a b");
  const std::string file = Build(column);
  const auto index = TextIndex::Open(BytesIn(file), 1);
  ASSERT_TRUE(index.ok());
  for (const auto& [phrase, rows] : {std::pair("a b", 1), std::pair("b a", 0)}) {
    const auto query = text::MatchPhrase(TestAnalyzer()->Analyze(phrase), 0);
    EXPECT_EQ((*index)->Match(query, Cancellation())->Count(), rows) << phrase;
  }
}

TEST(TextIndex, IsSmallerThanItsTexts) {
  std::mt19937_64 random(5);
  const schema::Column column = RandomTexts(random, 20'000, 30, 300);
  EXPECT_LT(static_cast<int64_t>(Build(column).size()), column.byte_size());
}

TEST(TextIndex, StopsWhenCancelled) {
  std::mt19937_64 random(5);
  const schema::Column column = RandomTexts(random, 2000, 30, 300);
  const auto flag = std::make_shared<std::atomic<bool>>(true);
  const Cancellation cancelled(flag, 0);
  const auto build = BuildTextIndex(
      {.rows = column.View(), .analyzer = TestAnalyzer(), .cancellation = &cancelled});
  EXPECT_EQ(CodeOf(build.status()), ErrorCode::kCancelled);
  const std::string file = Build(column);
  const auto index = TextIndex::Open(BytesIn(file), column.num_rows());
  const text::Tokens words = TestAnalyzer()->Analyze("w1 w2");
  for (const text::MatchQuery& query : {text::MatchTokens(words, 1), text::MatchTokens(words, 2),
                                        text::MatchPhrase(words, 1), text::MatchFuzzy(words, 1)}) {
    EXPECT_EQ(CodeOf((*index)->Match(query, cancelled).status()), ErrorCode::kCancelled);
  }
}

TEST(TextIndex, NamesDamageAtEveryByte) {
  std::mt19937_64 random(2);
  const schema::Column column = RandomTexts(random, 300, 10, 30);
  const std::string good = Build(column);
  const text::MatchQuery query = text::MatchPhrase(TestAnalyzer()->Analyze("w0 w1"), 1);
  const auto expected = (*TextIndex::Open(BytesIn(good), 300))->Match(query, Cancellation());
  for (size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ (1 << random() % 8));
    EXPECT_EQ(CodeOf(TextIndex::Open(BytesIn(bad), 300).status()), ErrorCode::kDataIntegrity) << at;
    if (at % 7 != 0) continue;
    const auto blocks = TextIndex::Open(storage::MakeMemoryReader(BytesIn(bad)), 300);
    if (!blocks.ok()) {
      EXPECT_EQ(CodeOf(blocks.status()), ErrorCode::kDataIntegrity) << at;
      continue;
    }
    const auto rows = (*blocks)->Match(query, Cancellation());
    if (rows.ok()) {
      EXPECT_EQ(rows->Count(), expected->Count()) << at;
    } else {
      EXPECT_EQ(CodeOf(rows.status()), ErrorCode::kDataIntegrity) << at;
    }
  }
  for (size_t size = 0; size < good.size(); size += 13) {
    EXPECT_FALSE(TextIndex::Open(BytesIn(good.substr(0, size)), 300).ok()) << size;
  }
  EXPECT_FALSE(TextIndex::Open(BytesIn(good), 301).ok());
}

}  // namespace
}  // namespace elanus::index
