#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <utility>

#include "fmt/format.h"

namespace elanus {

// An integer with a meaning of its own: no implicit conversion either way, no arithmetic.
template <typename Tag, typename Int = int64_t>
class StrongId {
 public:
  using ValueType = Int;
  constexpr StrongId() = default;
  constexpr explicit StrongId(Int value) : value_(value) {}
  constexpr Int value() const { return value_; }
  constexpr bool valid() const { return value_ != Int{}; }
  friend constexpr auto operator<=>(StrongId, StrongId) = default;

  template <typename H>
  friend H AbslHashValue(H h, StrongId id) {
    return H::combine(std::move(h), id.value_);
  }

 private:
  Int value_{};
};

using DatabaseId = StrongId<struct DatabaseIdTag>;
using CollectionId = StrongId<struct CollectionIdTag>;
using PartitionId = StrongId<struct PartitionIdTag>;
using FieldId = StrongId<struct FieldIdTag>;
using SegmentId = StrongId<struct SegmentIdTag>;
using IndexId = StrongId<struct IndexIdTag>;
using BuildId = StrongId<struct BuildIdTag>;
using SnapshotId = StrongId<struct SnapshotIdTag>;

}  // namespace elanus

template <typename Tag, typename Int>
struct std::hash<elanus::StrongId<Tag, Int>> {
  size_t operator()(elanus::StrongId<Tag, Int> id) const { return std::hash<Int>()(id.value()); }
};

template <typename Tag, typename Int>
struct fmt::formatter<elanus::StrongId<Tag, Int>> : fmt::formatter<Int> {
  template <typename Context>
  auto format(elanus::StrongId<Tag, Int> id, Context& context) const {
    return fmt::formatter<Int>::format(id.value(), context);
  }
};
