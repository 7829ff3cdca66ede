// A zone against constants: where all of its values lie. Each question is answered true only if it
// is certain.
#pragma once

#include <string_view>

#include "storage/zone_map.h"

namespace elanus::expr {

// Numbers; T is int64_t or double. Bounds are values that do occur.
template <typename T>
struct NumberBounds {
  T least;
  T greatest;

  bool AllBelow(T value) const { return greatest < value; }
  bool AllAtMost(T value) const { return greatest <= value; }
  bool AllAbove(T value) const { return least > value; }
  bool AllAtLeast(T value) const { return least >= value; }
  bool AllEqual(T value) const { return least == value && greatest == value; }
};

inline NumberBounds<int64_t> IntBounds(const storage::Zone& zone) {
  return {zone.min_int, zone.max_int};
}
inline NumberBounds<double> RealBounds(const storage::Zone& zone) {
  return {zone.min_real, zone.max_real};
}

// Texts: the bounds may be cut to kZoneTextBytes. Of the least value that is still a lower bound;
// values may lie behind the greatest one's prefix, but what they begin with may not.
struct TextBounds {
  std::string_view least;
  std::string_view greatest;
  bool greatest_is_prefix;

  bool AllBelow(std::string_view value) const { return greatest < Comparable(value); }
  bool AllAtMost(std::string_view value) const {
    return greatest_is_prefix ? AllBelow(value) : greatest <= value;
  }
  bool AllAbove(std::string_view value) const { return least > value; }
  bool AllAtLeast(std::string_view value) const { return least >= value; }
  bool AllEqual(std::string_view value) const {
    const bool whole = !greatest_is_prefix && least.size() < storage::kZoneTextBytes;
    return whole && least == value && greatest == value;
  }
  bool AllBeginWith(std::string_view prefix) const {
    return least.starts_with(prefix) && greatest.starts_with(prefix);
  }
  bool NoneBeginsWith(std::string_view prefix) const {
    return AllBelow(prefix) || least.substr(0, prefix.size()) > prefix;
  }

 private:
  std::string_view Comparable(std::string_view value) const {
    return greatest_is_prefix ? value.substr(0, greatest.size()) : value;
  }
};

inline TextBounds TextBoundsOf(const storage::Zone& zone) {
  return {zone.min_text, zone.max_text, zone.max_text_is_prefix};
}

}  // namespace elanus::expr
