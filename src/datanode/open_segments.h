// Which growing segments take rows, and which wait to be flushed. Bookkeeping only: no I/O, no
// locks.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "common/strong_id.h"
#include "common/timestamp.h"
#include "meta/types.h"
#include "segment/growing_segment.h"

namespace elanus::datanode {

inline constexpr uint64_t kNoPosition = UINT64_MAX;

// A growing segment and what was promised to it.
struct OpenSegment {
  CollectionId collection;
  std::shared_ptr<segment::GrowingSegment> segment;
  int64_t assigned_bytes = 0;
  int64_t assigned_rows = 0;
  Timestamp last_assigned;  // Of its newest write, applied or in flight.
  uint64_t created_ms = 0;
  uint64_t touched_ms = 0;
  // Where in the log its rows begin; known once the first of them is applied.
  std::atomic<uint64_t> first_position{kNoPosition};
  // Its files, once they are written; a flush whose commit failed goes on from there. Under the
  // collection's flush mutex.
  std::optional<meta::Segment> written;
  std::shared_ptr<void> hold;  // Of the ids in the keys of these.
};
using OpenSegmentPtr = std::shared_ptr<OpenSegment>;

// Threads: none; the data node's order mutex guards it.
class OpenSegments {
 public:
  struct Slot {
    CollectionId collection;
    PartitionId partition;
    int32_t shard = 0;
    friend auto operator<=>(const Slot&, const Slot&) = default;
  };

  OpenSegmentPtr FindOpen(const Slot& slot) const;
  void Open(const Slot& slot, OpenSegmentPtr segment);
  // Takes no more rows from now on; waits to be flushed.
  void Seal(const Slot& slot);
  void SealCollection(CollectionId collection);
  // A segment found in the log that must not take new rows.
  void AddSealing(OpenSegmentPtr segment) { sealing_.push_back(std::move(segment)); }
  // Forgets segments that were flushed or dropped.
  void Forget(const std::vector<OpenSegmentPtr>& segments);

  std::vector<OpenSegmentPtr> Sealing(CollectionId collection) const;
  // Bytes of rows that wait to be flushed.
  int64_t SealingBytes() const;
  // Of a collection, open and sealing; all collections if the id is not valid.
  std::vector<OpenSegmentPtr> All(CollectionId collection = {}) const;
  std::vector<std::pair<Slot, OpenSegmentPtr>> Open() const;
  bool empty() const { return open_.empty() && sealing_.empty(); }

 private:
  std::map<Slot, OpenSegmentPtr> open_;
  std::vector<OpenSegmentPtr> sealing_;
};

}  // namespace elanus::datanode
