#include "segment/delete_log.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

namespace elanus::segment {
namespace {

TEST(DeleteLog, KeepsTheEarliestDeleteOfARow) {
  DeleteLog log;
  EXPECT_TRUE(log.Add(3, Timestamp(20)));
  EXPECT_FALSE(log.Add(3, Timestamp(30)));
  EXPECT_FALSE(log.Add(3, Timestamp(20)));
  EXPECT_TRUE(log.Add(3, Timestamp(10)));
  EXPECT_EQ(log.size(), 1);
  EXPECT_EQ(log.Entries().front().second, Timestamp(10));
}

TEST(DeleteLog, HidesAsOfAnyTimeLikeAMapInAnyOrderOfArrival) {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    DeleteLog log;
    std::map<int64_t, uint64_t> model;
    for (int i = 0; i < 200; ++i) {
      const int64_t row = random() % 300;
      const uint64_t at = 1 + random() % 100;
      const auto found = model.find(row);
      EXPECT_EQ(log.Add(row, Timestamp(at)), found == model.end() || at < found->second);
      if (found == model.end() || at < found->second) model[row] = at;
      const uint64_t reader = random() % 110;
      kernels::Bitset visible(random() % 300, true);  // Often fewer rows than were deleted.
      log.Hide(Timestamp(reader), visible);
      for (int64_t r = 0; r < visible.size(); ++r) {
        const auto hidden = model.find(r);
        ASSERT_EQ(visible.Test(r), hidden == model.end() || hidden->second > reader) << r;
      }
    }
  }
}

}  // namespace
}  // namespace elanus::segment
