// float16 (IEEE 754 binary16) and bfloat16 as 16-bit patterns, and checks of floating input.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "kernels/element_type.h"

namespace elanus::kernels {

inline float BFloat16ToFloat(uint16_t half) {
  return std::bit_cast<float>(static_cast<uint32_t>(half) << 16);
}
float Float16ToFloat(uint16_t half);

// Nearest, ties to even; too large becomes infinity. The same on every machine.
uint16_t FloatToFloat16(float value);
uint16_t FloatToBFloat16(float value);

// `type` is kFloat16 or kBFloat16; `halves` needs no alignment. For finite patterns: what infinity
// and NaN become depends on the CPU (see AllFinite).
void HalfToFloat(ElementType type, const void* halves, size_t count, float* out);
// False if a finite value became infinite: it does not fit the type.
bool FloatToHalf(ElementType type, const float* values, size_t count, void* out);

// Whether no component is NaN or infinite. Always true for int8 and binary; `count` is ignored for
// those. Needs no alignment.
bool AllFinite(ElementType type, const void* values, size_t count);

}  // namespace elanus::kernels
