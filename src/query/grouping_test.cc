#include "query/grouping.h"

#include <gtest/gtest.h>

namespace elanus::query {
namespace {

std::vector<int64_t> Rows(const std::vector<Hit>& hits) {
  std::vector<int64_t> out;
  for (const Hit& hit : hits) out.push_back(hit.at.row);
  return out;
}

TEST(GroupCollector, KeepsTheFirstHitsOfTheFirstGroupsTogether) {
  GroupCollector groups(2, 2);
  EXPECT_FALSE(groups.has_all_groups());
  EXPECT_TRUE(groups.Offer({1, {0, 10}}, 7));
  EXPECT_TRUE(groups.Offer({2, {0, 11}}, 3));
  EXPECT_TRUE(groups.has_all_groups());
  EXPECT_TRUE(groups.Offer({3, {0, 12}}, 7));
  EXPECT_FALSE(groups.Offer({4, {0, 13}}, 7)) << "the group is full";
  EXPECT_FALSE(groups.Offer({5, {0, 14}}, 5)) << "no room for a third group";
  EXPECT_TRUE(groups.IsFull(7));
  EXPECT_FALSE(groups.IsFull(3));
  EXPECT_FALSE(groups.Has(5));
  EXPECT_EQ(groups.num_missing_hits(), 1);
  EXPECT_EQ(Rows(groups.Flatten(0)), (std::vector<int64_t>{10, 12, 11}));
  EXPECT_EQ(Rows(groups.Flatten(1)), (std::vector<int64_t>{11}));
  EXPECT_TRUE(groups.Flatten(9).empty());
}

}  // namespace
}  // namespace elanus::query
