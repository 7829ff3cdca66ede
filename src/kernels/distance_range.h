#pragma once

#include <cmath>
#include <limits>

namespace elanus::kernels {

// Which distances make a hit: nearest <= distance < farthest. What range search and the pages of
// iterators are made of. Without a bound every distance is one, +infinity too.
struct DistanceRange {
  float nearest = -std::numeric_limits<float>::infinity();
  float farthest = std::numeric_limits<float>::infinity();

  // Exactly this distance.
  static DistanceRange At(float distance) {
    return {distance, std::nextafter(distance, std::numeric_limits<float>::infinity())};
  }
  bool everything() const {
    return nearest == -std::numeric_limits<float>::infinity() &&
           farthest == std::numeric_limits<float>::infinity();
  }
  bool Contains(float distance) const {
    return distance >= nearest &&
           (distance < farthest || farthest == std::numeric_limits<float>::infinity());
  }
};

}  // namespace elanus::kernels
