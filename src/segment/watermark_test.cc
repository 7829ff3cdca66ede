#include "segment/watermark.h"

#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <random>
#include <thread>
#include <vector>

namespace elanus::segment {
namespace {

struct Times {
  std::atomic<uint64_t> last{100};
  Watermark watermark{[this] { return Timestamp(++last); }};
};

TEST(Watermark, ReadsWithoutWritesGetFreshTimestamps) {
  Times times;
  const Timestamp first = times.watermark.ReadTimestamp();
  EXPECT_GT(first.value(), 100u);
  EXPECT_GT(times.watermark.ReadTimestamp(), first);
}

// A server that has just started, with all rows in files, must not read at time zero because the
// first write is on its way.
TEST(Watermark, TheFirstWriteInFlightHidesNothingOlder) {
  Times times;
  const Timestamp before = times.watermark.ReadTimestamp();
  const Timestamp write = times.watermark.Begin();
  const Timestamp read = times.watermark.ReadTimestamp();
  EXPECT_GE(read, before);
  EXPECT_LT(read, write);
}

TEST(Watermark, AReadSeesEveryAcknowledgedWriteAndNoWriteInFlight) {
  std::mt19937_64 random(7);
  Times times;
  std::deque<Timestamp> in_flight;
  Timestamp acknowledged;
  for (int i = 0; i < 2000; ++i) {
    if (random() % 2 == 0) {
      in_flight.push_back(times.watermark.Begin());
    } else if (!in_flight.empty()) {
      acknowledged = in_flight.front();
      in_flight.pop_front();
      times.watermark.Applied(acknowledged);
    }
    const Timestamp read = times.watermark.ReadTimestamp();
    ASSERT_GE(read, acknowledged);
    if (!in_flight.empty()) {
      ASSERT_LT(read, in_flight.front());
    }
  }
}

TEST(Watermark, AGuaranteeDoesNotWaitForWritesThatBeganLater) {
  Times times;
  const Timestamp guarantee = times.watermark.ReadTimestamp();
  times.watermark.Begin();
  const auto read = times.watermark.WaitFor(guarantee, Cancellation());
  ASSERT_TRUE(read.ok());
  EXPECT_GE(*read, guarantee);
}

TEST(Watermark, AGuaranteeWaitsForWritesThatBeganEarlier) {
  Times times;
  const Timestamp write = times.watermark.Begin();
  const Timestamp guarantee(write.value() + 1);
  times.last = guarantee.value();
  std::atomic<bool> applied{false};
  std::thread reader([&] {
    const auto read = times.watermark.WaitFor(guarantee, Cancellation());
    EXPECT_TRUE(applied.load());
    EXPECT_TRUE(read.ok() && *read >= guarantee);
  });
  applied = true;
  times.watermark.Applied(write);
  reader.join();
}

TEST(Watermark, ACancelledReaderIsToldSo) {
  Times times;
  const Timestamp write = times.watermark.Begin();
  const auto flag = std::make_shared<std::atomic<bool>>(true);
  EXPECT_EQ(CodeOf(times.watermark.WaitFor(write, Cancellation(flag, 0)).status()),
            ErrorCode::kCancelled);
}

TEST(Watermark, WaitAppliedNeedsNoWriteAtThatTime) {
  Times times;
  times.watermark.WaitApplied(kMaxTimestamp);
  const Timestamp write = times.watermark.Begin();
  times.watermark.WaitApplied(Timestamp(write.value() - 1));
  std::thread waiter([&] { times.watermark.WaitApplied(kMaxTimestamp); });
  times.watermark.Applied(write);
  waiter.join();
}

TEST(Watermark, ReadersAndWritersTogetherKeepTheOrder) {
  Times times;
  absl::Mutex order;
  std::atomic<uint64_t> acknowledged{0};
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 2; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 500; ++i) {
        absl::MutexLock lock(&order);
        const Timestamp at = times.watermark.Begin();
        times.watermark.Applied(at);
        acknowledged = at.value();
      }
    });
    threads.emplace_back([&] {
      for (int i = 0; i < 500; ++i) {
        const uint64_t seen = acknowledged.load();
        wrong += times.watermark.ReadTimestamp().value() < seen;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong.load(), 0);
}

}  // namespace
}  // namespace elanus::segment
