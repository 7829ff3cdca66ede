// The nearest of many that are offered in runs, when hundreds are wanted of thousands: a buffer
// that is cut back when it is full, so that an offer is a comparison of a register with the bound.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace elanus::kernels {

// The forms of this CPU; see nearest_set.cc.
struct NearestSetFunctions {
  size_t (*below)(const float* distances, size_t count, float bound, uint32_t first, float* out,
                  uint32_t* positions);
  size_t (*keep_below)(float* distances, uint32_t* positions, size_t count, float bound);
};

// One thread's.
class NearestSet {
 public:
  struct Entry {
    float distance;
    uint32_t position;
  };

  NearestSet();

  // Forgets all; `width` (at least 1) are wanted.
  void Begin(size_t width);
  // Positions first, first + 1, ... at these distances. +infinity is nowhere near.
  void Offer(const float* distances, size_t count, uint32_t first) {
    if (distances_.size() < size_ + count) Reserve(size_ + count);
    size_ += functions_.below(distances, count, bound_, first, distances_.data() + size_,
                              positions_.data() + size_);
    if (size_ > 2 * width_) Cut();
  }
  // The nearest `width`, nearest first, equal ones by position. Ends the set.
  const std::vector<Entry>& Sorted();

 private:
  void Reserve(size_t count);
  void Cut();
  bool CutByPivot();
  void Fill();

  size_t width_ = 1, size_ = 0;
  float bound_ = std::numeric_limits<float>::infinity();  // What is not below it is not wanted.
  std::vector<float> distances_;
  std::vector<uint32_t> positions_;
  std::vector<Entry> entries_, buckets_;
  const NearestSetFunctions functions_;
};

}  // namespace elanus::kernels
