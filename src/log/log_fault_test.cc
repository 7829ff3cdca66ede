// Calls that fail: nothing acknowledged is lost, nothing failed is replayed, and the log goes on.

#include <gtest/gtest.h>

#include "log/log_for_test.h"
#include "storage/crash_states.h"
#include "storage/fault_file_system.h"

namespace elanus::log {
namespace {

using storage::Fault;
using storage::FaultFileSystem;
using storage::FaultKind;
using storage::MemoryFileSystem;

constexpr uint64_t kFileBytes = 400;

std::vector<std::string> Expected(const Journal& journal) {
  std::vector<std::string> texts;
  for (const JournalEntry& entry : journal) {
    if (entry.acknowledged) texts.push_back(entry.text);
  }
  return texts;
}

std::vector<std::string> Texts(const Replayed& replayed) {
  std::vector<std::string> texts;
  for (const auto& [position, text] : replayed.records) texts.push_back(text);
  return texts;
}

struct Outcome {
  uint64_t num_calls = 0;
  uint64_t num_faults = 0;
  uint64_t num_failed = 0;
};

// One life of a log with a fault, then a second one without.
Outcome RunWithFault(const Fault& fault, bool sync) {
  MemoryFileSystem memory;
  FaultFileSystem faults(memory);
  faults.StartTrace();
  LogOptions options = TestOptions(kFileBytes);
  options.sync = sync;
  Journal journal;
  Outcome run;
  {
    const auto log = OpenFileLog(faults, options);
    EXPECT_TRUE(log.ok());
    AppendAll(**log, {"before"}, journal);
    faults.Inject(fault);
    for (int i = 0; i < 10; ++i) {
      AppendAll(**log, {fmt::format("{} {}", i, std::string(40, 'a')), fmt::format("{} b", i)},
                journal);
    }
    run.num_calls = faults.num_calls();
    run.num_faults = faults.num_faults();
    faults.StopFaults();
    // There is room again: no restart is needed.
    AppendAll(**log, {"after 1"}, journal);
    AppendAll(**log, {"after 2"}, journal);
    EXPECT_TRUE(journal[journal.size() - 1].acknowledged);
    EXPECT_TRUE(journal[journal.size() - 2].acknowledged);
  }
  for (const JournalEntry& entry : journal) run.num_failed += entry.failed ? 1 : 0;
  const std::string context = fmt::format("kind {} at {} forever {}", static_cast<int>(fault.kind),
                                          fault.at_call, fault.forever);
  const Replayed replayed = OpenAndReplay(memory, options);
  EXPECT_TRUE(replayed.status.ok()) << replayed.status << " " << context;
  EXPECT_EQ(Texts(replayed), Expected(journal)) << context;
  if (sync) {
    // No acknowledgement came without a sync that worked.
    const auto trace = faults.TakeTrace();
    for (uint64_t seed = 0; seed < 4; ++seed) {
      const auto disk = storage::MakeCrashState(trace, {seed, 512});
      const Replayed after = OpenAndReplay(*disk, options);
      EXPECT_TRUE(after.status.ok()) << after.status << " " << context << " seed " << seed;
      EXPECT_EQ(Texts(after), Expected(journal)) << context << " seed " << seed;
    }
  }
  return run;
}

TEST(LogFaults, LoseNothingAcknowledgedAndReplayNothingFailed) {
  const uint64_t num_calls = RunWithFault({}, true).num_calls;
  uint64_t injections = 0;
  uint64_t num_failed = 0;
  for (const FaultKind kind :
       {FaultKind::kIoError, FaultKind::kNoSpace, FaultKind::kShortWrite, FaultKind::kSyncError}) {
    for (uint64_t at = 1; at <= num_calls; ++at) {
      for (const bool forever : {false, true}) {
        const Outcome run = RunWithFault({at, kind, forever}, true);
        injections += run.num_faults;
        num_failed += run.num_failed;
        if (testing::Test::HasFailure()) return;
      }
    }
  }
  EXPECT_GT(injections, 1000u);
  EXPECT_GT(num_failed, 100u);
}

TEST(LogFaults, LoseNothingARelaxedLogAcknowledgedBeforeTheDiskRanFull) {
  const uint64_t num_calls = RunWithFault({}, false).num_calls;
  for (uint64_t at = 1; at <= num_calls; ++at) {
    for (const bool forever : {false, true}) {
      RunWithFault({at, FaultKind::kNoSpace, forever}, false);
      if (testing::Test::HasFailure()) return;
    }
  }
}

TEST(LogFaults, TellAFullDiskFromABrokenOne) {
  MemoryFileSystem memory;
  FaultFileSystem faults(memory);
  const auto log = OpenFileLog(faults, TestOptions(kFileBytes));
  ASSERT_TRUE(log.ok());
  faults.Inject({1, FaultKind::kNoSpace, true});
  const auto full = (*log)->AppendAndWait("x");
  EXPECT_EQ(CodeOf(full.status()), ErrorCode::kDiskLimitExceeded);
  EXPECT_NE(MessageOf(full.status()).find("no space left"), std::string_view::npos);
  faults.Inject({1, FaultKind::kIoError, true});
  EXPECT_EQ(CodeOf((*log)->AppendAndWait("x").status()), ErrorCode::kIoFailed);
  faults.StopFaults();
  EXPECT_TRUE((*log)->AppendAndWait("x").ok());
}

TEST(LogFaults, LeaveNoPileOfFilesWhileTheDiskIsFull) {
  MemoryFileSystem memory;
  Journal journal;
  {
    const auto log = OpenFileLog(memory, TestOptions(100000));
    AppendAll(**log, {"before"}, journal);
    memory.set_capacity(memory.used_bytes() + 200);
    for (int i = 0; i < 50; ++i) AppendAll(**log, {std::string(1000, 'x')}, journal);
    EXPECT_FALSE(journal.back().acknowledged);
    EXPECT_LE(memory.Paths().size(), 3u);
    AppendAll(**log, {"fits"}, journal);
    EXPECT_TRUE(journal.back().acknowledged);
    memory.set_capacity(UINT64_MAX);
    AppendAll(**log, {std::string(1000, 'y')}, journal);
    EXPECT_TRUE(journal.back().acknowledged);
  }
  EXPECT_EQ(Texts(OpenAndReplay(memory, TestOptions(100000))), Expected(journal));
}

TEST(LogFaults, WhileOpeningAreReportedAndHarmless) {
  MemoryFileSystem memory;
  Journal journal;
  {
    const auto log = OpenFileLog(memory, TestOptions(kFileBytes));
    for (int i = 0; i < 10; ++i) AppendAll(**log, {std::string(60, 'x')}, journal);
  }
  for (uint64_t at = 1; at < 40; ++at) {
    FaultFileSystem faults(memory);
    faults.Inject({at, FaultKind::kIoError, false});
    const Replayed faulty = OpenAndReplay(faults, TestOptions(kFileBytes));
    if (faults.num_faults() == 0) break;
    EXPECT_TRUE(faulty.status.ok() || CodeOf(faulty.status) == ErrorCode::kIoFailed);
    EXPECT_EQ(Texts(OpenAndReplay(memory, TestOptions(kFileBytes))), Expected(journal));
  }
}

TEST(LogFaults, WhileDroppingLeaveAWholeLog) {
  for (uint64_t at = 1; at < 12; ++at) {
    MemoryFileSystem memory;
    FaultFileSystem faults(memory);
    Journal journal;
    {
      const auto log = OpenFileLog(faults, TestOptions(200));
      for (int i = 0; i < 20; ++i) AppendAll(**log, {std::to_string(i)}, journal);
      const Position middle(journal[10].position);
      faults.Inject({at, FaultKind::kIoError, false});
      (*log)->TruncateBelow(middle).IgnoreError();  // Tried again below.
      faults.StopFaults();
      EXPECT_TRUE((*log)->TruncateBelow(middle).ok());
    }
    const Replayed replayed = OpenAndReplay(memory, TestOptions(200), journal[10].position);
    EXPECT_TRUE(replayed.status.ok()) << replayed.status;
    EXPECT_EQ(replayed.records.size(), 10u);
  }
}

}  // namespace
}  // namespace elanus::log
