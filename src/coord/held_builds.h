#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "common/strong_id.h"

namespace elanus::coord {

// Index builds of segments that are likely to be merged soon: while their collection is flushed
// again and again an index of each would be built in vain. Threads: any.
class HeldBuilds {
 public:
  using Build = std::pair<SegmentId, IndexId>;

  // Rests begin anew with each flush of the collection; a build is held for `kRestsMax` at most.
  void NoteFlush(CollectionId collection, uint64_t now_ms);
  void Hold(CollectionId collection, Build build, uint64_t now_ms);
  // Those whose collection was not flushed for `rest_ms`, and those held too long. Their order is
  // that of Hold.
  std::vector<Build> TakeDue(uint64_t rest_ms, uint64_t now_ms);

  static constexpr uint64_t kRestsMax = 6;

 private:
  struct Held {
    Build build;
    uint64_t since_ms = 0;
  };
  struct Collection {
    uint64_t flushed_ms = 0;
    std::vector<Held> builds;
  };
  std::mutex mutex_;
  std::map<CollectionId, Collection> collections_;  // By mutex_; those with builds.
};

}  // namespace elanus::coord
