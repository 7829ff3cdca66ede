// Ids that are never given twice, over crashes and restarts.
//
// Ids come from ranges that are reserved in the store before the first id of a range is handed out;
// what a process did not use of its range is skipped. The first range of an installation begins at
// the timestamp of its birth, so that ids look like those that clients know (18 digits) and differ
// between installations. Threads: any.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>

#include "common/status.h"
#include "common/timestamp.h"
#include "meta/meta_store.h"

namespace elanus::coord {

class IdAllocator {
 public:
  static absl::StatusOr<std::unique_ptr<IdAllocator>> Open(meta::MetaStore& store, Timestamp now,
                                                           int64_t lease);
  // The first of `count` consecutive ids.
  absl::StatusOr<int64_t> Allocate(int64_t count);
  // Every id of this process is at least this, every id of an earlier one below.
  int64_t first_of_this_process() const { return first_; }
  // The next id to be given.
  int64_t next() const {
    std::lock_guard lock(mutex_);
    return next_;
  }

 private:
  IdAllocator(meta::MetaStore& store, int64_t first, int64_t lease)
      : store_(store), first_(first), lease_(lease), next_(first), bound_(first) {}

  meta::MetaStore& store_;
  const int64_t first_;
  const int64_t lease_;
  mutable std::mutex mutex_;
  int64_t next_;   // By mutex_.
  int64_t bound_;  // By mutex_: ids below it are reserved.
};

}  // namespace elanus::coord
