// One tier of the cache: which cells are there, within a budget.
//
// Cells are pinned while they are in use; what is not pinned may be evicted. Victims come from the
// owner (collection) that holds most, and within it in the order of S3-FIFO: new cells pass through
// a small queue and only those that are used again reach the main one, so that a scan over cold
// data does not push out what is hot. J. Yang, Y. Zhang, Z. Qiu, Y. Yue, R. Vinayak, "FIFO Queues
// are All You Need for Cache Eviction", SOSP 2023; where we differ: the ghost queue is a mark in
// the cell, and touches within `touch_window_ms` count once.
//
// Threads: any.
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "cache/cell_set.h"
#include "common/clock.h"
#include "common/executor.h"
#include "common/metrics.h"

namespace elanus::cache {

// Cells [begin, end) of a set.
struct CellRange {
  uint32_t begin = 0;
  uint32_t end = 0;
};

// Cells of one set that are wanted at once; ranges ascend and do not touch.
struct Want {
  std::shared_ptr<CellSet> set;
  std::vector<CellRange> ranges;

  static Want All(std::shared_ptr<CellSet> set) {
    const uint32_t count = set->num_cells();
    return {std::move(set), {{0, count}}};
  }
};

// What a request waited for, added up. Threads: one.
struct Waits {
  int64_t hits = 0;  // Cells that were there.
  int64_t misses = 0;
  int64_t bytes_loaded = 0;
  int64_t wait_ns = 0;
  std::vector<std::string> names;  // Of what was not there: at most kNamesMax.

  static constexpr size_t kNamesMax = 16;
  void Add(const Waits& other);
};

// Keeps cells where they are as long as it lives.
class Pins {
 public:
  Pins() = default;
  Pins(Pins&& other) noexcept
      : manager_(std::exchange(other.manager_, nullptr)), held_(std::move(other.held_)) {}
  Pins& operator=(Pins&& other) noexcept;
  ~Pins() { Release(); }
  void Release();

 private:
  friend class CacheManager;
  struct Held {
    Want want;
    bool whole = false;  // Counted in the set instead of its cells.
  };
  CacheManager* manager_ = nullptr;
  std::vector<Held> held_;
};

class CacheManager {
 public:
  struct Options {
    std::string tier;           // "memory", "disk": for metrics and messages.
    std::string budget_key;     // The setting that a refusal names.
    uint64_t bytes_high = 0;    // Never more; reaching it evicts
    uint64_t bytes_low = 0;     // down to this, as far as cells are not in use.
    bool evicts = true;         // False: what does not fit is refused.
    bool evicts_behind = true;  // Maintain() evicts.
    int64_t ttl_ms = 0;         // Cells not used for so long go (Maintain); 0: never.
    int64_t touch_window_ms = 3000;
    int64_t wait_ms = 60'000;  // For room, at most.
  };
  // `io` (borrowed) loads several sets at once; null: the caller does, one by one. `metrics` may be
  // null.
  CacheManager(Options options, const Clock& clock, Executor* io, MetricRegistry* metrics);
  ~CacheManager();

  // Makes the cells resident and keeps them so. Waits for room and for what others are loading; who
  // waits for room holds none of the cells, and must hold no other pins. Errors:
  // - kMemoryLimitExceeded, or kDiskLimitExceeded: more than the budget, or no room in time
  // - those of CellSet::Load, and kCancelled, kDeadlineExceeded
  absl::StatusOr<Pins> Pin(std::vector<Want> wants, const Cancellation& cancellation,
                           Waits* waits = nullptr) ABSL_LOCKS_EXCLUDED(mutex_);
  // The same, but fails at once where there is no room.
  absl::StatusOr<Pins> PinNow(std::vector<Want> wants, const Cancellation& cancellation,
                              Waits* waits = nullptr) ABSL_LOCKS_EXCLUDED(mutex_);

  // The bytes of the cell turned out to be damaged: it is dropped once nobody has pinned it. False
  // if somebody has.
  bool Discard(CellSet& set, uint32_t cell) ABSL_LOCKS_EXCLUDED(mutex_);
  // Drops everything that is not pinned.
  void DropAll() ABSL_LOCKS_EXCLUDED(mutex_);
  // Evicts cells that are not in use, of so many bytes if there are, whatever the budget: what it
  // counts with is not there. Returns how many bytes.
  uint64_t MakeRoom(uint64_t bytes) ABSL_LOCKS_EXCLUDED(mutex_);
  // Evicts what is too old, and down to the low mark. Call now and then.
  void Maintain() ABSL_LOCKS_EXCLUDED(mutex_);

  // What one set has here.
  struct Residency {
    Identity identity;
    uint64_t bytes = 0;  // Resident.
    uint64_t bytes_total = 0;
    uint64_t cells = 0;
    uint64_t cells_total = 0;
    uint64_t pinned = 0;   // Cells in use now.
    uint64_t hot = 0;      // Cells of the main queue: used more than once.
    uint64_t idle_ms = 0;  // Since any of them was used.
  };
  std::vector<Residency> Inspect() const ABSL_LOCKS_EXCLUDED(mutex_);
  uint64_t ResidentBytes(const CellSet& set) const ABSL_LOCKS_EXCLUDED(mutex_);
  uint64_t used_bytes() const ABSL_LOCKS_EXCLUDED(mutex_);
  // What came and went since the start, for each owner that ever had cells here.
  struct Traffic {
    uint64_t loaded_bytes = 0;
    uint64_t evicted_bytes = 0;
  };
  std::map<int64_t, Traffic> traffic() const ABSL_LOCKS_EXCLUDED(mutex_);
  const Options& options() const { return options_; }

 private:
  friend class CellSet;
  friend class Pins;
  using State = CellSet::State;
  using Queue = CellSet::Queue;
  using Ref = CellSet::Ref;

  struct Owner {
    std::list<Ref> small, main;  // Newest first.
    uint64_t small_bytes = 0;
    uint64_t bytes = 0;
    uint64_t evictions = 0;
  };
  struct LoadPlan {
    std::shared_ptr<CellSet> set;
    std::vector<uint32_t> cells;
    uint64_t bytes = 0;
  };
  struct Reserved {
    std::vector<LoadPlan> plans;
    uint64_t bytes_here = 0;  // Of the cells that need no load by this caller.
  };
  // One cell to drop; keeps its set.
  struct Victim {
    std::shared_ptr<CellSet> set;
    uint32_t cell;
  };
  struct KindMetrics {
    std::shared_ptr<Counter> hits, misses, loaded_bytes, evicted_bytes, failures;
    std::shared_ptr<Gauge> resident_bytes;
    std::shared_ptr<Histogram> load_ms;
  };

  absl::StatusOr<Pins> PinWith(std::vector<Want>& wants, int64_t wait_ms,
                               const Cancellation& cancellation, Waits* waits);
  // Pins the cells and says which of them this caller is to load. Waits for room.
  absl::StatusOr<Reserved> Reserve(const std::vector<Want>& wants, int64_t wait_ms,
                                   const Cancellation& cancellation, Pins& pins, Waits* waits)
      ABSL_LOCKS_EXCLUDED(mutex_);
  absl::Status LoadAll(std::vector<LoadPlan>& plans, const Cancellation& cancellation)
      ABSL_LOCKS_EXCLUDED(mutex_);
  absl::Status LoadOne(LoadPlan& plan, const Cancellation& cancellation)
      ABSL_LOCKS_EXCLUDED(mutex_);
  // Waits for the loads of others. False: one of them failed.
  absl::StatusOr<bool> WaitForOthers(const std::vector<Want>& wants,
                                     const Cancellation& cancellation) ABSL_LOCKS_EXCLUDED(mutex_);

  void Add(CellSet& set) ABSL_LOCKS_EXCLUDED(mutex_);
  void Remove(CellSet& set) ABSL_LOCKS_EXCLUDED(mutex_);
  void NoteLeftOver(CellSet& set, std::span<const uint32_t> cells) ABSL_LOCKS_EXCLUDED(mutex_);
  void Unpin(const std::vector<Pins::Held>& held) ABSL_LOCKS_EXCLUDED(mutex_);

  void PinLocked(const std::vector<Want>& wants, Pins& pins) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void UnpinLocked(const std::vector<Pins::Held>& held) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void TouchLocked(CellSet::Cell& cell, uint64_t now_ms) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void EnqueueLocked(CellSet& set, uint32_t cell) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void DequeueLocked(CellSet& set, uint32_t cell) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ChargeLocked(CellSet& set, uint64_t bytes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void RefundLocked(CellSet& set, uint64_t bytes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool IsFreeLocked(const Ref& ref) const ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  // Takes the cell out of its queue, to be dropped. Null if its set is going away by itself.
  std::optional<Victim> TakeLocked(const Ref& ref) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::optional<Ref> NextVictimLocked(Owner& owner) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Cells of `bytes` together, or as many as there are.
  std::vector<Victim> ChooseLocked(uint64_t bytes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void DropVictims(std::vector<Victim> victims) ABSL_LOCKS_EXCLUDED(mutex_);
  KindMetrics* MetricsOf(const CellSet& set) {
    return &metrics_[static_cast<size_t>(set.identity().kind)];
  }
  absl::Status TooLarge(uint64_t bytes, const CellSet& set) const;
  absl::Status NoRoom(uint64_t bytes, const CellSet& set) const ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  ErrorCode limit_code() const;

  const Options options_;
  const Clock& clock_;
  Executor* const io_;
  std::array<KindMetrics, kNumKinds> metrics_;

  mutable absl::Mutex mutex_;
  absl::CondVar changed_;  // Room, states, pins.
  std::map<int64_t, Owner> owners_ ABSL_GUARDED_BY(mutex_);
  std::map<int64_t, Traffic> traffic_ ABSL_GUARDED_BY(mutex_);
  std::set<CellSet*> sets_ ABSL_GUARDED_BY(mutex_);
  uint64_t used_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace elanus::cache
