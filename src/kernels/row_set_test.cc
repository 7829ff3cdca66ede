#include "kernels/row_set.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace elanus::kernels {
namespace {

using Rows = std::set<uint32_t>;

RowSet Make(const Rows& rows, int64_t size, bool list) {
  if (list) return RowSet(size, {rows.begin(), rows.end()});
  Bitset bits(size);
  for (const uint32_t row : rows) bits.Set(row);
  return RowSet(std::move(bits));
}

Rows RowsOf(RowSet set) {
  Rows out;
  const int64_t count = set.Count();
  const std::vector<uint32_t> rows = set.Rows();
  for (int64_t row = 0; row < set.size(); ++row) {
    EXPECT_EQ(set.Test(row), std::binary_search(rows.begin(), rows.end(), row)) << row;
  }
  const Bitset bits = std::move(set).ToBits();
  bits.view().ForEach([&](int64_t row) { out.insert(static_cast<uint32_t>(row)); });
  EXPECT_EQ(std::ssize(out), count);
  EXPECT_TRUE(std::equal(rows.begin(), rows.end(), out.begin(), out.end()));
  return out;
}

TEST(RowSet, DoesWhatSetsDoInEitherForm) {
  std::mt19937 random(7);
  for (int round = 0; round < 400; ++round) {
    const int64_t size = 1 + random() % 300;
    Rows a, b;
    for (int64_t row = 0; row < size; ++row) {
      if (random() % 3 == 0) a.insert(static_cast<uint32_t>(row));
      if (random() % 5 == 0) b.insert(static_cast<uint32_t>(row));
    }
    Rows both, either = a, only_a;
    either.insert(b.begin(), b.end());
    for (const uint32_t row : a) (b.contains(row) ? both : only_a).insert(row);
    for (const bool a_list : {false, true}) {
      const RowSet left = Make(a, size, a_list);
      const Bitset right_bits = Make(b, size, false).bits();
      for (const bool b_list : {false, true}) {
        const RowSet right = Make(b, size, b_list);
        RowSet set = left;
        set.And(right);
        EXPECT_EQ(RowsOf(set), both) << a_list << b_list;
        set = left;
        set.Or(right);
        EXPECT_EQ(RowsOf(set), either) << a_list << b_list;
      }
      RowSet set = left;
      set.And(right_bits.view());
      EXPECT_EQ(RowsOf(set), both) << a_list;
      set = left;
      set.AndNot(right_bits.view());
      EXPECT_EQ(RowsOf(set), only_a) << a_list;
      Bitset restricted = right_bits;
      left.Restrict(restricted);
      EXPECT_EQ(RowsOf(RowSet(restricted)), both) << a_list;
    }
  }
}

TEST(RowSet, HasNoRowsAtFirst) {
  EXPECT_EQ(RowSet(100).Count(), 0);
  EXPECT_EQ(RowSet(100).size(), 100);
  EXPECT_TRUE(RowSet(100).is_list());
}

}  // namespace
}  // namespace elanus::kernels
