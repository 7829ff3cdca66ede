#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/node_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "segment/sealed_segment.h"
#include "storage/delta_file.h"
#include "storage/object_store.h"

namespace elanus::segment {

// The deletes of a collection's delta files, read once for all segments that are being opened and
// found by key: there may be many small segments, and each may be touched by every delete.
//
// Threads: any.
class LoadedDeletes {
 public:
  explicit LoadedDeletes(storage::ObjectStore& store) : store_(store) {}

  // Adds what the file `key` holds, unless delta `id` is there already.
  absl::Status Add(int64_t id, const std::string& key) ABSL_LOCKS_EXCLUDED(mutex_);

  // Hides what the deletes added so far hide. Costs the smaller of the segment's rows and the keys.
  void ApplyTo(SealedSegment& segment) const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  struct Deletion {
    Timestamp at;
    int64_t partition;  // Negative: of any.
  };

  absl::StatusOr<storage::DeltaRows> Read(const std::string& key) const;
  static void Hide(SealedSegment& segment, schema::PrimaryKeyView key,
                   const std::vector<Deletion>& deletes);

  storage::ObjectStore& store_;
  mutable absl::Mutex mutex_;
  absl::node_hash_map<int64_t, storage::DeltaRows> files_ ABSL_GUARDED_BY(mutex_);
  // Keys lie in files_.
  absl::flat_hash_map<schema::PrimaryKeyView, std::vector<Deletion>> by_key_
      ABSL_GUARDED_BY(mutex_);
};

}  // namespace elanus::segment
