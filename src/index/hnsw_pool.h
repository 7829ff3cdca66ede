// The walk that a graph is built and searched with when nothing is filtered out: all nodes may be
// results, so that one sorted list holds both the results and where to go on from.
#pragma once

#include <cstring>

#include "index/hnsw_walk.h"

namespace elanus::index {

// The nearest nodes a walk has seen, nearest first. A sorted array: ef is at most some hundreds, so
// that moving the entries behind costs less than two heaps.
class NodePool {
 public:
  struct Entry {
    float distance;
    uint32_t node;
    uint32_t done;  // The walk has gone on from it.
  };

  void Begin(size_t capacity) {
    capacity_ = capacity;
    size_ = cursor_ = 0;
    if (entries_.size() < capacity + 1) entries_.resize(capacity + 1);
  }
  // Whether it is among the nearest.
  bool Insert(float distance, uint32_t node) {
    if (size_ == capacity_ && !(distance < entries_[size_ - 1].distance)) return false;
    const auto begin = entries_.begin();
    const auto place =
        std::upper_bound(begin, begin + static_cast<std::ptrdiff_t>(size_), distance,
                         [](float value, const Entry& entry) { return value < entry.distance; });
    const auto at = static_cast<size_t>(place - begin);
    std::memmove(&entries_[at] + 1, &entries_[at], (size_ - at) * sizeof(Entry));
    entries_[at] = {distance, node, 0};
    if (size_ < capacity_) ++size_;
    cursor_ = std::min(cursor_, at);
    return true;
  }
  // The nearest node that the walk has not gone on from; null: there is none.
  const Entry* Next() {
    while (cursor_ < size_ && entries_[cursor_].done != 0) ++cursor_;
    if (cursor_ == size_) return nullptr;
    entries_[cursor_].done = 1;
    return &entries_[cursor_];
  }
  std::span<const Entry> entries() const { return {entries_.data(), size_}; }

 private:
  size_t capacity_ = 0;
  size_t size_ = 0;
  size_t cursor_ = 0;  // All before are done.
  std::vector<Entry> entries_;
};

// Malkov & Yashunin, TPAMI 2020, Algorithm 2.
//
//   pool     begun, with the seeds, which are marked in `visited` too; receives the nearest nodes
//   links    links(node) -> span of the node's neighbours at this level, without kNoNode
//   measure  measure(nodes, count, out) writes the distance of the query to each of the nodes
//   fetch    fetch(node) prefetches the node's links
template <typename Links, typename Measure, typename Fetch>
WalkEnd WalkPool(NodePool& pool, const Cancellation* cancellation, Links&& links, Measure&& measure,
                 Fetch&& fetch, WalkScratch& scratch, WalkCounts& counts) {
  while (const NodePool::Entry* nearest = pool.Next()) {
    if ((++counts.hops & 63) == 0 && cancellation != nullptr && cancellation->cancelled()) {
      return WalkEnd::kCancelled;
    }
    const std::span<const uint32_t> neighbours = links(nearest->node);
    if (scratch.fresh.size() < neighbours.size()) {
      scratch.fresh.resize(neighbours.size());
      scratch.distances.resize(neighbours.size());
    }
    size_t count = 0;
    for (const uint32_t node : neighbours) {
      scratch.fresh[count] = node;
      count += scratch.visited.Mark(node);
    }
    measure(scratch.fresh.data(), count, scratch.distances.data());
    counts.distances += static_cast<int64_t>(count);
    for (size_t i = 0; i < count; ++i) {
      if (pool.Insert(scratch.distances[i], scratch.fresh[i])) fetch(scratch.fresh[i]);
    }
  }
  return WalkEnd::kDone;
}

}  // namespace elanus::index
