// The power goes at any moment of a seeded life of a log: what was acknowledged is there, in order,
// and the log opens and goes on; also when the power goes again during that.

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <random>
#include <span>

#include "log/log_for_test.h"
#include "storage/crash_states.h"
#include "storage/fault_file_system.h"

namespace elanus::log {
namespace {

using storage::CrashOptions;
using storage::DiskOperation;
using storage::FaultFileSystem;
using storage::MemoryFileSystem;

struct Truncation {
  uint64_t position = 0;
  uint64_t stamp = 0;  // Trace length when it began.
};

struct Life {
  Journal journal;
  std::vector<Truncation> truncations;
  std::vector<DiskOperation> trace;
};

// Batches, drops and restarts by the seed, some sync failing.
Life Live(uint64_t seed) {
  std::mt19937_64 random(seed);
  Life life;
  MemoryFileSystem memory;
  FaultFileSystem faults(memory);
  faults.StartTrace();
  const auto stamp = [&] { return faults.trace_size(); };
  LogOptions options = TestOptions(200 + random() % 3000);
  options.idle_bytes_max = random() % 1500;
  std::unique_ptr<Log> log = *OpenFileLog(faults, options);
  int next = 0;
  for (uint64_t step = 0; step < 12; ++step) {
    if (random() % 6 == 0) faults.Inject({1 + random() % 6, storage::FaultKind::kSyncError, false});
    std::vector<std::string> texts;
    for (uint64_t i = 0; i < 1 + random() % 4; ++i) {
      texts.push_back(fmt::format("{}:{}", next++, std::string(random() % 900, 'v')));
    }
    AppendAll(*log, texts, life.journal, stamp);
    const JournalEntry& some = life.journal[random() % life.journal.size()];
    if (random() % 4 == 0 && some.acknowledged) {
      const Position below =
          random() % 3 == 0 ? log->statistics().end : Position(some.position);
      life.truncations.push_back({below.value(), stamp()});
      log->TruncateBelow(below).IgnoreError();  // A sync in it may fail.
    }
    if (random() % 5 == 0) {
      log.reset();
      faults.StopFaults();
      log = *OpenFileLog(faults, options);
    }
  }
  log.reset();
  life.trace = faults.TakeTrace();
  return life;
}

// What may be gone at that cut, by TruncateBelow.
uint64_t DroppedBelow(const Life& life, size_t cut) {
  uint64_t position = 0;
  for (const Truncation& truncation : life.truncations) {
    if (truncation.stamp < cut) position = std::max(position, truncation.position);
  }
  return position;
}

void Verify(const Life& life, size_t cut, const Replayed& replayed) {
  ASSERT_TRUE(replayed.status.ok()) << replayed.status;
  std::map<std::string, uint64_t> found;
  uint64_t last = 0;
  for (const auto& [position, text] : replayed.records) {
    ASSERT_GT(position, last);
    last = position;
    ASSERT_TRUE(found.emplace(text, position).second) << "twice: " << text.substr(0, 8);
  }
  const uint64_t dropped = DroppedBelow(life, cut);
  size_t known = 0;
  for (const JournalEntry& entry : life.journal) {
    const auto at = found.find(entry.text);
    if (at != found.end()) ++known;
    if (!entry.acknowledged || entry.stamp > cut || entry.position < dropped) continue;
    ASSERT_NE(at, found.end()) << "lost: " << entry.text.substr(0, 8);
    ASSERT_EQ(at->second, entry.position);
  }
  ASSERT_EQ(known, found.size()) << "a record that nobody wrote";
}

// More by ELANUS_POWER_CUT_STATES, for nights.
uint64_t NumStates() {
  const char* value = std::getenv("ELANUS_POWER_CUT_STATES");
  return value == nullptr ? 4000 : std::strtoull(value, nullptr, 10);
}

TEST(LogPowerCut, LosesNothingAcknowledgedInAnyStateOfTheDisk) {
  constexpr uint64_t kStatesOfALife = 200;
  for (uint64_t seed = 0; seed < NumStates() / kStatesOfALife; ++seed) {
    const Life life = Live(seed);
    std::mt19937_64 random(seed);
    for (uint64_t state = 0; state < kStatesOfALife; ++state) {
      const size_t cut = random() % (life.trace.size() + 1);
      const uint64_t sector = random() % 2 == 0 ? 512 : 4096;
      SCOPED_TRACE(
          fmt::format("seed {} state {} cut {} of {}", seed, state, cut, life.trace.size()));
      const CrashOptions options{seed * 1000 + state, sector};
      const auto disk = storage::MakeCrashState({life.trace.data(), cut}, options);
      Verify(life, cut, OpenAndReplay(*disk, TestOptions(700)));
      // What opening did to the disk is no harm either.
      const Replayed again = OpenAndReplay(*disk, TestOptions(700));
      Verify(life, cut, again);
      Journal more;
      AppendAll(**OpenFileLog(*disk, TestOptions(700)), {"more"}, more);
      const Replayed after = OpenAndReplay(*disk, TestOptions(700));
      ASSERT_TRUE(after.status.ok()) << after.status;
      ASSERT_EQ(after.records.size(), again.records.size() + 1);
      if (HasFatalFailure()) return;
    }
  }
}

// Makes a disk as it is found after a first cut the beginning of a second trace.
std::vector<DiskOperation> AsTrace(MemoryFileSystem& disk) {
  std::vector<DiskOperation> trace;
  trace.push_back({DiskOperation::Kind::kMakeDirectory, "data"});
  trace.push_back({DiskOperation::Kind::kMakeDirectory, kTestDirectory});
  for (const std::string& path : disk.Paths()) {
    trace.push_back({DiskOperation::Kind::kCreate, path});
    trace.push_back({DiskOperation::Kind::kWrite, path, "", 0, *disk.Read(path)});
    trace.push_back({DiskOperation::Kind::kSync, path});
  }
  trace.push_back({DiskOperation::Kind::kSyncDirectory, kTestDirectory});
  return trace;
}

// In half of the states the process was only killed first, so that what it had not synced is seen
// by the next one, but may still be lost.
TEST(LogPowerCut, LosesNothingWhenThePowerGoesDuringRecovery) {
  for (uint64_t seed = 0; seed < 15; ++seed) {
    const Life life = Live(seed + 1000);
    std::mt19937_64 random(seed);
    for (uint64_t state = 0; state < 30; ++state) {
      const size_t cut = random() % (life.trace.size() + 1);
      const uint64_t number = seed * 1000 + state;
      SCOPED_TRACE(fmt::format("seed {} state {} cut {}", seed, state, cut));
      const bool only_killed = state % 2 == 0;
      const std::span<const DiskOperation> first(life.trace.data(), cut);
      const auto disk = storage::MakeCrashState(first, {number, 512, only_killed});
      std::vector<DiskOperation> trace = AsTrace(*disk);
      if (only_killed) trace.assign(first.begin(), first.end());
      const size_t before = trace.size();
      FaultFileSystem tracing(*disk);
      tracing.StartTrace();
      Journal more;
      {
        const auto log = OpenFileLog(tracing, TestOptions(700));
        ASSERT_TRUE(log.ok()) << log.status();
        AppendAll(**log, {"more 1", "more 2"}, more, [&] { return before + tracing.trace_size(); });
      }
      for (DiskOperation& operation : tracing.TakeTrace()) trace.push_back(std::move(operation));
      for (uint64_t second = 0; second < 10; ++second) {
        const size_t second_cut = before + random() % (trace.size() - before + 1);
        const auto after =
            storage::MakeCrashState({trace.data(), second_cut}, {number * 10 + second, 512});
        Replayed replayed = OpenAndReplay(*after, TestOptions(700));
        for (const JournalEntry& entry : more) {
          const bool there = std::erase_if(replayed.records, [&](const auto& record) {
                               return record.second == entry.text;
                             }) == 1;
          ASSERT_TRUE(there || entry.stamp > second_cut) << "lost: " << entry.text;
        }
        Verify(life, cut, replayed);
        if (HasFatalFailure()) return;
      }
    }
  }
}

}  // namespace
}  // namespace elanus::log
