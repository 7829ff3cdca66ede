// 16-bit floating point from 32-bit, for clients that send such vectors as float32.
#pragma once

#include <cstdint>
#include <span>

#include "common/status.h"

namespace elanus::proxy {

// IEEE binary16 bits, rounded to nearest even. kParameterInvalid when |v| > 65504, when v is not 0
// and |v| < 6.1e-5, or for NaN: the stored vector would differ grossly from what was meant.
absl::Status ToFloat16(std::span<const float> values, uint16_t* out);

// bfloat16 bits, rounded to nearest even. kParameterInvalid for NaN and infinity.
absl::Status ToBFloat16(std::span<const float> values, uint16_t* out);

}  // namespace elanus::proxy
