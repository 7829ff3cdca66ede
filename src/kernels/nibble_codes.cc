#include "kernels/nibble_codes.h"

#include <cstring>

#define HWY_WANT_AVX3_DL 1
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/nibble_codes.cc"
#include "hwy/foreach_target.h"  // Must come before highway.h: includes this file once per target.
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
// Machines of this target have VNNI (Highway checks it), but its list of options lacks it.
#if HWY_TARGET <= HWY_AVX3_DL && HWY_ARCH_X86
#define ELANUS_NIBBLE_VNNI 1
#ifdef __clang__
HWY_AFTER_NAMESPACE();  // Of two lists of options clang takes one: one with both.
HWY_PUSH_ATTRIBUTES(HWY_TARGET_STR ",avx512vnni")
#else
#pragma GCC push_options
#pragma GCC target("avx512vnni")
#endif
#else
#define ELANUS_NIBBLE_VNNI 0
#endif
namespace elanus::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Sums of products of one code with the weights; `half`: bytes between low and high weights.
#if ELANUS_NIBBLE_VNNI

HWY_INLINE __m512i Step(__m512i sum, __m512i code, const int8_t* low, size_t half) {
  const __m512i mask = _mm512_set1_epi8(0x0F);
  sum = _mm512_dpbusd_epi32(sum, _mm512_and_si512(code, mask), _mm512_loadu_si512(low));
  const __m512i high = _mm512_and_si512(_mm512_srli_epi16(code, 4), mask);
  return _mm512_dpbusd_epi32(sum, high, _mm512_loadu_si512(low + half));
}

HWY_INLINE void FourDots(const uint8_t* const codes[4], size_t num_bytes, const int8_t* weights,
                         size_t half, int32_t* out) {
  __m512i s0 = _mm512_setzero_si512(), s1 = s0, s2 = s0, s3 = s0;
  size_t i = 0;
  for (; i + 64 <= num_bytes; i += 64) {
    s0 = Step(s0, _mm512_loadu_si512(codes[0] + i), weights + i, half);
    s1 = Step(s1, _mm512_loadu_si512(codes[1] + i), weights + i, half);
    s2 = Step(s2, _mm512_loadu_si512(codes[2] + i), weights + i, half);
    s3 = Step(s3, _mm512_loadu_si512(codes[3] + i), weights + i, half);
  }
  if (i < num_bytes) {
    const __mmask64 rest = (uint64_t{1} << (num_bytes - i)) - 1;
    s0 = Step(s0, _mm512_maskz_loadu_epi8(rest, codes[0] + i), weights + i, half);
    s1 = Step(s1, _mm512_maskz_loadu_epi8(rest, codes[1] + i), weights + i, half);
    s2 = Step(s2, _mm512_maskz_loadu_epi8(rest, codes[2] + i), weights + i, half);
    s3 = Step(s3, _mm512_maskz_loadu_epi8(rest, codes[3] + i), weights + i, half);
  }
  const auto fold = [](__m512i v) HWY_ATTR {
    return _mm256_add_epi32(_mm512_castsi512_si256(v), _mm512_extracti64x4_epi64(v, 1));
  };
  const __m256i pairs01 = _mm256_hadd_epi32(fold(s0), fold(s1));
  const __m256i pairs23 = _mm256_hadd_epi32(fold(s2), fold(s3));
  const __m256i all = _mm256_hadd_epi32(pairs01, pairs23);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(out),
                   _mm_add_epi32(_mm256_castsi256_si128(all), _mm256_extracti128_si256(all, 1)));
}

#else

#if HWY_TARGET == HWY_SCALAR

HWY_INLINE int32_t OneDot(const uint8_t* code, size_t num_bytes, const int8_t* weights,
                          size_t half) {
  int32_t sum = 0;
  for (size_t i = 0; i < num_bytes; ++i) {
    sum += (code[i] & 15) * weights[i] + (code[i] >> 4) * weights[half + i];
  }
  return sum;
}

#elif HWY_TARGET <= HWY_AVX2 && HWY_ARCH_X86

// A pair of products stays below 2^12 and four of them below 2^15: no saturation.
HWY_INLINE __m256i Step(__m256i sum, __m256i code, __m256i low, __m256i high) {
  const __m256i mask = _mm256_set1_epi8(0x0F);
  const __m256i products = _mm256_add_epi16(
      _mm256_maddubs_epi16(_mm256_and_si256(code, mask), low),
      _mm256_maddubs_epi16(_mm256_and_si256(_mm256_srli_epi16(code, 4), mask), high));
  return _mm256_add_epi32(sum, _mm256_madd_epi16(products, _mm256_set1_epi16(1)));
}

HWY_INLINE int32_t OneDot(const uint8_t* code, size_t num_bytes, const int8_t* weights,
                          size_t half) {
  const auto load = [](const void* from)
                        HWY_ATTR { return _mm256_loadu_si256(static_cast<const __m256i*>(from)); };
  __m256i sum = _mm256_setzero_si256();
  size_t i = 0;
  for (; i + 32 <= num_bytes; i += 32) {
    sum = Step(sum, load(code + i), load(weights + i), load(weights + half + i));
  }
  if (i < num_bytes) {  // One block of 16 bytes; weights go on to a multiple of 64.
    const __m256i last =
        _mm256_zextsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(code + i)));
    sum = Step(sum, last, load(weights + i), load(weights + half + i));
  }
  const __m128i quad = _mm_add_epi32(_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1));
  const __m128i pair = _mm_add_epi32(quad, _mm_shuffle_epi32(quad, 0x4E));
  return _mm_cvtsi128_si32(_mm_add_epi32(pair, _mm_shuffle_epi32(pair, 0xB1)));
}

#else

HWY_INLINE int32_t OneDot(const uint8_t* code, size_t num_bytes, const int8_t* weights,
                          size_t half) {
  const hn::FixedTag<uint8_t, 8> d8;
  const hn::FixedTag<int8_t, 8> i8;
  const hn::FixedTag<int16_t, 8> d16;
  const hn::FixedTag<int32_t, 4> d32;
  auto sum0 = hn::Zero(d32), sum1 = hn::Zero(d32);
  const auto mask = hn::Set(d8, 0x0F);
  for (size_t i = 0; i < num_bytes; i += 8) {
    const auto v = hn::LoadU(d8, code + i);
    const auto low = hn::PromoteTo(d16, hn::And(v, mask));
    const auto high = hn::PromoteTo(d16, hn::ShiftRight<4>(v));
    const auto low_weights = hn::PromoteTo(d16, hn::LoadU(i8, weights + i));
    const auto high_weights = hn::PromoteTo(d16, hn::LoadU(i8, weights + half + i));
    sum0 = hn::ReorderWidenMulAccumulate(d32, low, low_weights, sum0, sum1);
    sum0 = hn::ReorderWidenMulAccumulate(d32, high, high_weights, sum0, sum1);
  }
  return hn::GetLane(hn::SumOfLanes(d32, hn::Add(sum0, sum1)));
}

#endif

HWY_INLINE void FourDots(const uint8_t* const codes[4], size_t num_bytes, const int8_t* weights,
                         size_t half, int32_t* out) {
  for (size_t c = 0; c < 4; ++c) out[c] = OneDot(codes[c], num_bytes, weights, half);
}

#endif

// Codes are fetched two groups of four ahead.
void Distances(const NibbleCodes& codes, const NibbleQuery& query, const uint32_t* ids,
               size_t count, float* out) {
  const size_t num_bytes = NibbleCodeBytes(codes.dim);
  const size_t half = NibbleWeightBytes(codes.dim) / 2;
  const auto fetch = [&](size_t begin) HWY_ATTR {
    for (size_t i = begin; i < HWY_MIN(begin + 4, count); ++i) {
      const uint8_t* code = codes.codes + ids[i] * num_bytes;
      for (size_t at = 0; at < num_bytes; at += 64) __builtin_prefetch(code + at);
      __builtin_prefetch(code + num_bytes - 1);
    }
  };
  fetch(0);
  fetch(4);
  for (size_t i = 0; i < count; i += 4) {
    fetch(i + 8);
    const uint8_t* four[4];
    int32_t dots[4];
    const size_t here = HWY_MIN(size_t{4}, count - i);
    for (size_t c = 0; c < 4; ++c) {
      four[c] = codes.codes + ids[i + HWY_MIN(c, here - 1)] * num_bytes;
    }
    FourDots(four, num_bytes, query.weights, half, dots);
    for (size_t c = 0; c < here; ++c) {
      out[i + c] = query.offset + query.unit * static_cast<float>(dots[c]);
    }
    if (codes.terms != nullptr) {
      for (size_t c = 0; c < here; ++c) out[i + c] += codes.terms[ids[i + c]];
    }
  }
}

int32_t WeightsOf(const uint8_t* code, size_t dim, const int16_t* a, const int16_t* b,
                  int8_t* weights) {
  const size_t num_bytes = NibbleCodeBytes(dim), half = NibbleWeightBytes(dim) / 2;
  int32_t sum = 0;
#if HWY_TARGET == HWY_SCALAR
  for (size_t i = 0; i < 2 * half; ++i) weights[i] = 0;
  for (size_t i = 0; i < num_bytes; ++i) {
    for (const size_t at : {i, half + i}) {
      const int c = at == i ? code[i] & 15 : code[i] >> 4;
      weights[at] = static_cast<int8_t>((a[at] * (2 * c - 15) + b[at] + 128) >> 8);
      sum += weights[at];
    }
  }
#else
  const hn::FixedTag<uint8_t, 8> d8;
  const hn::FixedTag<int8_t, 8> i8;
  const hn::FixedTag<int16_t, 8> d16;
  const hn::FixedTag<int32_t, 4> d32;
  auto sum0 = hn::Zero(d32), sum1 = hn::Zero(d32);
  const auto one = hn::Set(d16, 1);
  const auto put = [&](auto nibbles, size_t at) HWY_ATTR {
    const auto c = hn::PromoteTo(d16, nibbles);
    const auto centred = hn::Sub(hn::Add(c, c), hn::Set(d16, 15));
    const auto scaled = hn::Add(hn::Mul(centred, hn::LoadU(d16, a + at)), hn::LoadU(d16, b + at));
    const auto w = hn::ShiftRight<8>(hn::Add(scaled, hn::Set(d16, 128)));
    hn::StoreU(hn::DemoteTo(i8, w), i8, weights + at);
    sum0 = hn::ReorderWidenMulAccumulate(d32, w, one, sum0, sum1);
  };
  for (size_t i = 0; i < num_bytes; i += 8) {
    const auto v = hn::LoadU(d8, code + i);
    put(hn::And(v, hn::Set(d8, 0x0F)), i);
    put(hn::ShiftRight<4>(v), half + i);
  }
  for (size_t i = num_bytes; i < half; ++i) weights[i] = weights[half + i] = 0;
  sum = hn::GetLane(hn::SumOfLanes(d32, hn::Add(sum0, sum1)));
#endif
  return sum;
}

// Sums of products of kQueries queries with kGroups groups of 16 codes.
//   sums  (kQueries, kGroups, 16)
#if ELANUS_NIBBLE_VNNI

template <size_t kQueries, size_t kGroups>
HWY_INLINE void TileDots(const NibbleQuery* queries, const uint8_t* packed, size_t num_bytes,
                         size_t half, int32_t* sums) {
  const __m512i mask = _mm512_set1_epi8(0x0F);
  __m512i acc[kQueries][kGroups];
  for (size_t q = 0; q < kQueries; ++q) {
    for (size_t g = 0; g < kGroups; ++g) acc[q][g] = _mm512_setzero_si512();
  }
  const auto weights = [&](size_t q, size_t at) HWY_ATTR {
    int32_t four;
    __builtin_memcpy(&four, queries[q].weights + at, 4);
    return _mm512_set1_epi32(four);
  };
  for (size_t i = 0; i < num_bytes; i += 4) {
    __m512i low[kGroups], high[kGroups];
    for (size_t g = 0; g < kGroups; ++g) {
      const __m512i v = _mm512_loadu_si512(packed + (g * num_bytes + i) * kNibbleGroup);
      low[g] = _mm512_and_si512(v, mask);
      high[g] = _mm512_and_si512(_mm512_srli_epi16(v, 4), mask);
    }
    for (size_t q = 0; q < kQueries; ++q) {
      const __m512i w = weights(q, i);
      for (size_t g = 0; g < kGroups; ++g) acc[q][g] = _mm512_dpbusd_epi32(acc[q][g], low[g], w);
    }
    for (size_t q = 0; q < kQueries; ++q) {
      const __m512i w = weights(q, half + i);
      for (size_t g = 0; g < kGroups; ++g) acc[q][g] = _mm512_dpbusd_epi32(acc[q][g], high[g], w);
    }
  }
  for (size_t q = 0; q < kQueries; ++q) {
    for (size_t g = 0; g < kGroups; ++g) {
      _mm512_storeu_si512(sums + (q * kGroups + g) * kNibbleGroup, acc[q][g]);
    }
  }
}

#elif HWY_TARGET != HWY_SCALAR && HWY_TARGET <= HWY_AVX2 && HWY_ARCH_X86

template <size_t kQueries, size_t kGroups>
HWY_INLINE void TileDots(const NibbleQuery* queries, const uint8_t* packed, size_t num_bytes,
                         size_t half, int32_t* sums) {
  for (size_t g = 0; g < 2 * kGroups; ++g) {  // Halves of groups.
    __m256i acc[kQueries];
    for (size_t q = 0; q < kQueries; ++q) acc[q] = _mm256_setzero_si256();
    const uint8_t* codes = packed + g / 2 * num_bytes * kNibbleGroup + g % 2 * 32;
    for (size_t i = 0; i < num_bytes; i += 4) {
      const __m256i v =
          _mm256_loadu_si256(reinterpret_cast<const __m256i*>(codes + i * kNibbleGroup));
      for (size_t q = 0; q < kQueries; ++q) {
        int32_t low, high;
        __builtin_memcpy(&low, queries[q].weights + i, 4);
        __builtin_memcpy(&high, queries[q].weights + half + i, 4);
        acc[q] = Step(acc[q], v, _mm256_set1_epi32(low), _mm256_set1_epi32(high));
      }
    }
    for (size_t q = 0; q < kQueries; ++q) {
      _mm256_storeu_si256(
          reinterpret_cast<__m256i*>(sums + (q * kGroups + g / 2) * kNibbleGroup + g % 2 * 8),
          acc[q]);
    }
  }
}

#else

template <size_t kQueries, size_t kGroups>
HWY_INLINE void TileDots(const NibbleQuery* queries, const uint8_t* packed, size_t num_bytes,
                         size_t half, int32_t* sums) {
  for (size_t i = 0; i < kQueries * kGroups * kNibbleGroup; ++i) sums[i] = 0;
  for (size_t q = 0; q < kQueries; ++q) {
    const int8_t* w = queries[q].weights;
    for (size_t g = 0; g < kGroups; ++g) {
      int32_t* to = sums + (q * kGroups + g) * kNibbleGroup;
      const uint8_t* codes = packed + g * num_bytes * kNibbleGroup;
      for (size_t i = 0; i < num_bytes; ++i) {
        for (size_t j = 0; j < kNibbleGroup; ++j) {
          const uint8_t v = codes[(i / 4 * kNibbleGroup + j) * 4 + i % 4];
          to[j] += (v & 15) * w[i] + (v >> 4) * w[half + i];
        }
      }
    }
  }
}

#endif

template <size_t kQueries, size_t kGroups>
HWY_INLINE void TilePart(const NibbleQuery* queries, const uint8_t* packed, size_t dim,
                         const float* terms, float* out, size_t stride) {
  HWY_ALIGN int32_t sums[kQueries * kGroups * kNibbleGroup];
  TileDots<kQueries, kGroups>(queries, packed, NibbleCodeBytes(dim), NibbleWeightBytes(dim) / 2,
                              sums);
  for (size_t q = 0; q < kQueries; ++q) {
    for (size_t i = 0; i < kGroups * kNibbleGroup; ++i) {
      float distance = queries[q].offset +
                       queries[q].unit * static_cast<float>(sums[q * kGroups * kNibbleGroup + i]);
      if (terms != nullptr) distance += terms[i];
      out[q * stride + i] = distance;
    }
  }
}

constexpr size_t kTileQueries = 10;

template <size_t kQueries>
void TileRow(const NibbleQuery* queries, const uint8_t* packed, size_t num_groups, size_t dim,
             const float* terms, float* out, size_t stride) {
  const size_t group_bytes = NibbleCodeBytes(dim) * kNibbleGroup;
  size_t g = 0;
  for (; g + 2 <= num_groups; g += 2) {
    TilePart<kQueries, 2>(queries, packed + g * group_bytes, dim,
                          terms == nullptr ? nullptr : terms + g * kNibbleGroup,
                          out + g * kNibbleGroup, stride);
  }
  if (g < num_groups) {
    TilePart<kQueries, 1>(queries, packed + g * group_bytes, dim,
                          terms == nullptr ? nullptr : terms + g * kNibbleGroup,
                          out + g * kNibbleGroup, stride);
  }
}

void Tile(const NibbleQuery* queries, size_t num_queries, const uint8_t* packed, size_t num_groups,
          size_t dim, const float* terms, float* out, size_t stride) {
  // Runs of equal length, so that no short one is left over.
  const size_t runs = (num_queries + kTileQueries - 1) / kTileQueries;
  for (size_t run = 0, q = 0; run < runs; ++run) {
    const size_t here = (num_queries - q + runs - run - 1) / (runs - run);
    switch (here) {
#define ELANUS_ROW(n)                                                                  \
  case n:                                                                              \
    TileRow<n>(queries + q, packed, num_groups, dim, terms, out + q * stride, stride); \
    break;
      ELANUS_ROW(1)
      ELANUS_ROW(2) ELANUS_ROW(3) ELANUS_ROW(4) ELANUS_ROW(5) ELANUS_ROW(6) ELANUS_ROW(7)
          ELANUS_ROW(8) ELANUS_ROW(9) ELANUS_ROW(10)
#undef ELANUS_ROW
    }
    q += here;
  }
}

NibbleFunctions NibbleFunctionsOfTarget() {
  return {&Distances, &WeightsOf, &Tile};
}

}  // namespace HWY_NAMESPACE
}  // namespace elanus::kernels
#if ELANUS_NIBBLE_VNNI
#ifdef __clang__
HWY_POP_ATTRIBUTES
HWY_BEFORE_NAMESPACE();
#else
#pragma GCC pop_options
#endif
#endif
#undef ELANUS_NIBBLE_VNNI
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace elanus::kernels {

HWY_EXPORT(NibbleFunctionsOfTarget);

void PackNibbleCodes(const uint8_t* codes, size_t dim, const uint32_t* ids, size_t count,
                     uint8_t* packed) {
  const size_t num_bytes = NibbleCodeBytes(dim);
  for (size_t begin = 0; begin < count; begin += kNibbleGroup) {
    uint8_t* group = packed + begin * num_bytes;
    for (size_t j = 0; j < kNibbleGroup; ++j) {
      const uint8_t* code = begin + j < count ? codes + ids[begin + j] * num_bytes : nullptr;
      for (size_t i = 0; i < num_bytes; i += 4) {
        uint8_t* to = group + i * kNibbleGroup + j * 4;
        if (code == nullptr) {
          std::memset(to, 0, 4);
        } else {
          std::memcpy(to, code + i, 4);
        }
      }
    }
  }
}

NibbleFunctions NibbleFunctionsOfCpu() {
  return HWY_DYNAMIC_DISPATCH(NibbleFunctionsOfTarget)();
}

}  // namespace elanus::kernels
#endif  // HWY_ONCE
