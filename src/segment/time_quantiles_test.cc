#include "segment/time_quantiles.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace elanus::segment {
namespace {

std::vector<int64_t> Of(const std::vector<int64_t>& values) {
  schema::Column column({.type = schema::DataType::kInt64});
  for (const int64_t value : values) column.Append(value);
  return TimeQuantiles(column.View());
}

TEST(TimeQuantiles, AreTheLargestOfEachTenth) {
  std::vector<int64_t> hundred(100);
  for (int64_t i = 0; i < 100; ++i) hundred[i] = (i * 37) % 100;
  EXPECT_EQ(Of(hundred), (std::vector<int64_t>{0, 9, 19, 29, 39, 49, 59, 69, 79, 89, 99}));
  EXPECT_EQ(Of({7}), std::vector<int64_t>(11, 7));
  EXPECT_EQ(Of({}), std::vector<int64_t>());
}

TEST(TimeQuantiles, AreThoseOfTheSortedValues) {
  std::mt19937_64 random(3);
  for (int round = 0; round < 200; ++round) {
    std::vector<int64_t> values(1 + random() % 60);
    for (int64_t& value : values) value = static_cast<int64_t>(random() % 20);
    const std::vector<int64_t> found = Of(values);
    std::sort(values.begin(), values.end());
    const auto rows = static_cast<int64_t>(values.size());
    ASSERT_EQ(found.size(), 11);
    for (int64_t step = 1; step <= 10; ++step) {
      EXPECT_EQ(found[step], values[(rows * step + 9) / 10 - 1]) << rows << " rows, tenth " << step;
    }
    EXPECT_EQ(found[0], values[0]);
  }
}

TEST(TimeQuantiles, TakeNullForNever) {
  schema::Column column({.type = schema::DataType::kTimestamptz});
  column.AppendNull();
  column.Append(int64_t{5});
  const std::vector<int64_t> found = TimeQuantiles(column.View());
  EXPECT_EQ(found.front(), 5);
  EXPECT_EQ(found.back(), INT64_MAX);
}

}  // namespace
}  // namespace elanus::segment
