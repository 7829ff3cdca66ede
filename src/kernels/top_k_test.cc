#include "kernels/top_k.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>

namespace elanus::kernels {
namespace {

TEST(TopK, KeepsWhatASortWouldPutFirst) {
  std::mt19937 random(5);
  for (const int64_t k : {0, 1, 2, 7, 100, 5000}) {
    std::vector<Neighbor> all;
    TopK top(k);
    for (int64_t i = 0; i < 2000; ++i) {
      // Few distinct distances: ties are the rule.
      const Neighbor entry{static_cast<float>(random() % 50),
                           static_cast<int64_t>(random() % 4000)};
      all.push_back(entry);
      top.Push(entry.distance, entry.row);
    }
    std::sort(all.begin(), all.end(), Nearer);
    all.resize(std::min<size_t>(all.size(), static_cast<size_t>(k)));
    EXPECT_EQ(top.TakeSorted(), all) << k;
  }
}

TEST(TopK, BoundIsInfiniteUntilFullAndThenTheFarthestKept) {
  TopK top(2);
  EXPECT_EQ(top.bound(), std::numeric_limits<float>::infinity());
  top.Push(3, 0);
  EXPECT_EQ(top.bound(), std::numeric_limits<float>::infinity());
  top.Push(5, 1);
  EXPECT_EQ(top.bound(), 5);
  EXPECT_FALSE(top.Push(6, 2));
  EXPECT_TRUE(top.Push(4, 3));
  EXPECT_EQ(top.bound(), 4);
}

}  // namespace
}  // namespace elanus::kernels
