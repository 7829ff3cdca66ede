// Which of some rows have their bit set: what a filter lets through of a list of neighbours.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/bitset.h"

namespace elanus::kernels {

// Writes those of ids[0 ... count) whose bit is set to `out`, in their order, and returns their
// number. Every id is below bits.size(). `out` has room for count and 16 more; it may not overlap
// ids.
using SelectSetFunction = size_t (*)(BitView bits, const uint32_t* ids, size_t count,
                                     uint32_t* out);

// The fastest form this CPU runs (see LimitSimd).
SelectSetFunction SelectSetOfCpu();

}  // namespace elanus::kernels
