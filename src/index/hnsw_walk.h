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

// Which nodes a walk has seen. Forgetting is free: a new walk takes a new epoch.
class VisitedSet {
 public:
  void Begin(size_t num_nodes) {
    if (epochs_.size() < num_nodes) epochs_.resize(num_nodes, 0);
    if (++epoch_ == 0) {
      std::fill(epochs_.begin(), epochs_.end(), 0);
      epoch_ = 1;
    }
  }
  // True the first time.
  bool Mark(uint32_t node) {
    if (epochs_[node] == epoch_) return false;
    epochs_[node] = epoch_;
    return true;
  }
  size_t memory_bytes() const { return epochs_.capacity() * sizeof(uint16_t); }

 private:
  std::vector<uint16_t> epochs_;
  uint16_t epoch_ = 0;
};

// What a walk needs beside the graph; kept and reused by one thread at a time.
struct WalkScratch {
  VisitedSet visited;
  std::vector<kernels::Neighbor> frontier;  // Heap, nearest on top.
  std::vector<uint32_t> links;              // A copy of a list that may change.
  std::vector<uint32_t> fresh;              // Nodes of a list not seen before,
  std::vector<uint32_t> rows;               // rows of nodes,
  std::vector<float> distances;             // and how far they are.
  std::vector<float> query_buffer;
  std::vector<float> other_buffer;
};

// Scratch space for as many threads as search at once.
class ScratchPool {
 public:
  class Lease {
   public:
    Lease(ScratchPool& pool, std::unique_ptr<WalkScratch> scratch)
        : pool_(pool), scratch_(std::move(scratch)) {}
    ~Lease() { pool_.Return(std::move(scratch_)); }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    WalkScratch& operator*() { return *scratch_; }

   private:
    ScratchPool& pool_;
    std::unique_ptr<WalkScratch> scratch_;
  };

  Lease Take() {
    std::lock_guard lock(mutex_);
    if (free_.empty()) return {*this, std::make_unique<WalkScratch>()};
    auto scratch = std::move(free_.back());
    free_.pop_back();
    return {*this, std::move(scratch)};
  }
  size_t memory_bytes() const {
    std::lock_guard lock(mutex_);
    size_t bytes = 0;
    for (const auto& scratch : free_) bytes += scratch->visited.memory_bytes();
    return bytes;
  }

 private:
  void Return(std::unique_ptr<WalkScratch> scratch) {
    std::lock_guard lock(mutex_);
    free_.push_back(std::move(scratch));
  }

  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<WalkScratch>> free_;  // Guarded by mutex_.
};

struct WalkLimits {
  int64_t ef = 1;
  int64_t distances_max = std::numeric_limits<int64_t>::max();
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
  const int64_t distances_max = limits.distances_max;
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
    if (counts.distances > distances_max) return WalkEnd::kTooLong;
  }
  return WalkEnd::kDone;
}

}  // namespace elanus::index
