// The walk over one level of an HNSW graph, shared by building and searching.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "common/cancellation.h"
#include "kernels/top_k.h"

namespace elanus::index {

// Which nodes a walk has seen: a bit a node, so that those of a segment stay in the cache.
class VisitedSet {
 public:
  void Begin(size_t num_nodes) {
    if (num_touched_ > words_.size() / 16) {
      std::fill(words_.begin(), words_.end(), 0);
    } else {
      for (size_t i = 0; i < num_touched_; ++i) words_[touched_[i]] = 0;
    }
    num_touched_ = 0;
    if (words_.size() * 64 >= num_nodes) return;
    words_.resize((num_nodes + 63) / 64, 0);
    touched_.resize(words_.size() + 1);
  }
  bool Seen(uint32_t node) const { return (words_[node >> 6] >> (node & 63) & 1) != 0; }
  // True the first time.
  bool Mark(uint32_t node) {
    uint32_t ignored;
    return MarkAll({&node, 1}, &ignored) == 1;
  }
  // Marks all nodes; `fresh` (room for all) receives those not seen before. Returns their number.
  size_t MarkAll(std::span<const uint32_t> nodes, uint32_t* fresh) {
    uint64_t* const words = words_.data();
    uint32_t* const touched = touched_.data();
    size_t count = 0, num_touched = num_touched_;
    for (const uint32_t node : nodes) {
      const uint64_t word = words[node >> 6], bit = uint64_t{1} << (node & 63);
      touched[num_touched] = node >> 6;
      num_touched += word == 0 ? 1 : 0;
      words[node >> 6] = word | bit;
      fresh[count] = node;
      count += (word & bit) == 0 ? 1 : 0;
    }
    num_touched_ = num_touched;
    return count;
  }
  size_t memory_bytes() const { return words_.capacity() * 8 + touched_.capacity() * 4; }

 private:
  std::vector<uint64_t> words_;
  std::vector<uint32_t> touched_;  // Words that are not zero: the first num_touched_ are they.
  size_t num_touched_ = 0;
};

// What a walk needs beside the graph.
struct WalkScratch {
  VisitedSet visited;
  std::vector<kernels::Neighbor> frontier;  // Heap, nearest on top.
  std::vector<uint32_t> links;              // Gathered from several lists.
  std::vector<uint32_t> unpacked;           // See HnswGraph::Links.
  std::vector<uint32_t> fresh;              // Nodes of a list not seen before,
  std::vector<float> distances;             // and how far they are.
  std::vector<uint32_t> rows;               // Rows of nodes.

  size_t memory_bytes() const { return visited.memory_bytes(); }
};

// Scratch space for as many threads as search at once; kept and reused by one at a time.
template <typename Scratch>
class ScratchPool {
 public:
  class Lease {
   public:
    Lease(ScratchPool& pool, std::unique_ptr<Scratch> scratch)
        : pool_(pool), scratch_(std::move(scratch)) {}
    ~Lease() { pool_.Return(std::move(scratch_)); }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    Scratch& operator*() { return *scratch_; }

   private:
    ScratchPool& pool_;
    std::unique_ptr<Scratch> scratch_;
  };

  Lease Take() {
    std::lock_guard lock(mutex_);
    if (free_.empty()) return {*this, std::make_unique<Scratch>()};
    auto scratch = std::move(free_.back());
    free_.pop_back();
    return {*this, std::move(scratch)};
  }
  size_t memory_bytes() const {
    std::lock_guard lock(mutex_);
    size_t bytes = 0;
    for (const auto& scratch : free_) bytes += scratch->memory_bytes();
    return bytes;
  }

 private:
  void Return(std::unique_ptr<Scratch> scratch) {
    std::lock_guard lock(mutex_);
    free_.push_back(std::move(scratch));
  }

  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<Scratch>> free_;  // Guarded by mutex_.
};

struct WalkLimits {
  int64_t ef = 1;
  double distances_max = std::numeric_limits<double>::infinity();
  const Cancellation* cancellation = nullptr;
};

struct WalkCounts {
  int64_t distances = 0;
  int64_t hops = 0;
};

enum class WalkEnd { kDone, kTooLong, kCancelled };

// Malkov & Yashunin, TPAMI 2020, Algorithm 2, with a condition on what may be found: nodes that are
// not accepted lead on, but are no results.
//
//   seeds    nodes with their distances, all of this level
//   links    links(node) -> span of the node's neighbours at this level, without kNoNode
//   measure  measure(nodes, count, out) writes the distance of the query to each of the nodes
//   accept   accept(node, distance) -> may be a result
//   found    receives the nearest accepted nodes; holds at most limits.ef
//   The caller begins scratch.visited, and may mark nodes in it that the walk must leave out.
template <typename Links, typename Measure, typename Accept>
WalkEnd WalkLevel(std::span<const kernels::Neighbor> seeds, const WalkLimits& limits, Links&& links,
                  Measure&& measure, Accept&& accept, WalkScratch& scratch, kernels::TopK& found,
                  WalkCounts& counts) {
  const auto farther = [](const kernels::Neighbor& a, const kernels::Neighbor& b) {
    return kernels::Nearer(b, a);
  };
  auto& frontier = scratch.frontier;
  frontier.clear();
  for (const kernels::Neighbor& seed : seeds) {
    if (!scratch.visited.Mark(static_cast<uint32_t>(seed.row))) continue;
    frontier.push_back(seed);
    if (accept(static_cast<uint32_t>(seed.row), seed.distance)) found.Push(seed.distance, seed.row);
  }
  std::make_heap(frontier.begin(), frontier.end(), farther);

  while (!frontier.empty()) {
    const kernels::Neighbor nearest = frontier.front();
    if (found.full() && nearest.distance > found.bound()) break;
    std::pop_heap(frontier.begin(), frontier.end(), farther);
    frontier.pop_back();
    if ((++counts.hops & 63) == 0 && limits.cancellation != nullptr &&
        limits.cancellation->cancelled()) {
      return WalkEnd::kCancelled;
    }
    scratch.fresh.clear();
    for (const uint32_t node : links(static_cast<uint32_t>(nearest.row))) {
      if (scratch.visited.Mark(node)) scratch.fresh.push_back(node);
    }
    const size_t count = scratch.fresh.size();
    if (scratch.distances.size() < count) scratch.distances.resize(count);
    measure(scratch.fresh.data(), count, scratch.distances.data());
    counts.distances += static_cast<int64_t>(count);
    for (size_t i = 0; i < count; ++i) {
      const float distance = scratch.distances[i];
      if (found.full() && distance >= found.bound()) continue;
      frontier.push_back({distance, scratch.fresh[i]});
      std::push_heap(frontier.begin(), frontier.end(), farther);
      if (accept(scratch.fresh[i], distance)) found.Push(distance, scratch.fresh[i]);
    }
    if (static_cast<double>(counts.distances) > limits.distances_max) return WalkEnd::kTooLong;
  }
  return WalkEnd::kDone;
}

}  // namespace elanus::index
