#include "query/sort_key.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <random>

#include "query/top_rows.h"

namespace elanus::query {
namespace {

using schema::Column;
using schema::DataType;

std::string KeyOf(const Column& column, int64_t row, SortDirection direction) {
  std::string key;
  AppendSortKey(column.View(), row, direction, key);
  return key;
}

// Every pair of rows compares as `less` says, whatever the direction.
template <typename Less>
void ExpectOrder(const Column& column, const Less& less) {
  for (int64_t a = 0; a < column.num_rows(); ++a) {
    for (int64_t b = 0; b < column.num_rows(); ++b) {
      EXPECT_EQ(KeyOf(column, a, {}) < KeyOf(column, b, {}), less(a, b)) << a << " " << b;
      EXPECT_EQ(KeyOf(column, a, {.descending = true}) < KeyOf(column, b, {.descending = true}),
                less(b, a))
          << a << " " << b;
    }
  }
}

template <typename T>
void ExpectNumbersInOrder(DataType type, const std::vector<T>& values) {
  Column column({.type = type});
  for (const T value : values) column.Append(value);
  ExpectOrder(column, [&](int64_t a, int64_t b) { return values[a] < values[b]; });
}

TEST(SortKey, OrdersNumbersOfEveryTypeAtTheirBounds) {
  using L8 = std::numeric_limits<int8_t>;
  using L64 = std::numeric_limits<int64_t>;
  using LD = std::numeric_limits<double>;
  ExpectNumbersInOrder<int8_t>(DataType::kInt8, {0, 1, -1, L8::min(), L8::max()});
  ExpectNumbersInOrder<int8_t>(DataType::kBool, {0, 1});
  ExpectNumbersInOrder<int16_t>(DataType::kInt16, {0, 300, -300, 255, 256});
  ExpectNumbersInOrder<int32_t>(DataType::kInt32, {0, 70000, -70000, 65535});
  ExpectNumbersInOrder<int64_t>(DataType::kInt64, {0, 1, -1, L64::min(), L64::max(), 1 << 30});
  ExpectNumbersInOrder<int64_t>(DataType::kTimestamptz, {0, 1, -1});
  ExpectNumbersInOrder<float>(DataType::kFloat, {0.0f, -0.0f, 1e-40f, -1e-40f, 3.5f, -3.5f, 3e38f});
  ExpectNumbersInOrder<double>(DataType::kDouble,
                               {0.0, -0.0, LD::min(), -LD::min(), LD::max(), LD::lowest(), 1.5});
}

TEST(SortKey, OrdersTextsByBytesAlsoWithZeroesInside) {
  const std::vector<std::string> texts = {
      "",     std::string(1, '\0'),     std::string(2, '\0'), "a", "ab", std::string("a\0", 2), "b",
      "\xff", std::string("a\0\xff", 3)};
  Column column({.type = DataType::kVarChar});
  for (const std::string& text : texts) column.AppendRaw(text);
  ExpectOrder(column, [&](int64_t a, int64_t b) { return texts[a] < texts[b]; });
}

TEST(SortKey, PutsNullsWhereTheDirectionSays) {
  Column column({.type = DataType::kInt64});
  column.AppendNull();
  column.Append<int64_t>(5);
  for (const bool descending : {false, true}) {
    const SortDirection first{descending, true};
    const SortDirection last{descending, false};
    EXPECT_LT(KeyOf(column, 0, first), KeyOf(column, 1, first));
    EXPECT_LT(KeyOf(column, 1, last), KeyOf(column, 0, last));
  }
}

TEST(SortKey, AShorterTextDoesNotRunIntoTheNextColumn) {
  Column texts({.type = DataType::kVarChar}), numbers({.type = DataType::kInt64});
  texts.AppendRaw("a");
  texts.AppendRaw("ab");
  numbers.Append<int64_t>(9);
  numbers.Append<int64_t>(1);
  for (const bool descending : {false, true}) {
    std::string a, b;
    AppendSortKey(texts.View(), 0, {descending, false}, a);
    AppendSortKey(numbers.View(), 0, {}, a);
    AppendSortKey(texts.View(), 1, {descending, false}, b);
    AppendSortKey(numbers.View(), 1, {}, b);
    EXPECT_EQ(a < b, !descending);
  }
}

TEST(TopRows, KeepsTheFirstRowsOfARandomOrder) {
  for (uint64_t seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    const auto limit = static_cast<int64_t>(random() % 20) - 1;
    TopRows left(limit), right(limit);
    std::vector<std::string> keys;
    for (int64_t i = static_cast<int64_t>(random() % 60); i > 0; --i) {
      keys.push_back(std::to_string(random() % 40));
      (random() % 2 == 0 ? left : right).Offer(keys.back(), {0, i});
    }
    left.Merge(std::move(right));
    std::sort(keys.begin(), keys.end());
    if (limit >= 0) keys.resize(std::min<size_t>(keys.size(), limit));
    std::vector<std::string> kept;
    for (const KeyedRow& row : left.Take()) kept.push_back(row.key);
    EXPECT_EQ(kept, keys);
  }
}

}  // namespace
}  // namespace elanus::query
