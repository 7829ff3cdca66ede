// Lists of an inverted file that are read as searches want them, the latest of them kept.
#pragma once

#include <list>
#include <memory>
#include <span>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "index/ivf_file.h"
#include "index/ivf_list_codes.h"

namespace elanus::index {

struct IvfListBytes {
  std::vector<uint32_t> rows;
  std::vector<uint8_t> codes;  // The run of the list; empty for a file without codes.

  int64_t bytes() const { return static_cast<int64_t>(rows.size() * 4 + codes.size()); }
};

// Threads: any. Two that miss one list at the same time both read it.
class IvfListCache {
 public:
  // All are borrowed; `codes` null: a file without codes. Keeps up to `bytes_max`.
  IvfListCache(const IvfBlocks& blocks, const IvfListCodes* codes, int64_t bytes_max)
      : blocks_(blocks), codes_(codes), bytes_max_(bytes_max) {}

  using ListPtr = std::shared_ptr<const IvfListBytes>;
  // The lists in the order asked for; those that are not here are read at the same time, each
  // verified, and kDataIntegrity says what is wrong.
  absl::StatusOr<std::vector<ListPtr>> Get(std::span<const uint64_t> lists,
                                           SearchStatistics& statistics)
      ABSL_LOCKS_EXCLUDED(mutex_);

  int64_t bytes() const ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    return bytes_;
  }

 private:
  struct Kept {
    uint64_t list;
    ListPtr bytes;
  };
  absl::StatusOr<std::vector<ListPtr>> ReadLists(std::span<const uint64_t> lists,
                                                 SearchStatistics& statistics) const;
  void Keep(uint64_t list, const ListPtr& bytes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const IvfBlocks& blocks_;
  const IvfListCodes* const codes_;
  const int64_t bytes_max_;
  mutable absl::Mutex mutex_;
  int64_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  std::list<Kept> kept_ ABSL_GUARDED_BY(mutex_);  // Last used first.
  absl::flat_hash_map<uint64_t, std::list<Kept>::iterator> places_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace elanus::index
