#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

namespace elanus::kernels {

// A hit. `distance` is smaller-is-nearer (see metric.h).
struct Neighbor {
  float distance = 0;
  int64_t row = 0;
  friend bool operator==(const Neighbor&, const Neighbor&) = default;
};

// Nearer first; equal distances by ascending row, so that every search has one answer.
inline bool Nearer(const Neighbor& a, const Neighbor& b) {
  return a.distance != b.distance ? a.distance < b.distance : a.row < b.row;
}

// The k nearest of all that were offered: a heap with the farthest on top. Distances must not be
// NaN.
class TopK {
 public:
  explicit TopK(int64_t k) : k_(k) {
    heap_.reserve(static_cast<size_t>(std::min<int64_t>(k, 1024)));
  }

  // Whether it was kept.
  bool Push(float distance, int64_t row) {
    const Neighbor entry{distance, row};
    if (static_cast<int64_t>(heap_.size()) < k_) {
      heap_.push_back(entry);
      std::push_heap(heap_.begin(), heap_.end(), Nearer);
      return true;
    }
    if (k_ <= 0 || !Nearer(entry, heap_.front())) return false;
    std::pop_heap(heap_.begin(), heap_.end(), Nearer);
    heap_.back() = entry;
    std::push_heap(heap_.begin(), heap_.end(), Nearer);
    return true;
  }

  bool full() const { return static_cast<int64_t>(heap_.size()) >= k_; }
  int64_t size() const { return static_cast<int64_t>(heap_.size()); }
  // Nothing farther than this is kept; +infinity until there are k.
  float bound() const {
    return full() && k_ > 0 ? heap_.front().distance : std::numeric_limits<float>::infinity();
  }

  // Nearest first. Leaves the heap empty.
  std::vector<Neighbor> TakeSorted() {
    std::sort(heap_.begin(), heap_.end(), Nearer);
    return std::exchange(heap_, {});
  }

 private:
  int64_t k_;
  std::vector<Neighbor> heap_;
};

}  // namespace elanus::kernels
