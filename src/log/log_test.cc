#include "log/log.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/notification.h"
#include "storage/memory_file_system.h"

namespace elanus::log {
namespace {

using Records = std::vector<std::pair<Position, std::string>>;

class LogTest : public testing::Test {
 protected:
  LogOptions Options(uint64_t file_bytes_max = 64 << 20) {
    LogOptions options;
    options.directory = "data/wal";
    options.file_bytes_max = file_bytes_max;
    return options;
  }
  std::unique_ptr<Log> Open(const LogOptions& options) {
    auto log = OpenFileLog(files_, options);
    EXPECT_TRUE(log.ok()) << log.status();
    return std::move(*log);
  }
  static Records ReplayAll(Log& log, Position from = Position(0)) {
    Records records;
    const absl::Status status = log.Replay(from, [&](Position position, std::string_view record) {
      records.emplace_back(position, record);
      return absl::OkStatus();
    });
    EXPECT_TRUE(status.ok()) << status;
    return records;
  }

  storage::MemoryFileSystem files_;
};

TEST_F(LogTest, ReplaysWhatWasAppendedInOrder) {
  Records written;
  {
    const auto log = Open(Options());
    for (const char* text : {"one", "", "three"}) {
      const auto position = log->AppendAndWait(text);
      ASSERT_TRUE(position.ok());
      written.emplace_back(*position, text);
    }
  }
  EXPECT_EQ(ReplayAll(*Open(Options())), written);
}

TEST_F(LogTest, GoesOnBehindWhatItFinds) {
  Records written;
  for (int round = 0; round < 5; ++round) {
    const auto log = Open(Options());
    EXPECT_EQ(ReplayAll(*log), written);
    const std::string text = "round " + std::to_string(round);
    written.emplace_back(*log->AppendAndWait(text), text);
  }
  EXPECT_LT(written[0].first, written[1].first);
}

TEST_F(LogTest, ReplaysFromAPosition) {
  const auto log = Open(Options(256));
  Records written;
  for (int i = 0; i < 50; ++i) {
    const std::string text(i, 'x');
    written.emplace_back(*log->AppendAndWait(text), text);
  }
  for (size_t first = 0; first < written.size(); ++first) {
    const Records expected(written.begin() + first, written.end());
    EXPECT_EQ(ReplayAll(*log, written[first].first), expected);
  }
  EXPECT_TRUE(ReplayAll(*log, log->statistics().end).empty());
}

TEST_F(LogTest, StopsReplayingWhenTheVisitorFails) {
  const auto log = Open(Options());
  ASSERT_TRUE(log->AppendAndWait("a").ok());
  ASSERT_TRUE(log->AppendAndWait("b").ok());
  int visits = 0;
  const absl::Status status = log->Replay(Position(0), [&](Position, std::string_view) {
    ++visits;
    return InternalError(ErrorCode::kInternal, "no more");
  });
  EXPECT_EQ(MessageOf(status), "no more");
  EXPECT_EQ(visits, 1);
}

TEST_F(LogTest, KeepsTheOrderOfEachThreadAndLosesNothing) {
  constexpr int kThreads = 8;
  constexpr int kEach = 300;
  {
    const auto log = Open(Options(4096));
    absl::BlockingCounter pending(kThreads * kEach);
    std::vector<std::thread> threads;
    std::atomic<uint64_t> last{0};
    for (int thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&, thread] {
        for (int i = 0; i < kEach; ++i) {
          log->Append(fmt::format("{} {}", thread, i), [&](absl::StatusOr<Position> position) {
            EXPECT_TRUE(position.ok());
            EXPECT_LT(last.exchange(position->value()), position->value());  // In log order.
            pending.DecrementCount();
          });
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    pending.Wait();
    EXPECT_EQ(log->statistics().appended_records, uint64_t{kThreads * kEach});
  }
  std::vector<int> next(kThreads, 0);
  for (const auto& [position, text] : ReplayAll(*Open(Options()))) {
    const int thread = text[0] - '0';
    EXPECT_EQ(text, fmt::format("{} {}", thread, next[thread]++));
  }
  EXPECT_EQ(next, std::vector<int>(kThreads, kEach));
}

TEST_F(LogTest, WritesWhatGatheredMeanwhileWithOneSync) {
  const auto log = Open(Options());
  absl::Notification first_is_done;
  absl::Notification all_are_queued;
  // The log's thread waits in the first report while the others gather.
  log->Append("first", [&](const absl::StatusOr<Position>&) {
    first_is_done.Notify();
    all_are_queued.WaitForNotification();
  });
  first_is_done.WaitForNotification();
  const uint64_t before = log->statistics().syncs;
  absl::BlockingCounter pending(1000);
  for (int i = 0; i < 1000; ++i) {
    log->Append("x", [&](const absl::StatusOr<Position>&) { pending.DecrementCount(); });
  }
  all_are_queued.Notify();
  pending.Wait();
  EXPECT_EQ(log->statistics().syncs, before + 1);
}

TEST_F(LogTest, RefusesMoreThanTheQueueMayHold) {
  LogOptions options = Options();
  options.queue_bytes_max = 100;
  const auto log = Open(options);
  absl::Notification hold;
  absl::Notification held;
  log->Append("first", [&](const absl::StatusOr<Position>&) {
    held.Notify();
    hold.WaitForNotification();
  });
  held.WaitForNotification();
  absl::BlockingCounter pending(3);
  std::vector<ErrorCode> codes;
  const auto note = [&](const absl::StatusOr<Position>& position) {
    codes.push_back(CodeOf(position.status()));
    pending.DecrementCount();
  };
  log->Append(std::string(90, 'a'), note);
  log->Append(std::string(90, 'b'), note);
  log->Append("c", note);
  hold.Notify();
  pending.Wait();
  EXPECT_EQ(codes,
            (std::vector<ErrorCode>{ErrorCode::kOk, ErrorCode::kTooManyRequests, ErrorCode::kOk}));
}

TEST_F(LogTest, TakesARecordLargerThanFileAndQueueWhenNothingElseWaits) {
  LogOptions options = Options(100);
  options.queue_bytes_max = 100;
  const std::string large(100000, 'L');
  Records written;
  {
    const auto log = Open(options);
    written.emplace_back(*log->AppendAndWait(large), large);
    written.emplace_back(*log->AppendAndWait("small"), "small");
  }
  EXPECT_EQ(ReplayAll(*Open(options)), written);
}

TEST_F(LogTest, DropsWholeFilesBelowAPosition) {
  Records written;
  {
    const auto log = Open(Options(300));
    for (int i = 0; i < 60; ++i) {
      const std::string text = std::to_string(i);
      written.emplace_back(*log->AppendAndWait(text), text);
    }
    const uint64_t before = log->statistics().live_bytes;
    ASSERT_TRUE(log->TruncateBelow(written[40].first).ok());
    EXPECT_LT(log->statistics().live_bytes, before / 2);
    EXPECT_GT(log->statistics().begin, written[20].first);
    EXPECT_LE(log->statistics().begin, written[40].first);
  }
  const auto log = Open(Options(300));
  const Records expected(written.begin() + 40, written.end());
  EXPECT_EQ(ReplayAll(*log, written[40].first), expected);
}

TEST_F(LogTest, NeverForgetsItsEndWhenAllIsDropped) {
  Position end;
  {
    const auto log = Open(Options(200));
    for (int i = 0; i < 30; ++i) ASSERT_TRUE(log->AppendAndWait("some text").ok());
    end = log->statistics().end;
    ASSERT_TRUE(log->TruncateBelow(end).ok());
  }
  const auto log = Open(Options(200));
  EXPECT_TRUE(ReplayAll(*log, end).empty());
  EXPECT_GE(*log->AppendAndWait("next"), end);
}

TEST_F(LogTest, KeepsNoBytesThatNobodyNeeds) {
  LogOptions options = Options();
  options.idle_bytes_max = 1000;
  Position end;
  {
    const auto log = Open(options);
    const Position begin = *log->AppendAndWait("small");
    end = log->statistics().end;
    EXPECT_EQ(EndOfRecord(begin, 5), end);
    ASSERT_TRUE(log->TruncateBelow(end).ok());
    EXPECT_EQ(ReplayAll(*Open(options)).size(), 1u) << "too few bytes for a new file";

    ASSERT_TRUE(log->AppendAndWait(std::string(5000, 'v')).ok());
    ASSERT_TRUE(log->TruncateBelow(end).ok());
    EXPECT_GT(log->statistics().live_bytes, 5000u) << "the second is still needed";
    end = log->statistics().end;
    ASSERT_TRUE(log->TruncateBelow(end).ok());
    EXPECT_LT(log->statistics().live_bytes, 100u);
    EXPECT_EQ(files_.Paths().size(), 1u);
  }
  {
    const auto log = Open(options);
    EXPECT_TRUE(ReplayAll(*log, end).empty());
    EXPECT_GE(*log->AppendAndWait("next"), end);
  }
  const auto log = Open(options);
  ASSERT_EQ(ReplayAll(*log, end).size(), 1u);
  EXPECT_EQ(ReplayAll(*log, end)[0].second, "next");
}

TEST_F(LogTest, DoesNotPileUpFilesWhenReopened) {
  for (int i = 0; i < 20; ++i) Open(Options());
  EXPECT_EQ(files_.Paths().size(), 0u);
  ASSERT_TRUE(Open(Options())->AppendAndWait("x").ok());
  for (int i = 0; i < 20; ++i) Open(Options());
  EXPECT_EQ(files_.Paths().size(), 1u);
}

TEST_F(LogTest, ReportsFilesThatWentMissingBelowACheckpoint) {
  const auto log = Open(Options());
  const absl::Status status =
      log->Replay(Position(4096), [](Position, std::string_view) { return absl::OkStatus(); });
  EXPECT_EQ(CodeOf(status), ErrorCode::kDataIntegrity);
}

TEST_F(LogTest, WritesEverythingBeforeItGoes) {
  {
    const auto log = Open(Options());
    for (int i = 0; i < 500; ++i) {
      log->Append(std::to_string(i), [](const absl::StatusOr<Position>&) {});
    }
  }
  EXPECT_EQ(ReplayAll(*Open(Options())).size(), 500u);
}

TEST_F(LogTest, RelaxedReplaysAllAfterAnOrderlyEnd) {
  LogOptions options = Options(500);
  options.sync = false;
  Records written;
  for (int round = 0; round < 3; ++round) {
    const auto log = Open(options);
    EXPECT_EQ(ReplayAll(*log), written);
    for (int i = 0; i < 40; ++i) {
      const std::string text = std::to_string(i);
      written.emplace_back(*log->AppendAndWait(text), text);
    }
  }
  EXPECT_EQ(ReplayAll(*Open(options)), written);
}

TEST_F(LogTest, RelaxedGoesOnBehindACheckpointItLost) {
  LogOptions options = Options();
  options.sync = false;
  Position lost;
  {
    const auto log = Open(options);
    ASSERT_TRUE(log->AppendAndWait("x").ok());
    lost = Position(log->statistics().end.value() + 1000);
  }
  Position position;
  {
    const auto log = Open(options);
    EXPECT_TRUE(ReplayAll(*log, lost).empty());
    position = *log->AppendAndWait("y");
    EXPECT_GE(position, lost);
  }
  EXPECT_EQ(ReplayAll(*Open(options), lost), (Records{{position, "y"}}));
}

}  // namespace
}  // namespace elanus::log
