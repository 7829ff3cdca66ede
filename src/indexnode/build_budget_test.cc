#include "indexnode/build_budget.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace elanus::indexnode {
namespace {

constexpr int64_t kMb = 1 << 20;

TEST(BuildBudget, RefusesWhatWillNeverFitAndSaysSo) {
  BuildBudget budget(100 * kMb);
  const auto refused = budget.Reserve(101 * kMb, Cancellation(), nullptr);
  EXPECT_EQ(CodeOf(refused.status()), ErrorCode::kParameterTooLarge);
  EXPECT_NE(MessageOf(refused.status()).find("take 101 MB of memory, builds may take 100 MB"),
            std::string::npos)
      << refused.status();
  EXPECT_EQ(budget.reserved(), 0);
}

TEST(BuildBudget, WhoDoesNotFitWaitsAndIsToldWhy) {
  BuildBudget budget(100 * kMb);
  auto first = budget.Reserve(60 * kMb, Cancellation(), nullptr);
  ASSERT_TRUE(first.ok());
  std::atomic<bool> waits{false};
  std::string reason;
  std::thread second([&] {
    const auto reserved = budget.Reserve(50 * kMb, Cancellation(), [&](const std::string& why) {
      reason = why;
      waits = true;
    });
    EXPECT_TRUE(reserved.ok());
    EXPECT_EQ(budget.reserved(), 50 * kMb);
  });
  while (!waits) std::this_thread::yield();
  EXPECT_EQ(budget.reserved(), 60 * kMb);
  { const auto given_back = *std::move(first); }
  second.join();
  EXPECT_EQ(reason, "waiting for memory: it would take 50 MB, other builds hold 60 of 100 MB");
  EXPECT_EQ(budget.reserved(), 0);
}

TEST(BuildBudget, SmallOnesDoNotPassALargeOneThatWaits) {
  BuildBudget budget(100 * kMb);
  auto running = budget.Reserve(60 * kMb, Cancellation(), nullptr);
  std::atomic<int> waiting{0};
  std::atomic<bool> large_done{false};
  const auto count = [&](const std::string&) { ++waiting; };
  std::thread large([&] {
    const auto reserved = budget.Reserve(90 * kMb, Cancellation(), count);
    large_done = true;
  });
  while (waiting < 1) std::this_thread::yield();
  std::thread small([&] {
    const auto reserved = budget.Reserve(20 * kMb, Cancellation(), count);
    EXPECT_TRUE(large_done);
  });
  while (waiting < 2) std::this_thread::yield();
  { const auto given_back = *std::move(running); }
  large.join();
  small.join();
}

TEST(BuildBudget, ACancelledOneLeavesTheLine) {
  BuildBudget budget(100 * kMb);
  auto running = budget.Reserve(60 * kMb, Cancellation(), nullptr);
  auto flag = std::make_shared<std::atomic<bool>>(false);
  std::atomic<bool> waits{false};
  std::thread large([&] {
    const auto reserved =
        budget.Reserve(90 * kMb, Cancellation(flag, 0), [&](const std::string&) { waits = true; });
    EXPECT_EQ(CodeOf(reserved.status()), ErrorCode::kCancelled);
  });
  while (!waits) std::this_thread::yield();
  *flag = true;
  large.join();
  EXPECT_TRUE(budget.Reserve(40 * kMb, Cancellation(), nullptr).ok());
}

}  // namespace
}  // namespace elanus::indexnode
