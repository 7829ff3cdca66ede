// What outlives a process: a disk, a catalog and a clock. All in memory, and it can be put back to
// any moment of its past as a power cut would leave it.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "common/clock.h"
#include "meta/meta_store.h"
#include "storage/fault_file_system.h"
#include "storage/memory_file_system.h"

namespace elanus::engine {

// Threads: any.
class TestClock final : public Clock {
 public:
  uint64_t WallMs() const override { return now_ms_.load(); }
  uint64_t MonotonicNs() const override { return now_ms_.load() * 1'000'000; }
  void Advance(uint64_t ms) { now_ms_ += ms; }

 private:
  std::atomic<uint64_t> now_ms_{1'000'000};
};

// A catalog that remembers when, in terms of the disk's trace, each transaction was committed.
// Threads: any.
class JournalingMetaStore final : public meta::MetaStore {
 public:
  struct Entry {
    size_t stamp = 0;
    meta::Transaction transaction;
  };
  explicit JournalingMetaStore(const storage::FaultFileSystem& files) : files_(files) {}

  absl::StatusOr<std::optional<std::string>> Get(const std::string& key) override;
  absl::StatusOr<std::vector<meta::KeyValue>> Scan(const std::string& prefix) override;
  absl::StatusOr<bool> Commit(const meta::Transaction& transaction) override;

  // So many of the next commits find the disk full.
  void FailCommits(int count) { failing_ = count; }
  std::vector<Entry> journal() const;

 private:
  const storage::FaultFileSystem& files_;
  const std::unique_ptr<meta::MetaStore> store_ = meta::MakeMemoryMetaStore();
  std::atomic<int> failing_{0};
  mutable absl::Mutex mutex_;
  std::vector<Entry> journal_ ABSL_GUARDED_BY(mutex_);
};

class World {
 public:
  World() { files.StartTrace(); }

  // A moment: everything done before it lies below.
  size_t Now() const { return files.trace_size(); }
  // The world as a power cut at that moment leaves it. This one is used up.
  std::unique_ptr<World> CutAt(size_t moment, uint64_t seed);

  storage::MemoryFileSystem memory;
  storage::FaultFileSystem files{memory};
  JournalingMetaStore meta{files};
  TestClock clock;
};

}  // namespace elanus::engine
