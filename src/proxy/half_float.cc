#include "proxy/half_float.h"

#include <bit>
#include <cmath>

namespace elanus::proxy {
namespace {

constexpr float kFloat16Max = 65504.0f;
constexpr float kFloat16Min = 6.1e-5f;  // About the smallest normal number.

// `value` is 0 or within the two bounds; what lies just below the smallest normal becomes it.
uint16_t HalfBits(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  const auto sign = static_cast<uint16_t>(bits >> 16 & 0x8000);
  const uint32_t magnitude = bits & 0x7fffffff;
  if (magnitude == 0) return sign;
  if (magnitude < 0x38800000) return sign | 0x0400;
  // Rebias the exponent by 127 - 15 and round the 13 bits that go to nearest even.
  const uint32_t rebiased = magnitude - 0x38000000;
  return sign | static_cast<uint16_t>((rebiased + 0x0fff + (rebiased >> 13 & 1)) >> 13);
}

uint16_t BFloatBits(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  return static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

}  // namespace

absl::Status ToFloat16(std::span<const float> values, uint16_t* out) {
  for (size_t i = 0; i < values.size(); ++i) {
    const float magnitude = std::abs(values[i]);
    // Written so that NaN fails it.
    if (!(magnitude <= kFloat16Max) || (magnitude != 0 && magnitude < kFloat16Min)) {
      return UserError(ErrorCode::kParameterInvalid,
                       "value out of float16 range, |value| should be 0 or in [6.1e-5, 65504]: {}",
                       values[i]);
    }
    out[i] = HalfBits(values[i]);
  }
  return absl::OkStatus();
}

absl::Status ToBFloat16(std::span<const float> values, uint16_t* out) {
  for (size_t i = 0; i < values.size(); ++i) {
    out[i] = BFloatBits(values[i]);
    // Rounding up the largest float32 values gives infinity as well.
    if (!std::isfinite(values[i]) || (out[i] & 0x7f80) == 0x7f80) {
      return UserError(ErrorCode::kParameterInvalid,
                       "value is not a number or infinity in bfloat16: {}", values[i]);
    }
  }
  return absl::OkStatus();
}

}  // namespace elanus::proxy
