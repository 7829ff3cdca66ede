#include "kernels/half.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/half.cc"
#include "hwy/foreach_target.h"  // Must come before highway.h: includes this file once per target.
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace elanus::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// A pattern is finite if its exponent bits are not all ones. U: uint32_t or uint16_t.
template <typename U>
bool NoExponentFull(const uint8_t* HWY_RESTRICT bytes, size_t count, U exponent) {
  const hn::ScalableTag<U> d;
  const size_t lanes = hn::Lanes(d);
  const auto mask = hn::Set(d, exponent);
  auto bad = hn::Zero(d);
  size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    const auto bits = hn::LoadU(d, reinterpret_cast<const U*>(bytes + i * sizeof(U)));
    bad = hn::Or(bad, hn::VecFromMask(d, hn::Eq(hn::And(bits, mask), mask)));
  }
  if (!hn::AllTrue(d, hn::Eq(bad, hn::Zero(d)))) return false;
  for (; i < count; ++i) {
    U bits;
    __builtin_memcpy(&bits, bytes + i * sizeof(U), sizeof(U));
    if ((bits & exponent) == exponent) return false;
  }
  return true;
}

bool AllFinite32(const uint8_t* bytes, size_t count) {
  return NoExponentFull<uint32_t>(bytes, count, 0x7F800000u);
}
bool AllFinite16(const uint8_t* bytes, size_t count) {
  return NoExponentFull<uint16_t>(bytes, count, uint16_t{0x7C00});
}
bool AllFiniteBf16(const uint8_t* bytes, size_t count) {
  return NoExponentFull<uint16_t>(bytes, count, uint16_t{0x7F80});
}

template <typename T>
HWY_INLINE void Promote(const uint8_t* HWY_RESTRICT from, size_t count, float* HWY_RESTRICT out) {
  const hn::ScalableTag<float> df;
  const hn::Rebind<T, decltype(df)> dh;
  const size_t lanes = hn::Lanes(df);
  size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    const T* at = reinterpret_cast<const T*>(from + i * sizeof(T));
    hn::StoreU(hn::PromoteTo(df, hn::LoadU(dh, at)), df, out + i);
  }
  if (i < count) {
    HWY_ALIGN T rest[HWY_MAX_BYTES / sizeof(float)] = {};
    HWY_ALIGN float wide[HWY_MAX_BYTES / sizeof(float)];
    __builtin_memcpy(rest, from + i * sizeof(T), (count - i) * sizeof(T));
    hn::Store(hn::PromoteTo(df, hn::LoadU(dh, rest)), df, wide);
    __builtin_memcpy(out + i, wide, (count - i) * sizeof(float));
  }
}

void PromoteFloat16(const uint8_t* from, size_t count, float* out) {
  Promote<hwy::float16_t>(from, count, out);
}
void PromoteBFloat16(const uint8_t* from, size_t count, float* out) {
  Promote<hwy::bfloat16_t>(from, count, out);
}

}  // namespace HWY_NAMESPACE
}  // namespace elanus::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace elanus::kernels {

HWY_EXPORT(AllFinite32);
HWY_EXPORT(AllFinite16);
HWY_EXPORT(AllFiniteBf16);
HWY_EXPORT(PromoteFloat16);
HWY_EXPORT(PromoteBFloat16);

float Float16ToFloat(uint16_t half) {
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000u) << 16;
  const uint32_t exponent = (half >> 10) & 31, mantissa = half & 0x3FFu;
  if (exponent == 0) {  // Zero or subnormal: mantissa * 2^-24, exact in float32.
    const float magnitude = static_cast<float>(mantissa) * 0x1p-24f;
    return std::bit_cast<float>(std::bit_cast<uint32_t>(magnitude) | sign);
  }
  if (exponent == 31) return std::bit_cast<float>(sign | 0x7F800000u | (mantissa << 13));
  return std::bit_cast<float>(sign | ((exponent + 112) << 23) | (mantissa << 13));
}

uint16_t FloatToFloat16(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  const uint16_t sign = static_cast<uint16_t>((bits >> 16) & 0x8000u);
  const uint32_t magnitude = bits & 0x7FFFFFFFu;
  if (magnitude > 0x7F800000u) return sign | 0x7E00u;   // NaN stays one.
  if (magnitude >= 0x477FF000u) return sign | 0x7C00u;  // From halfway above 65504: infinity.
  if (magnitude < 0x38800000u) {                        // Below 2^-14: subnormal or zero.
    // Adding 0.5 moves the value to where float32's last bit is 2^-24; the sum rounds to even.
    const float shifted = std::bit_cast<float>(magnitude) + 0.5f;
    return static_cast<uint16_t>(sign | (std::bit_cast<uint32_t>(shifted) - 0x3F000000u));
  }
  const uint32_t rounded = magnitude + 0xFFFu + ((magnitude >> 13) & 1);
  return static_cast<uint16_t>(sign | ((rounded - 0x38000000u) >> 13));
}

uint16_t FloatToBFloat16(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  if ((bits & 0x7FFFFFFFu) > 0x7F800000u) return static_cast<uint16_t>((bits >> 16) | 0x40u);
  return static_cast<uint16_t>((bits + 0x7FFFu + ((bits >> 16) & 1)) >> 16);
}

void HalfToFloat(ElementType type, const void* halves, size_t count, float* out) {
  const auto* bytes = static_cast<const uint8_t*>(halves);
  if (type == ElementType::kFloat16) {
    HWY_DYNAMIC_DISPATCH(PromoteFloat16)(bytes, count, out);
  } else {
    HWY_DYNAMIC_DISPATCH(PromoteBFloat16)(bytes, count, out);
  }
}

bool FloatToHalf(ElementType type, const float* values, size_t count, void* out) {
  const bool is_float16 = type == ElementType::kFloat16;
  const uint16_t exponent = is_float16 ? 0x7C00 : 0x7F80;
  bool fits = true;
  for (size_t i = 0; i < count; ++i) {
    const uint16_t half = is_float16 ? FloatToFloat16(values[i]) : FloatToBFloat16(values[i]);
    std::memcpy(static_cast<uint8_t*>(out) + 2 * i, &half, 2);
    const bool finite = (std::bit_cast<uint32_t>(values[i]) & 0x7F800000u) != 0x7F800000u;
    fits &= !finite || (half & exponent) != exponent;
  }
  return fits;
}

bool AllFinite(ElementType type, const void* values, size_t count) {
  const auto* bytes = static_cast<const uint8_t*>(values);
  switch (type) {
    case ElementType::kFloat32:
      return HWY_DYNAMIC_DISPATCH(AllFinite32)(bytes, count);
    case ElementType::kFloat16:
      return HWY_DYNAMIC_DISPATCH(AllFinite16)(bytes, count);
    case ElementType::kBFloat16:
      return HWY_DYNAMIC_DISPATCH(AllFiniteBf16)(bytes, count);
    case ElementType::kInt8:
    case ElementType::kBinary:
      return true;
  }
  return true;
}

}  // namespace elanus::kernels
#endif  // HWY_ONCE
