// The walk that a graph is built and searched with when nothing is filtered out: all nodes may be
// results, so that one sorted list holds both the results and where to go on from.
#pragma once

#include <cstring>

#include "index/hnsw_file.h"
#include "index/hnsw_walk.h"
#include "kernels/bitset.h"

namespace elanus::index {

// The nearest nodes a walk has seen, nearest first. A sorted array: ef is at most some hundreds, so
// that moving the entries behind costs less than two heaps.
class NodePool {
 public:
  struct Entry {
    float distance;
    uint32_t node_and_done;  // The upper bit: the walk has gone on from it.

    uint32_t node() const { return node_and_done & ~kDone; }
  };

  void Begin(size_t capacity) {
    capacity_ = capacity;
    size_ = cursor_ = 0;
    if (entries_.size() < capacity + 1) entries_.resize(capacity + 1);
  }
  // Whether such a node would be among the nearest.
  bool Wants(float distance) const {
    return size_ < capacity_ || distance < entries_[size_ - 1].distance;
  }
  void Insert(float distance, uint32_t node) {
    if (!Wants(distance)) return;
    Entry* const entries = entries_.data();
    size_t at = 0;
    for (size_t left = size_; left > 0;) {  // Without branches that depend on the distances.
      const size_t half = (left + 1) / 2;
      at += entries[at + half - 1].distance <= distance ? half : 0;
      left -= half;
    }
    std::memmove(entries + at + 1, entries + at, (size_ - at) * sizeof(Entry));
    entries[at] = {distance, node};
    size_ += size_ < capacity_ ? 1 : 0;
    cursor_ = std::min(cursor_, at);
  }
  // The nearest node that the walk has not gone on from; null: there is none.
  const Entry* Next() {
    while (cursor_ < size_ && (entries_[cursor_].node_and_done & kDone) != 0) ++cursor_;
    if (cursor_ == size_) return nullptr;
    entries_[cursor_].node_and_done |= kDone;
    return &entries_[cursor_];
  }
  std::span<const Entry> entries() const { return {entries_.data(), size_}; }
  bool full() const { return size_ == capacity_; }
  // Only for a pool that is not empty: forgets the farthest.
  void DropLast() {
    --size_;
    cursor_ = std::min(cursor_, size_);
  }

 private:
  static constexpr uint32_t kDone = 1u << 31;
  static_assert(kHnswRowsMax < kDone);

  size_t capacity_ = 0;
  size_t size_ = 0;
  size_t cursor_ = 0;  // All before are done.
  std::vector<Entry> entries_;
};

// The nearest nodes that a walk under a filter has seen: as many as it takes to hold `quota`
// allowed ones, or the room there is. Nodes that are not allowed lead on as all others do.
class FilteredPool {
 public:
  // allowed: a bit a node; borrowed for the walk.
  void Begin(size_t capacity, size_t quota, kernels::BitView allowed) {
    pool_.Begin(capacity);
    quota_ = quota;
    num_allowed_ = 0;
    allowed_ = allowed;
  }
  bool Wants(float distance) const {
    return num_allowed_ < quota_ ? pool_.Wants(distance)
                                 : distance < pool_.entries().back().distance;
  }
  void Insert(float distance, uint32_t node) {
    if (!Wants(distance)) return;
    if (pool_.full() && allowed_.Test(pool_.entries().back().node())) --num_allowed_;
    pool_.Insert(distance, node);
    if (!allowed_.Test(node) || ++num_allowed_ < quota_) return;
    // What lies behind the last that counts leads to nothing that counts.
    for (;; pool_.DropLast()) {
      if (!allowed_.Test(pool_.entries().back().node())) continue;
      if (num_allowed_ == quota_) return;
      --num_allowed_;
    }
  }
  const NodePool::Entry* Next() { return pool_.Next(); }
  std::span<const NodePool::Entry> entries() const { return pool_.entries(); }
  size_t num_allowed() const { return num_allowed_; }
  // The allowed ones may be fewer than asked for because there was no room for more.
  bool cramped() const { return pool_.full() && num_allowed_ < quota_; }

 private:
  NodePool pool_;
  size_t quota_ = 0;
  size_t num_allowed_ = 0;  // Of the pool's entries.
  kernels::BitView allowed_;
};

struct NeverGivesUp {
  bool operator()() const { return false; }
};

// Malkov & Yashunin, TPAMI 2020, Algorithm 2.
//
//   pool     begun, with the seeds, which are marked in `visited` too; receives the nearest nodes
//   links    links(node) -> span of the node's neighbours at this level, without kNoNode
//   measure  measure(nodes, count, out) writes the distance of the query to each of the nodes
//   fetch    fetch(node) prefetches the node's links
//   give_up  give_up() -> the walk is not worth going on with; asked every 32 hops
//   A Pool is a NodePool, or has its Next, Wants and Insert.
template <typename Pool, typename Links, typename Measure, typename Fetch,
          typename GiveUp = NeverGivesUp>
WalkEnd WalkPool(Pool& pool, const Cancellation* cancellation, Links&& links, Measure&& measure,
                 Fetch&& fetch, WalkScratch& scratch, WalkCounts& counts, GiveUp&& give_up = {}) {
  while (const NodePool::Entry* nearest = pool.Next()) {
    if ((++counts.hops & 31) == 0) {
      if (cancellation != nullptr && cancellation->cancelled()) return WalkEnd::kCancelled;
      if (give_up()) return WalkEnd::kTooLong;
    }
    const std::span<const uint32_t> neighbours = links(nearest->node());
    if (scratch.fresh.size() < neighbours.size()) scratch.fresh.resize(neighbours.size());
    if (scratch.distances.size() < neighbours.size()) scratch.distances.resize(neighbours.size());
    uint32_t* const fresh = scratch.fresh.data();
    float* const distances = scratch.distances.data();
    const size_t count = scratch.visited.MarkAll(neighbours, fresh);
    measure(fresh, count, distances);
    counts.distances += static_cast<int64_t>(count);
    for (size_t i = 0; i < count; ++i) {
      if (!pool.Wants(distances[i])) continue;
      pool.Insert(distances[i], fresh[i]);
      fetch(fresh[i]);
    }
  }
  return WalkEnd::kDone;
}

}  // namespace elanus::index
