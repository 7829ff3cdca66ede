#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "common/timestamp.h"
#include "kernels/bitset.h"

namespace elanus::segment {

// The rows of one segment that were deleted, as of any timestamp.
//
// A row is hidden from every read at or after the delete. Deletes come in timestamp order while
// writing and in any order while loading; the earliest one of a row counts.
//
// Threads: any.
class DeleteLog {
 public:
  // Hides `row` for reads at or after `at`. Returns false if it was hidden at or before that
  // already.
  bool Add(int64_t row, Timestamp at) ABSL_LOCKS_EXCLUDED(mutex_);

  // Clears the bit of each row hidden at `at`. Rows beyond visible.size() are ignored.
  void Hide(Timestamp at, kernels::Bitset& visible) const ABSL_LOCKS_EXCLUDED(mutex_);

  int64_t size() const ABSL_LOCKS_EXCLUDED(mutex_);

  // All (row, timestamp) pairs, in no order.
  std::vector<std::pair<int64_t, Timestamp>> Entries() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  mutable absl::Mutex mutex_;
  absl::flat_hash_map<int64_t, Timestamp> deleted_at_ ABSL_GUARDED_BY(mutex_);
  // The same rows as bits, for readers newer than every delete, who are nearly all of them.
  std::vector<uint64_t> hidden_ ABSL_GUARDED_BY(mutex_);
  Timestamp newest_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace elanus::segment
