#pragma once

#include <cstdint>

#include "common/strong_id.h"

namespace elanus {

// A hybrid timestamp: milliseconds since the Unix epoch << 18 | counter. Totally ordered; every
// write and every schema change has its own.
using Timestamp = StrongId<struct TimestampTag, uint64_t>;

inline constexpr int kLogicalBits = 18;
inline constexpr Timestamp kMaxTimestamp{UINT64_MAX};

constexpr Timestamp MakeTimestamp(uint64_t physical_ms, uint64_t logical = 0) {
  return Timestamp((physical_ms << kLogicalBits) | logical);
}
constexpr uint64_t PhysicalMs(Timestamp ts) { return ts.value() >> kLogicalBits; }

}  // namespace elanus
