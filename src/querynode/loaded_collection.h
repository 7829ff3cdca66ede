// What of one collection is loaded, and how far loading has come.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "common/status.h"
#include "meta/types.h"
#include "roles/query_node.h"
#include "segment/segment_set.h"

namespace elanus::querynode {

// A partition is readable from the end of a load that covered it until it is released. Loading more
// partitions leaves readable what is.
//
// Threads: any.
class LoadedCollection {
 public:
  // What may be read. `version` moves with every load and release.
  struct Readable {
    segment::SegmentSet::Wanted partitions;
    uint64_t version = 0;
  };

  // A load begins: reads of what is not there yet wait until it ends. Returns its number; an older
  // load that ends later is ignored.
  uint64_t Begin(meta::CollectionPtr collection) ABSL_LOCKS_EXCLUDED(mutex_);
  void Progress(uint64_t load, int64_t done, int64_t total) ABSL_LOCKS_EXCLUDED(mutex_);
  // A load that failed may be tried again under its number, and end again.
  void End(uint64_t load, absl::Status status) ABSL_LOCKS_EXCLUDED(mutex_);
  // Whether this load is the last one, and nothing was released since.
  bool IsLast(uint64_t load) const ABSL_LOCKS_EXCLUDED(mutex_);
  void Release() ABSL_LOCKS_EXCLUDED(mutex_);
  void Update(meta::CollectionPtr collection) ABSL_LOCKS_EXCLUDED(mutex_);

  // Of these partitions; of all that is wanted if there are none.
  roles::LoadStatus Status(const std::vector<PartitionId>& partitions) const
      ABSL_LOCKS_EXCLUDED(mutex_);
  meta::CollectionPtr collection() const ABSL_LOCKS_EXCLUDED(mutex_);
  // Waits a while for a load under way until these partitions (none: anything) can be read.
  absl::StatusOr<Readable> WaitReadable(const std::vector<PartitionId>& partitions,
                                        const Cancellation& cancellation)
      ABSL_LOCKS_EXCLUDED(mutex_);
  uint64_t version() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  // OK if there is hope that these become readable.
  absl::Status CheckWanted(const std::vector<PartitionId>& partitions) const
      ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  bool IsReadable(const std::vector<PartitionId>& partitions) const
      ABSL_SHARED_LOCKS_REQUIRED(mutex_);

  mutable absl::Mutex mutex_;
  absl::CondVar ended_;
  meta::CollectionPtr collection_ ABSL_GUARDED_BY(mutex_);
  uint64_t load_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t version_ ABSL_GUARDED_BY(mutex_) = 0;
  segment::SegmentSet::Wanted wanted_ ABSL_GUARDED_BY(mutex_);    // By the last load.
  segment::SegmentSet::Wanted readable_ ABSL_GUARDED_BY(mutex_);  // Part of it.
  int64_t done_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t total_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);
};

segment::SegmentSet::Wanted WantedOf(const meta::LoadSpec& load);

}  // namespace elanus::querynode
