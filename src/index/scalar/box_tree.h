// How the boxes of a scalar index lie in its file: those of the rows, in leaves of neighbours;
// then, level by level, a box around each node of the level below.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "geometry/wkb.h"

namespace elanus::index {

inline constexpr uint64_t kBoxesPerNode = 64;

// A box in four bytes a side, never smaller than what it was made of.
struct NarrowBox {
  float min_x, min_y, max_x, max_y;

  static NarrowBox Around(const geometry::Box& box) {
    return {Down(box.min_x), Down(box.min_y), Up(box.max_x), Up(box.max_y)};
  }
  void Add(const NarrowBox& other) {
    min_x = std::fmin(min_x, other.min_x);
    min_y = std::fmin(min_y, other.min_y);
    max_x = std::fmax(max_x, other.max_x);
    max_y = std::fmax(max_y, other.max_y);
  }
  bool Meets(const geometry::Box& box) const {
    return min_x <= box.max_x && box.min_x <= max_x && min_y <= box.max_y && box.min_y <= max_y;
  }

 private:
  static constexpr float kInfinity = std::numeric_limits<float>::infinity();
  static float Down(double value) {
    if (value > std::numeric_limits<float>::max()) return std::numeric_limits<float>::max();
    if (value < std::numeric_limits<float>::lowest()) return -kInfinity;
    const auto narrow = static_cast<float>(value);
    return narrow > value ? std::nextafter(narrow, -kInfinity) : narrow;
  }
  static float Up(double value) { return -Down(-value); }
};
static_assert(sizeof(NarrowBox) == 16);

// Where the levels of a tree over so many boxes begin, the boxes themselves first; all together.
inline uint64_t BoxLevels(uint64_t num_boxes, std::vector<uint64_t>& begins) {
  begins = {0};
  uint64_t total = num_boxes;
  for (uint64_t level = num_boxes; level > kBoxesPerNode;) {
    level = (level + kBoxesPerNode - 1) / kBoxesPerNode;
    begins.push_back(total);
    total += level;
  }
  return total;
}

}  // namespace elanus::index
