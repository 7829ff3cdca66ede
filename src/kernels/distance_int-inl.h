// Kernels over int8 and binary rows. Included once per target by distance.cc.
#if defined(ELANUS_KERNELS_DISTANCE_INT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef ELANUS_KERNELS_DISTANCE_INT_INL_H_
#undef ELANUS_KERNELS_DISTANCE_INT_INL_H_
#else
#define ELANUS_KERNELS_DISTANCE_INT_INL_H_
#endif

#include "hwy/highway.h"
#include "kernels/distance.h"
#include "kernels/distance_common-inl.h"

HWY_BEFORE_NAMESPACE();
namespace elanus::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Sums over int8 components, widened to int16 and accumulated in int32. The largest term is
// 255 * 255, so that 32768 components stay below 2^31.
struct IntSums {
  int32_t dot_or_l2;
  int32_t row_norm;
  int32_t query_norm;
};

enum class IntMode { kL2, kDot, kCosine };

#if HWY_TARGET == HWY_SCALAR  // The fallback without vectors lacks widening operations.

template <IntMode kMode>
HWY_INLINE IntSums SumInts(const int8_t* HWY_RESTRICT q, const int8_t* HWY_RESTRICT r, size_t dim) {
  IntSums sums{0, 0, 0};
  for (size_t i = 0; i < dim; ++i) {
    const int32_t a = q[i], b = r[i];
    sums.dot_or_l2 += kMode == IntMode::kL2 ? (a - b) * (a - b) : a * b;
    sums.row_norm += b * b;
    sums.query_norm += a * a;
  }
  return sums;
}

#else

template <IntMode kMode>
HWY_INLINE IntSums SumInts(const int8_t* HWY_RESTRICT q, const int8_t* HWY_RESTRICT r, size_t dim) {
  const hn::ScalableTag<int16_t> d16;
  const hn::Rebind<int8_t, decltype(d16)> d8;
  const hn::RepartitionToWide<decltype(d16)> d32;
  const size_t lanes = hn::Lanes(d16);
  auto sum0 = hn::Zero(d32), sum1 = hn::Zero(d32);
  auto norm0 = hn::Zero(d32), norm1 = hn::Zero(d32);
  auto own0 = hn::Zero(d32), own1 = hn::Zero(d32);
  const auto step = [&](const int8_t* q_at, const int8_t* r_at) HWY_ATTR {
    const auto a = hn::PromoteTo(d16, hn::LoadU(d8, q_at));
    const auto b = hn::PromoteTo(d16, hn::LoadU(d8, r_at));
    if constexpr (kMode == IntMode::kL2) {
      const auto difference = hn::Sub(a, b);
      sum0 = hn::ReorderWidenMulAccumulate(d32, difference, difference, sum0, sum1);
    } else {
      sum0 = hn::ReorderWidenMulAccumulate(d32, a, b, sum0, sum1);
    }
    if constexpr (kMode == IntMode::kCosine) {
      norm0 = hn::ReorderWidenMulAccumulate(d32, b, b, norm0, norm1);
      own0 = hn::ReorderWidenMulAccumulate(d32, a, a, own0, own1);
    }
  };
  size_t i = 0;
  for (; i + lanes <= dim; i += lanes) step(q + i, r + i);
  if (i < dim) {
    HWY_ALIGN int8_t q_rest[HWY_MAX_BYTES / 2] = {};
    HWY_ALIGN int8_t r_rest[HWY_MAX_BYTES / 2] = {};
    __builtin_memcpy(q_rest, q + i, dim - i);
    __builtin_memcpy(r_rest, r + i, dim - i);
    step(q_rest, r_rest);
  }
  const auto total = [&](auto s0, auto s1)
                         HWY_ATTR { return hn::GetLane(hn::SumOfLanes(d32, hn::Add(s0, s1))); };
  return {total(sum0, sum1), total(norm0, norm1), total(own0, own1)};
}

#endif  // HWY_TARGET == HWY_SCALAR

template <IntMode kMode>
struct Int8Kernel {
  using Row = int8_t;
  static constexpr bool kBits = false;
  static HWY_INLINE float One(const QueryVector& query, const int8_t* r, size_t dim) {
    const IntSums sums = SumInts<kMode>(static_cast<const int8_t*>(query.vector), r, dim);
    if constexpr (kMode == IntMode::kL2) return static_cast<float>(sums.dot_or_l2);
    if constexpr (kMode == IntMode::kDot) return -static_cast<float>(sums.dot_or_l2);
    if (sums.query_norm == 0 || sums.row_norm == 0) return 0;
    return static_cast<float>(
        -static_cast<double>(sums.dot_or_l2) /
        __builtin_sqrt(static_cast<double>(sums.query_norm) * static_cast<double>(sums.row_norm)));
  }
};

inline DistanceFunctions Int8Functions(Metric metric) {
  const auto make = [&](auto kernel) {
    using Kernel = decltype(kernel);
    return Functions<Kernel>(ElementType::kInt8, metric, &NoNorm, &PlainTile<Kernel>);
  };
  switch (metric) {
    case Metric::kL2:
      return make(Int8Kernel<IntMode::kL2>{});
    case Metric::kIp:
      return make(Int8Kernel<IntMode::kDot>{});
    case Metric::kCosine:
      return make(Int8Kernel<IntMode::kCosine>{});
    case Metric::kHamming:
    case Metric::kJaccard:
    case Metric::kSubstructure:
    case Metric::kSuperstructure:
    case Metric::kMinHash:
      return {};
  }
  return {};
}

// Bits of one combination of query and row words.
struct XorBits {
  template <class V>
  static HWY_INLINE V Of(V q, V r) {
    return hn::Xor(q, r);
  }
};
struct AndBits {
  template <class V>
  static HWY_INLINE V Of(V q, V r) {
    return hn::And(q, r);
  }
};
struct OrBits {
  template <class V>
  static HWY_INLINE V Of(V q, V r) {
    return hn::Or(q, r);
  }
};
struct OnlyInRow {
  template <class V>
  static HWY_INLINE V Of(V q, V r) {
    return hn::AndNot(q, r);
  }
};
struct OnlyInQuery {
  template <class V>
  static HWY_INLINE V Of(V q, V r) {
    return hn::AndNot(r, q);
  }
};

#if HWY_TARGET == HWY_SCALAR

template <class Bits>
HWY_INLINE uint64_t CountBits(const uint8_t* HWY_RESTRICT q, const uint8_t* HWY_RESTRICT r,
                              size_t num_bytes) {
  const hn::ScalableTag<uint64_t> d64;
  uint64_t count = 0;
  for (size_t i = 0; i < num_bytes; i += 8) {
    uint64_t a = 0, b = 0;
    __builtin_memcpy(&a, q + i, HWY_MIN(size_t{8}, num_bytes - i));
    __builtin_memcpy(&b, r + i, HWY_MIN(size_t{8}, num_bytes - i));
    const auto bits = Bits::Of(hn::Set(d64, a), hn::Set(d64, b));
    count += static_cast<uint64_t>(__builtin_popcountll(hn::GetLane(bits)));
  }
  return count;
}

#else

// Whole blocks of D at a time; returns the bytes consumed.
template <class Bits, class D8>
HWY_INLINE size_t CountBlocks(D8 d8, const uint8_t* HWY_RESTRICT q, const uint8_t* HWY_RESTRICT r,
                              size_t begin, size_t num_bytes, uint64_t& count) {
  const hn::Repartition<uint64_t, D8> d64;
  const size_t lanes = hn::Lanes(d8);
  size_t i = begin;
  if (i + lanes > num_bytes) return i;
  auto sum = hn::Zero(d64);
  for (; i + lanes <= num_bytes; i += lanes) {
    const auto bits = Bits::Of(hn::LoadU(d8, q + i), hn::LoadU(d8, r + i));
    sum = hn::Add(sum, hn::PopulationCount(hn::BitCast(d64, bits)));
  }
  HWY_ALIGN uint64_t parts[HWY_MAX_BYTES / 8];
  hn::Store(sum, d64, parts);
  for (size_t p = 0; p < hn::Lanes(d64); ++p) count += parts[p];
  return i;
}

template <class Bits>
HWY_INLINE uint64_t CountBits(const uint8_t* HWY_RESTRICT q, const uint8_t* HWY_RESTRICT r,
                              size_t num_bytes) {
  const hn::ScalableTag<uint8_t> wide;
  const hn::CappedTag<uint8_t, 16> narrow;
  uint64_t count = 0;
  size_t i = CountBlocks<Bits>(wide, q, r, 0, num_bytes, count);
  i = CountBlocks<Bits>(narrow, q, r, i, num_bytes, count);
  if (i < num_bytes) {
    HWY_ALIGN uint8_t q_rest[16] = {};
    HWY_ALIGN uint8_t r_rest[16] = {};
    __builtin_memcpy(q_rest, q + i, num_bytes - i);
    __builtin_memcpy(r_rest, r + i, num_bytes - i);
    CountBlocks<Bits>(narrow, q_rest, r_rest, 0, 16, count);
  }
  return count;
}

#endif  // HWY_TARGET == HWY_SCALAR

template <Metric kMetric>
struct BinaryKernel {
  using Row = uint8_t;
  static constexpr bool kBits = true;
  static HWY_INLINE float One(const QueryVector& query, const uint8_t* r, size_t dim) {
    const auto* q = static_cast<const uint8_t*>(query.vector);
    const size_t num_bytes = dim / 8;
    if constexpr (kMetric == Metric::kHamming) {
      return static_cast<float>(CountBits<XorBits>(q, r, num_bytes));
    } else if constexpr (kMetric == Metric::kJaccard) {
      const uint64_t either = CountBits<OrBits>(q, r, num_bytes);
      if (either == 0) return 0;
      const uint64_t both = CountBits<AndBits>(q, r, num_bytes);
      return static_cast<float>(either - both) / static_cast<float>(either);
    } else if constexpr (kMetric == Metric::kSubstructure) {
      return CountBits<OnlyInRow>(q, r, num_bytes) == 0 ? 0 : __builtin_inff();
    } else {
      return CountBits<OnlyInQuery>(q, r, num_bytes) == 0 ? 0 : __builtin_inff();
    }
  }
};

// Equal elements of two signatures of `num_bytes`; T: an element.
template <class T>
HWY_INLINE size_t CountEqual(const uint8_t* HWY_RESTRICT q, const uint8_t* HWY_RESTRICT r,
                             size_t num_bytes) {
  const hn::ScalableTag<T> d;
  const hn::Repartition<uint8_t, decltype(d)> d8;
  const size_t step = hn::Lanes(d) * sizeof(T);
  size_t count = 0, i = 0;
#if HWY_TARGET != HWY_SCALAR  // There a vector has one lane, of bytes too.
  for (; i + step <= num_bytes; i += step) {
    const auto a = hn::BitCast(d, hn::LoadU(d8, q + i));
    const auto b = hn::BitCast(d, hn::LoadU(d8, r + i));
    count += hn::CountTrue(d, hn::Eq(a, b));
  }
#endif
  for (; i < num_bytes; i += sizeof(T)) {
    count += __builtin_memcmp(q + i, r + i, sizeof(T)) == 0 ? 1 : 0;
  }
  return count;
}

struct SignatureKernel {
  using Row = uint8_t;
  static constexpr bool kBits = true;
  static HWY_INLINE float One(const QueryVector& query, const uint8_t* r, size_t dim) {
    const auto* q = static_cast<const uint8_t*>(query.vector);
    const SignatureShape& shape = query.signature;
    if (shape.num_bands > 0) return CollidesInABand(shape, q, r, dim) ? -1.0f : __builtin_inff();
    const size_t num_bytes = dim / 8;
    const size_t equal = CountEqualOf(shape.element_bytes, q, r, num_bytes);
    if (equal == 0) return __builtin_inff();
    return -static_cast<float>(equal) / static_cast<float>(num_bytes / shape.element_bytes);
  }

 private:
  static HWY_INLINE bool CollidesInABand(const SignatureShape& shape, const uint8_t* q,
                                         const uint8_t* r, size_t dim) {
    for (uint32_t band = 0; band < shape.num_bands; ++band) {
      const size_t begin = shape.BandBegin(band, dim), end = shape.BandBegin(band + 1, dim);
      if (__builtin_memcmp(q + begin, r + begin, end - begin) == 0) return true;
    }
    return false;
  }
  static HWY_INLINE size_t CountEqualOf(size_t element_bytes, const uint8_t* q, const uint8_t* r,
                                        size_t num_bytes) {
    switch (element_bytes) {
      case 1:
        return CountEqual<uint8_t>(q, r, num_bytes);
      case 2:
        return CountEqual<uint16_t>(q, r, num_bytes);
      case 4:
        return CountEqual<uint32_t>(q, r, num_bytes);
      case 8:
        return CountEqual<uint64_t>(q, r, num_bytes);
      default: {
        size_t count = 0;
        for (size_t i = 0; i + element_bytes <= num_bytes; i += element_bytes) {
          count += __builtin_memcmp(q + i, r + i, element_bytes) == 0 ? 1 : 0;
        }
        return count;
      }
    }
  }
};

inline DistanceFunctions BinaryFunctions(Metric metric) {
  const auto make = [&](auto kernel) {
    using Kernel = decltype(kernel);
    return Functions<Kernel>(ElementType::kBinary, metric, &NoNorm, &PlainTile<Kernel>);
  };
  switch (metric) {
    case Metric::kHamming:
      return make(BinaryKernel<Metric::kHamming>{});
    case Metric::kJaccard:
      return make(BinaryKernel<Metric::kJaccard>{});
    case Metric::kSubstructure:
      return make(BinaryKernel<Metric::kSubstructure>{});
    case Metric::kSuperstructure:
      return make(BinaryKernel<Metric::kSuperstructure>{});
    case Metric::kMinHash:
      return make(SignatureKernel{});
    case Metric::kL2:
    case Metric::kIp:
    case Metric::kCosine:
      return {};
  }
  return {};
}

}  // namespace HWY_NAMESPACE
}  // namespace elanus::kernels
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
