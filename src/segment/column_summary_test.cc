#include "segment/column_summary.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <set>

namespace elanus::segment {
namespace {

using schema::Column;
using schema::DataType;

TEST(ColumnSummary, IsWhatALoopOverAllRowsFinds) {
  std::mt19937_64 random(11);
  for (int round = 0; round < 60; ++round) {
    Column column({.type = DataType::kInt64});
    const int64_t rows = 1 + static_cast<int64_t>(random() % 20'000);
    const int64_t distinct = std::array{5, 16, 17, 5000}[round % 4];
    std::set<int64_t> values;
    int64_t nulls = 0;
    for (int64_t i = 0; i < rows; ++i) {
      if (random() % 7 == 0) {
        column.AppendNull();
        ++nulls;
        continue;
      }
      const int64_t value = static_cast<int64_t>(random() % distinct) * 3 - 40;
      values.insert(value);
      column.Append(value);
    }
    const auto summary = Summarize(column.View());
    ASSERT_TRUE(summary.has_value());
    EXPECT_EQ(summary->zone.num_nulls, nulls);
    ASSERT_EQ(summary->zone.has_range, !values.empty());
    if (values.empty()) continue;
    EXPECT_EQ(summary->zone.min_int, *values.begin());
    EXPECT_EQ(summary->zone.max_int, *values.rbegin());
    EXPECT_EQ(summary->ints, values.size() <= kSummaryValuesMax
                                 ? std::vector<int64_t>(values.begin(), values.end())
                                 : std::vector<int64_t>());
  }
}

TEST(ColumnSummary, CutsTextsBetweenCharacters) {
  Column column({.type = DataType::kVarChar});
  const std::string long_text = std::string(31, 'a') + "\u00e9\u00e9";  // 32 bytes end within one.
  column.AppendRaw(long_text);
  column.AppendRaw("b\u20ac");
  auto summary = Summarize(column.View());
  ASSERT_TRUE(summary.has_value());
  EXPECT_EQ(summary->zone.min_text, std::string(31, 'a'));
  EXPECT_EQ(summary->zone.max_text, "b\u20ac");
  EXPECT_FALSE(summary->zone.max_text_is_prefix);
  EXPECT_TRUE(summary->texts.empty()) << "one is too long to be told";
  Column cut({.type = DataType::kVarChar});
  cut.AppendRaw(long_text);
  summary = Summarize(cut.View());
  EXPECT_EQ(summary->zone.max_text, std::string(31, 'a'));
  EXPECT_TRUE(summary->zone.max_text_is_prefix);
}

TEST(ColumnSummary, JoinsTheRunsOfTexts) {
  Column column({.type = DataType::kVarChar});
  const std::string stem(32, 'm');
  for (int i = 0; i < 9000; ++i) column.AppendRaw(i == 100 ? stem + "x" : i == 8999 ? stem : "k");
  const auto summary = Summarize(column.View());
  EXPECT_EQ(summary->zone.min_text, "k");
  EXPECT_EQ(summary->zone.max_text, stem);
  EXPECT_TRUE(summary->zone.max_text_is_prefix) << "in the first run it went on";
}

TEST(ColumnSummary, SaysNothingOfWhatTheCatalogCannotHold) {
  Column reals({.type = DataType::kDouble});
  reals.Append(1.5);
  reals.Append(std::nan(""));
  const auto summary = Summarize(reals.View());
  ASSERT_TRUE(summary.has_value());
  EXPECT_TRUE(summary->zone.has_nan);
  EXPECT_EQ(summary->zone.max_real, 1.5);
  reals.Append(std::numeric_limits<double>::infinity());
  EXPECT_FALSE(Summarize(reals.View()).has_value());
  EXPECT_FALSE(Summarize(Column({.type = DataType::kJson}).View()).has_value());
  EXPECT_FALSE(Summarize(Column({.type = DataType::kInt64}).View()).has_value()) << "no rows";
}

}  // namespace
}  // namespace elanus::segment
