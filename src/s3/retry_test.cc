#include "s3/retry.h"

#include <gtest/gtest.h>

namespace elanus::s3 {
namespace {

TEST(RetryBudget, EndsAndComesBackWithSuccesses) {
  RetryBudget budget(20);
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(budget.Take());
  EXPECT_FALSE(budget.Take());
  for (int i = 0; i < 5; ++i) budget.NoteSuccess();
  EXPECT_TRUE(budget.Take());
  EXPECT_FALSE(budget.Take());
  for (int i = 0; i < 100; ++i) budget.NoteSuccess();
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(budget.Take());
  EXPECT_FALSE(budget.Take());
}

TEST(Backoff, GrowsToItsBoundAndDiffers) {
  Backoff backoff(50, 400, 1);
  for (int attempts = 1; attempts < 100; ++attempts) {
    const int64_t bound = attempts > 3 ? 400 : 50 << (attempts - 1);
    int64_t longest = 0;
    for (int i = 0; i < 200; ++i) {
      const int64_t delay = backoff.DelayMs(attempts);
      EXPECT_GE(delay, 0);
      EXPECT_LE(delay, bound);
      longest = std::max(longest, delay);
    }
    EXPECT_GT(longest, bound / 2);
  }
}

TEST(HedgePolicy, WaitsForExperienceAndThenForTwiceTheNinthOfTen) {
  HedgePolicy policy;
  EXPECT_EQ(policy.DelayMs(), -1);
  for (int i = 0; i < 100; ++i) policy.NoteMs(i % 20 == 0 ? 5000 : 30);
  EXPECT_EQ(policy.DelayMs(), 60);
  for (int i = 0; i < 100; ++i) policy.NoteMs(1);
  EXPECT_EQ(policy.DelayMs(), HedgePolicy::kDelayMsMin);
}

TEST(HedgePolicy, DoublesAtMostOneReadInTwenty) {
  HedgePolicy policy;
  int taken = 0;
  for (int i = 0; i < 2000; ++i) {
    policy.NoteMs(10);
    while (policy.Take()) ++taken;
  }
  EXPECT_GE(taken, 95);
  EXPECT_LE(taken, 106);
}

}  // namespace
}  // namespace elanus::s3
