#include "index/scalar/packed_rows.h"

#include <gtest/gtest.h>

#include <random>

namespace elanus::index {
namespace {

std::vector<uint32_t> RowsOf(const kernels::Bitset& rows) {
  std::vector<uint32_t> out;
  rows.view().ForEach([&](int64_t row) { out.push_back(static_cast<uint32_t>(row)); });
  return out;
}

TEST(PackedRows, HoldAnyRows) {
  std::mt19937 random(7);
  for (const int64_t num_rows : {1, 63, 64, 65, 1000, 70'000}) {
    for (const int one_in : {1, 2, 3, 10, 150, 5000}) {
      std::vector<uint32_t> rows;
      for (int64_t row = 0; row < num_rows; ++row) {
        if (random() % one_in == 0) rows.push_back(static_cast<uint32_t>(row));
      }
      std::vector<uint8_t> list;
      AppendPackedRows(rows, num_rows, list);
      kernels::Bitset found(num_rows);
      ASSERT_TRUE(AddPackedRows(list, rows.size(), found)) << num_rows << " " << one_in;
      EXPECT_EQ(RowsOf(found), rows) << num_rows << " " << one_in;
      std::vector<uint32_t> listed = {7};
      ASSERT_TRUE(ReadPackedRows(list, rows.size(), num_rows, listed));
      EXPECT_TRUE(std::equal(listed.begin() + 1, listed.end(), rows.begin(), rows.end()));
      EXPECT_LE(list.size(), static_cast<size_t>(num_rows) / 8 + 18);
    }
  }
}

TEST(PackedRows, HoldGapsOfEverySize) {
  const int64_t num_rows = int64_t{1} << 32;
  std::vector<uint32_t> rows = {0};
  for (uint32_t gap = 1; gap != 0 && rows.back() + gap > rows.back(); gap *= 2) {
    rows.push_back(rows.back() + gap);
  }
  std::vector<uint8_t> list;
  AppendPackedRows(rows, num_rows, list);
  kernels::Bitset found(num_rows);
  ASSERT_TRUE(AddPackedRows(list, rows.size(), found));
  EXPECT_EQ(RowsOf(found), rows);
}

TEST(PackedRows, TakeFewBytesForRuns) {
  std::vector<uint32_t> rows;
  for (uint32_t row = 1000; row < 11'000; ++row) rows.push_back(row);
  std::vector<uint8_t> list;
  AppendPackedRows(rows, 1'000'000, list);
  EXPECT_LT(list.size(), 500u);
}

TEST(PackedRows, RefuseOtherBytes) {
  std::vector<uint32_t> rows;
  for (uint32_t row = 3; row < 3000; row += 10) rows.push_back(row);
  std::vector<uint8_t> list;
  AppendPackedRows(rows, 3000, list);
  kernels::Bitset found(3000), fewer(2900);
  EXPECT_FALSE(AddPackedRows(list, rows.size() + 8, found));
  EXPECT_FALSE(AddPackedRows(list, rows.size() - 8, found));
  EXPECT_FALSE(AddPackedRows(list, rows.size(), fewer)) << "rows behind the last one";
  EXPECT_FALSE(AddPackedRows({}, 1, found));
  std::mt19937 random(9);
  for (int i = 0; i < 100'000; ++i) {
    std::vector<uint8_t> other = list;
    for (int n = 0; n < 3; ++n) other[random() % other.size()] = static_cast<uint8_t>(random());
    other.resize(random() % 3 == 0 ? random() % other.size() : other.size());
    // Any answer, but no crash, and the same one in both forms.
    kernels::Bitset bits(3000);
    std::vector<uint32_t> listed;
    const bool added = AddPackedRows(other, rows.size(), bits);
    ASSERT_EQ(ReadPackedRows(other, rows.size(), 3000, listed), added);
    if (added) {
      ASSERT_EQ(listed, RowsOf(bits));
    }
  }
}

}  // namespace
}  // namespace elanus::index
