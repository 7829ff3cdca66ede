// All segments of one collection that this process holds, growing and sealed, and the deletes that
// are not yet in files.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "schema/collection_schema.h"
#include "segment/growing_segment.h"
#include "segment/sealed_segment.h"

namespace elanus::segment {

// A delete that no file holds yet.
struct PendingDelete {
  schema::PrimaryKey key;
  Timestamp at;
  PartitionId partition;  // -1 = every partition.
  uint64_t position = 0;  // Of its record in the log.
};

// A flushed segment that is searchable although nothing of it was read yet.
struct ColdSegment {
  SegmentId id;
  PartitionId partition;
  int64_t num_rows = 0;
  Timestamp max_timestamp;  // Of its rows.
};

// A reader takes a snapshot: a list of segments in which each row is held by exactly one. A growing
// segment and the sealed one made of it share an id and change places in one step. So do segments
// and those that a compaction made of them: the new ones wait unseen until the last of them is
// here.
//
// Threads: one appender (ApplyInsert, ApplyDelete), any number of readers and loaders.
class SegmentSet {
 public:
  using Snapshot = std::shared_ptr<const std::vector<SegmentPtr>>;

  SegmentSet() : snapshot_(std::make_shared<std::vector<SegmentPtr>>()) {}

  Snapshot snapshot() const ABSL_LOCKS_EXCLUDED(snapshot_mutex_);

  // --- The appender ---
  void AddGrowing(std::shared_ptr<GrowingSegment> segment) ABSL_LOCKS_EXCLUDED(mutex_);
  // Hides rows by key and remembers what the files will need. `remember` is false in replay for
  // what a delta file holds already.
  void ApplyDeletes(const schema::ColumnView& keys, Timestamp at, PartitionId partition,
                    uint64_t position, bool remember) ABSL_LOCKS_EXCLUDED(mutex_);

  // --- Flush ---
  // The pending deletes, oldest first. After they are in a file: ForgetDeletes(how many).
  std::vector<PendingDelete> PendingDeletes() const ABSL_LOCKS_EXCLUDED(mutex_);
  void ForgetDeletes(size_t count) ABSL_LOCKS_EXCLUDED(mutex_);
  size_t num_pending_deletes() const ABSL_LOCKS_EXCLUDED(mutex_);
  // Where the pending delete number `index` (0 = oldest) stands in the log, if there are so many.
  std::optional<uint64_t> PendingPosition(size_t index) const ABSL_LOCKS_EXCLUDED(mutex_);
  std::optional<uint64_t> OldestPendingPosition() const { return PendingPosition(0); }
  // The growing segment was flushed: puts the sealed one in its place, with all its deletes and the
  // last truncation. If the segment is not wanted or not `in_catalog`, the growing one only leaves.
  // True if `flushed` is in the set now.
  bool HandOver(std::shared_ptr<SealedSegment> flushed, const std::function<bool()>& in_catalog)
      ABSL_LOCKS_EXCLUDED(mutex_);
  // The segment was flushed and is not to be searched: takes it out.
  void RemoveGrowing(SegmentId id) ABSL_LOCKS_EXCLUDED(mutex_);

  // --- Load ---
  // Counts ForgetDeletes calls: a loader that read the delta files must see the same number again
  // when it publishes, else new delta files are to be read first.
  uint64_t delete_epoch() const ABSL_LOCKS_EXCLUDED(mutex_);
  enum class Added {
    kYes,           // Or it was there already.
    kDeletesMoved,  // The epoch has moved on: read the new delta files and try again.
    kNotWanted,     // Released, dropped or truncated meanwhile.
  };
  // Puts the sealed segment, which has the deletes of all delta files, in place (of the growing one
  // of the same id, if any), with the pending deletes, the growing segment's and the last
  // truncation added. `in_catalog` says whether the catalog still lists it; it is asked under the
  // lock, so that a drop committed later finds the segment here.
  Added AddSealed(std::shared_ptr<SealedSegment> segment, const std::function<bool()>& in_catalog,
                  uint64_t epoch) ABSL_LOCKS_EXCLUDED(mutex_);
  // Puts a segment in place without opening it: deletes are remembered for it, and AddSealed
  // follows when somebody wants to read it. False: it has to be opened now (its growing segment is
  // here), or it is not wanted. It takes the place of those that it `replaces`, with its `siblings`
  // (see SealedFiles).
  bool AddCold(const ColdSegment& segment, const std::vector<SegmentId>& replaces,
               const std::vector<SegmentId>& siblings, const std::function<bool()>& in_catalog)
      ABSL_LOCKS_EXCLUDED(mutex_);
  // What a reader of these partitions has to open before it takes a snapshot: segments go from here
  // to there, never back.
  std::vector<ColdSegment> Cold(const std::function<bool(PartitionId)>& wanted) const
      ABSL_LOCKS_EXCLUDED(mutex_);
  bool IsCold(SegmentId id) const ABSL_LOCKS_EXCLUDED(mutex_);
  bool has_cold() const ABSL_LOCKS_EXCLUDED(mutex_);
  // The collection was truncated: its rows inserted at or before `at`, all of them applied, are
  // gone. Growing segments in `in_use` stay even without a newer row: one may be on its way.
  void Truncate(Timestamp at, const std::vector<SegmentId>& in_use) ABSL_LOCKS_EXCLUDED(mutex_);
  void RemovePartition(PartitionId partition) ABSL_LOCKS_EXCLUDED(mutex_);
  void Clear() ABSL_LOCKS_EXCLUDED(mutex_);
  std::shared_ptr<SealedSegment> FindSealed(SegmentId id) const ABSL_LOCKS_EXCLUDED(mutex_);

  // --- Compaction ---
  // The rows of `replaced` are in `by` now, all together. They stay until the last of these is
  // added: then they leave in the same step, whether the news or the segments come first.
  void NoteReplaced(const std::vector<SegmentId>& replaced, const std::vector<SegmentId>& by)
      ABSL_LOCKS_EXCLUDED(mutex_);
  // Takes segments out of which no row is left.
  void RemoveEmptied(const std::vector<SegmentId>& ids) ABSL_LOCKS_EXCLUDED(mutex_);

  // What is to be searchable; set by the query node. It decides for a flushed segment.
  struct Wanted {
    bool loaded = false;
    bool all_partitions = false;
    std::vector<PartitionId> partitions;
    bool Covers(PartitionId partition) const;
  };
  // Takes out sealed segments that are no longer covered. Returns the number of this wish.
  uint64_t SetWanted(Wanted wanted) ABSL_LOCKS_EXCLUDED(mutex_);
  Wanted wanted() const ABSL_LOCKS_EXCLUDED(mutex_);
  // Every flushed segment of the collection is in the set: a delete that hits no row here hits none
  // at all and need not be remembered. Only while wish number `wish` is the last one.
  void SetComplete(uint64_t wish) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  void AdmitLocked(std::shared_ptr<SealedSegment> segment) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void NoteReplacesLocked(SegmentId made, const std::vector<SegmentId>& replaces,
                          const std::vector<SegmentId>& siblings)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Of segments that are gone for good nobody waits for more.
  void NoteGoneLocked(SegmentId id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool HasLocked(SegmentId id) const ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  void EraseLocked(SegmentId id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void PublishLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Takes out what has been replaced by segments that are all here, and says which wait.
  void SettleReplacedLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  mutable absl::Mutex mutex_;
  std::map<SegmentId, std::shared_ptr<GrowingSegment>> growing_ ABSL_GUARDED_BY(mutex_);
  std::map<SegmentId, std::shared_ptr<SealedSegment>> sealed_ ABSL_GUARDED_BY(mutex_);
  std::map<SegmentId, ColdSegment> cold_ ABSL_GUARDED_BY(mutex_);
  // Of segments that are here, and of those that came after them: which hold their rows now.
  std::map<SegmentId, std::vector<SegmentId>> replaced_by_ ABSL_GUARDED_BY(mutex_);
  // Are here and get every delete, but what they replace serves yet.
  std::set<SegmentId> waiting_ ABSL_GUARDED_BY(mutex_);
  std::vector<PendingDelete> pending_ ABSL_GUARDED_BY(mutex_);
  uint64_t epoch_ ABSL_GUARDED_BY(mutex_) = 0;
  Timestamp truncated_ ABSL_GUARDED_BY(mutex_);
  Wanted wanted_ ABSL_GUARDED_BY(mutex_);
  uint64_t wish_ ABSL_GUARDED_BY(mutex_) = 0;
  bool complete_ ABSL_GUARDED_BY(mutex_) = false;

  // Of its own, so that a reader never waits for a long list of deletes being applied.
  mutable absl::Mutex snapshot_mutex_ ABSL_ACQUIRED_AFTER(mutex_);
  Snapshot snapshot_ ABSL_GUARDED_BY(snapshot_mutex_);
};

// The sets of all collections. Threads: any.
class SegmentRegistry {
 public:
  std::shared_ptr<SegmentSet> Get(CollectionId collection)
      ABSL_LOCKS_EXCLUDED(mutex_);  // Makes one if needed.
  std::shared_ptr<SegmentSet> Find(CollectionId collection) const ABSL_LOCKS_EXCLUDED(mutex_);
  void Remove(CollectionId collection) ABSL_LOCKS_EXCLUDED(mutex_);
  std::vector<std::pair<CollectionId, std::shared_ptr<SegmentSet>>> All() const
      ABSL_LOCKS_EXCLUDED(mutex_);

  // Who hears of a sealed segment that took its growing one's place, since its index may have been
  // built before that. When SetListener returns, no call of the last listener is under way.
  using Listener = std::function<void(CollectionId, SegmentId)>;
  void SetListener(Listener listener) ABSL_LOCKS_EXCLUDED(listener_mutex_);
  void TellHandedOver(CollectionId collection, SegmentId segment) const
      ABSL_LOCKS_EXCLUDED(listener_mutex_);

 private:
  mutable absl::Mutex mutex_;
  std::map<CollectionId, std::shared_ptr<SegmentSet>> sets_ ABSL_GUARDED_BY(mutex_);

  mutable absl::Mutex listener_mutex_;
  Listener listener_ ABSL_GUARDED_BY(listener_mutex_);
};

}  // namespace elanus::segment
