#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace elanus::storage {

// CRC32C (Castagnoli, RFC 3720 appendix B.4) of `data`, continuing from `seed` (0 to begin).
// Uses the CPU's instruction where there is one.
uint32_t Crc32c(std::string_view data, uint32_t seed = 0);

// The same by tables only: what Crc32c is on a CPU without the instruction.
uint32_t Crc32cPortable(std::string_view data, uint32_t seed = 0);

}  // namespace elanus::storage
