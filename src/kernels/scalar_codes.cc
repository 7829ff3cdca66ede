#include "kernels/scalar_codes.h"

#define HWY_WANT_AVX3_DL 1
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/scalar_codes.cc"
#include "hwy/foreach_target.h"  // Must come before highway.h: includes this file once per target.
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace elanus::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

constexpr size_t kGroup = 64;

// Lanes of 16 bits: at most half a group for codes of 4 and 8 bits; a quarter for 6.
template <int kBits>
using D16 = hn::CappedTag<int16_t, kBits == 6 ? 16 : 32>;

template <int kBits>
using Sum32 = hn::Vec<hn::RepartitionToWide<D16<kBits>>>;
template <int kBits>
using Codes16 = hn::Vec<D16<kBits>>;

template <int kBits>
HWY_INLINE void Add(Codes16<kBits> codes, const int16_t* HWY_RESTRICT query, Sum32<kBits>& even,
                    Sum32<kBits>& odd) {
  const D16<kBits> d16;
  const hn::RepartitionToWide<D16<kBits>> d32;
  even = hn::ReorderWidenMulAccumulate(d32, codes, hn::LoadU(d16, query), even, odd);
}

// Adds one whole group.
template <int kBits>
HWY_INLINE void AddGroup(const uint8_t* HWY_RESTRICT code, const int16_t* HWY_RESTRICT query,
                         Sum32<kBits>& even, Sum32<kBits>& odd) {
  const D16<kBits> d16;
  const hn::Rebind<uint8_t, D16<kBits>> d8;
  const size_t lanes = hn::Lanes(d16);
  if constexpr (kBits == 8) {
    for (size_t i = 0; i < kGroup; i += lanes) {
      Add<8>(hn::PromoteTo(d16, hn::LoadU(d8, code + i)), query + i, even, odd);
    }
  } else if constexpr (kBits == 4) {
    const auto low = hn::Set(d16, 15);
    for (size_t i = 0; i < kGroup / 2; i += lanes) {
      const auto both = hn::PromoteTo(d16, hn::LoadU(d8, code + i));
      Add<4>(hn::And(both, low), query + i, even, odd);
      Add<4>(hn::ShiftRight<4>(both), query + kGroup / 2 + i, even, odd);
    }
  } else {
    const auto low = hn::Set(d16, 15), two = hn::Set(d16, 0x30);
    constexpr size_t kQuarter = kGroup / 4;
    for (size_t i = 0; i < kQuarter; i += lanes) {
      // Components i, 16 + i, 32 + i, 48 + i: halves of bytes i and 16 + i, quarters of byte i.
      const auto first = hn::PromoteTo(d16, hn::LoadU(d8, code + i));
      const auto second = hn::PromoteTo(d16, hn::LoadU(d8, code + kQuarter + i));
      const auto upper = hn::PromoteTo(d16, hn::LoadU(d8, code + 2 * kQuarter + i));
      const auto add = [&](auto nibble, auto pair, size_t at) HWY_ATTR {
        Add<6>(hn::Or(nibble, hn::And(pair, two)), query + at, even, odd);
      };
      add(hn::And(first, low), hn::ShiftLeft<4>(upper), i);
      add(hn::And(second, low), hn::ShiftLeft<2>(upper), kQuarter + i);
      add(hn::ShiftRight<4>(first), upper, 2 * kQuarter + i);
      add(hn::ShiftRight<4>(second), hn::ShiftRight<2>(upper), 3 * kQuarter + i);
    }
  }
}

// Component i of a group of n.
template <int kBits>
HWY_INLINE int32_t Component(const uint8_t* code, size_t n, size_t i) {
  if (kBits == 8) return code[i];
  const size_t half = (n + 1) / 2, quarter = (n + 3) / 4;
  const int32_t low = i < half ? code[i] & 15 : code[i - half] >> 4;
  if (kBits == 4) return low;
  return low | (code[half + i % quarter] >> (2 * (i / quarter)) & 3) << 4;
}

template <int kBits>
void Dots(const int16_t* HWY_RESTRICT query, size_t dim, const uint8_t* codes, size_t stride,
          const uint32_t* ids, size_t count, int32_t* out) {
  constexpr size_t kAhead = 4, kBytesMax = 512, kLine = 64;
  constexpr size_t kGroupBytes = kGroup * kBits / 8;
  const hn::RepartitionToWide<D16<kBits>> d32;
  const size_t whole = dim / kGroup, rest = dim % kGroup;
  const size_t fetched = HWY_MIN(stride, kBytesMax);
  for (size_t i = 0; i < count; ++i) {
    if (ids != nullptr && i + kAhead < count) {
      const uint8_t* ahead = codes + ids[i + kAhead] * stride;
      for (size_t offset = 0; offset < fetched; offset += kLine) __builtin_prefetch(ahead + offset);
    }
    const uint8_t* code = codes + (ids != nullptr ? ids[i] : i) * stride;
    auto even0 = hn::Zero(d32), odd0 = even0, even1 = even0, odd1 = even0;
    size_t g = 0;
    for (; g + 2 <= whole; g += 2) {
      AddGroup<kBits>(code + g * kGroupBytes, query + g * kGroup, even0, odd0);
      AddGroup<kBits>(code + (g + 1) * kGroupBytes, query + (g + 1) * kGroup, even1, odd1);
    }
    if (g < whole) AddGroup<kBits>(code + g * kGroupBytes, query + g * kGroup, even0, odd0);
    const auto all = hn::Add(hn::Add(even0, odd0), hn::Add(even1, odd1));
    int32_t dot = hn::GetLane(hn::SumOfLanes(d32, all));
    const uint8_t* tail = code + whole * kGroupBytes;
    for (size_t d = 0; d < rest; ++d) {
      dot += Component<kBits>(tail, rest, d) * query[whole * kGroup + d];
    }
    out[i] = dot;
  }
}

void DotsOfBits(const int16_t* query, size_t dim, int bits, const uint8_t* codes, size_t stride,
                const uint32_t* ids, size_t count, int32_t* out) {
  if (bits == 8) return Dots<8>(query, dim, codes, stride, ids, count, out);
  if (bits == 6) return Dots<6>(query, dim, codes, stride, ids, count, out);
  return Dots<4>(query, dim, codes, stride, ids, count, out);
}

}  // namespace HWY_NAMESPACE
}  // namespace elanus::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <algorithm>
#include <cmath>
#include <cstring>

#include "common/check.h"

namespace elanus::kernels {

HWY_EXPORT(DotsOfBits);

namespace {

size_t GroupBytes(size_t n, int bits) {
  if (bits == 8) return n;
  return (n + 1) / 2 + (bits == 6 ? (n + 3) / 4 : 0);
}

// f(begin, size, offset in the code) for each group.
template <typename F>
void ForEachGroup(size_t dim, int bits, F&& f) {
  size_t offset = 0;
  for (size_t begin = 0; begin < dim; begin += kScalarGroup) {
    const size_t n = std::min(kScalarGroup, dim - begin);
    f(begin, n, offset);
    offset += GroupBytes(n, bits);
  }
}

}  // namespace

size_t ScalarCodeBytes(size_t dim, int bits) {
  ELANUS_CHECK(bits == 4 || bits == 6 || bits == 8);
  return dim / kScalarGroup * GroupBytes(kScalarGroup, bits) + GroupBytes(dim % kScalarGroup, bits);
}

void PackScalarCode(const uint8_t* values, size_t dim, int bits, uint8_t* out) {
  std::memset(out, 0, ScalarCodeBytes(dim, bits));
  ForEachGroup(dim, bits, [&](size_t begin, size_t n, size_t offset) {
    uint8_t* to = out + offset;
    const size_t half = (n + 1) / 2, quarter = (n + 3) / 4;
    for (size_t i = 0; i < n; ++i) {
      const uint32_t value = values[begin + i];
      if (bits == 8) {
        to[i] = static_cast<uint8_t>(value);
        continue;
      }
      to[i % half] |= static_cast<uint8_t>((value & 15) << (i < half ? 0 : 4));
      if (bits == 6)
        to[half + i % quarter] |= static_cast<uint8_t>(value >> 4 << 2 * (i / quarter));
    }
  });
}

void UnpackScalarCode(const uint8_t* code, size_t dim, int bits, uint8_t* values) {
  ForEachGroup(dim, bits, [&](size_t begin, size_t n, size_t offset) {
    const uint8_t* from = code + offset;
    const size_t half = (n + 1) / 2, quarter = (n + 3) / 4;
    for (size_t i = 0; i < n; ++i) {
      uint32_t value = bits == 8 ? from[i] : i < half ? from[i] & 15 : from[i - half] >> 4;
      if (bits == 6) value |= (from[half + i % quarter] >> (2 * (i / quarter)) & 3u) << 4;
      values[begin + i] = static_cast<uint8_t>(value);
    }
  });
}

float QuantizeQuery(const float* query, size_t dim, int16_t* out) {
  // |sum of products| <= 255 * sum of |out|, which must stay below 2^31; rounding adds half a unit
  // a component at most.
  double sum = 0, largest = 0;
  for (size_t d = 0; d < dim; ++d) {
    sum += std::abs(query[d]);
    largest = std::max<double>(largest, std::abs(query[d]));
  }
  const double budget = 2147483647.0 / 255 - static_cast<double>(dim);
  double unit = std::max(sum / budget, largest / 32767);
  if (!(unit > 1e-35) || !std::isfinite(unit)) unit = std::isfinite(unit) ? 1e-35 : 1e35;
  const size_t padded = (dim + kScalarGroup - 1) / kScalarGroup * kScalarGroup;
  std::fill(out, out + padded, int16_t{0});
  for (size_t d = 0; d < dim; ++d) {
    const double scaled = std::clamp(query[d] / unit, -32767.0, 32767.0);
    out[d] = static_cast<int16_t>(std::lrint(scaled == scaled ? scaled : 0));
  }
  return static_cast<float>(unit);
}

void ScalarCodeDots(const int16_t* query, size_t dim, int bits, const uint8_t* codes, size_t stride,
                    const uint32_t* ids, size_t count, int32_t* out) {
  HWY_DYNAMIC_DISPATCH(DotsOfBits)(query, dim, bits, codes, stride, ids, count, out);
}

}  // namespace elanus::kernels
#endif  // HWY_ONCE
