// The number that stands for a token in sparse vectors.
#pragma once

#include <cstdint>
#include <string_view>

namespace elanus::text {

// CRC-32 (IEEE) of the first 100 bytes, mod 2^32 - 1.
uint32_t TokenHash(std::string_view token);

}  // namespace elanus::text
