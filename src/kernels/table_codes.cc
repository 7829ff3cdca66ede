#include "kernels/table_codes.h"

// AVX3_DL (Ice Lake, Zen 4) looks bytes up in tables of 128.
#define HWY_WANT_AVX3_DL 1
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/table_codes.cc"
#include "hwy/foreach_target.h"  // Must come before highway.h: includes this file once per target.
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace elanus::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// A sum of this many bytes fits 16 bits.
constexpr size_t kPartsOfRun = 256;
// Codes are fetched so far ahead: they are seldom in the second-level cache.
constexpr size_t kAheadBytes = 2048;

// Bytes are added up as 16-bit numbers of two: one sum gathers pairs, the other the upper byte of
// each alone; the lower ones are the difference (all modulo 2^16).
//   even, odd   (chunks, n): 2 n sums in each of several chunks, which belong together
//   out         2 n sums, raised by them
HWY_INLINE void AddPairs(const uint16_t* HWY_RESTRICT even, const uint16_t* HWY_RESTRICT odd,
                         size_t chunks, size_t n, float* HWY_RESTRICT out) {
  const hn::CappedTag<int32_t, 8> d32;
  const hn::RebindToFloat<decltype(d32)> df;
  const hn::Rebind<uint16_t, decltype(d32)> d16;
  const size_t lanes = hn::Lanes(d32);
  for (size_t i = 0; i < n; i += lanes) {
    auto even_sum = hn::Zero(d32), odd_sum = even_sum;
    for (size_t at = i; at < chunks * n; at += n) {
      even_sum = hn::Add(even_sum, hn::PromoteTo(d32, hn::LoadU(d16, even + at)));
      odd_sum = hn::Add(odd_sum, hn::PromoteTo(d32, hn::LoadU(d16, odd + at)));
    }
    HWY_ALIGN float both[16];
    hn::StoreInterleaved2(hn::ConvertTo(df, even_sum), hn::ConvertTo(df, odd_sum), df, both);
    for (size_t j = 0; j < 2 * lanes; ++j) out[2 * i + j] += both[j];
  }
}

#if HWY_TARGET == HWY_SCALAR

void SumNibbles(const uint8_t* tables, const uint8_t* blocks, size_t padded, size_t num_blocks,
                float* out) {
  for (size_t b = 0; b < num_blocks; ++b, blocks += padded * 16, out += 32) {
    for (size_t i = 0; i < 16; ++i) {
      uint32_t low = 0, high = 0;
      for (size_t p = 0; p < padded; ++p) {
        low += tables[p * 16 + (blocks[p * 16 + i] & 15)];
        high += tables[p * 16 + (blocks[p * 16 + i] >> 4)];
      }
      out[i] = static_cast<float>(low);
      out[16 + i] = static_cast<float>(high);
    }
  }
}

#else

using D8 = hn::CappedTag<uint8_t, 64>;
using D16 = hn::Repartition<uint16_t, D8>;

void SumNibbles(const uint8_t* HWY_RESTRICT tables, const uint8_t* HWY_RESTRICT blocks,
                size_t padded, size_t num_blocks, float* HWY_RESTRICT out) {
  const D8 d8;
  const D16 d16;
  const size_t bytes = hn::Lanes(d8);  // 1, 2 or 4 parts: `padded` is a multiple.
  const size_t run = kPartsOfRun * bytes;
  const auto mask = hn::Set(d8, 15);
  for (size_t b = 0; b < num_blocks; ++b, blocks += padded * 16, out += 32) {
    for (size_t i = 0; i < 32; ++i) out[i] = 0;
    for (size_t begin = 0; begin < padded * 16; begin += run) {
      const size_t end = HWY_MIN(begin + run, padded * 16);
      auto low_both = hn::Zero(d16), low_odd = low_both, high_both = low_both, high_odd = low_both;
      for (size_t at = begin; at < end; at += bytes) {
        __builtin_prefetch(blocks + at + kAheadBytes);
        const auto codes = hn::LoadU(d8, blocks + at), table = hn::LoadU(d8, tables + at);
        const auto low = hn::BitCast(d16, hn::TableLookupBytes(table, hn::And(codes, mask)));
        const auto high_codes =
            hn::And(hn::BitCast(d8, hn::ShiftRight<4>(hn::BitCast(d16, codes))), mask);
        const auto high = hn::BitCast(d16, hn::TableLookupBytes(table, high_codes));
        low_both = hn::Add(low_both, low);
        low_odd = hn::Add(low_odd, hn::ShiftRight<8>(low));
        high_both = hn::Add(high_both, high);
        high_odd = hn::Add(high_odd, hn::ShiftRight<8>(high));
      }
      // Every 16 bytes of the registers are a part of its own.
      const auto add = [&](auto both, auto odd, float* to) HWY_ATTR {
        HWY_ALIGN uint16_t even_lanes[32], odd_lanes[32];
        hn::Store(hn::Sub(both, hn::ShiftLeft<8>(odd)), d16, even_lanes);
        hn::Store(odd, d16, odd_lanes);
        AddPairs(even_lanes, odd_lanes, bytes / 16, 8, to);
      };
      add(low_both, low_odd, out);
      add(high_both, high_odd, out + 16);
    }
  }
}

#endif

void SumBytesPlain(const uint8_t* HWY_RESTRICT tables, const uint8_t* HWY_RESTRICT block,
                   size_t parts, size_t count, float* HWY_RESTRICT out) {
  uint32_t sums[64] = {};
  for (size_t p = 0; p < parts; ++p, tables += 256, block += count) {
    for (size_t i = 0; i < count; ++i) sums[i] += tables[block[i]];
  }
  for (size_t i = 0; i < count; ++i) out[i] = static_cast<float>(sums[i]);
}

#if HWY_TARGET == HWY_AVX3_DL

// 64 codes: the table lies in four registers; two look-ups of 128 entries, and the codes' top bit
// chooses.
HWY_INLINE void SumWholeByteBlock(const uint8_t* HWY_RESTRICT tables,
                                  const uint8_t* HWY_RESTRICT block, size_t parts,
                                  float* HWY_RESTRICT out) {
  for (size_t i = 0; i < 64; ++i) out[i] = 0;
  for (size_t begin = 0; begin < parts; begin += kPartsOfRun) {
    const size_t end = HWY_MIN(begin + kPartsOfRun, parts);
    __m512i both = _mm512_setzero_si512(), odd = both;
    for (size_t p = begin; p < end; ++p) {
      const __m512i codes = _mm512_loadu_si512(block + p * 64);
      const uint8_t* table = tables + p * 256;
      const __m512i lower = _mm512_permutex2var_epi8(_mm512_loadu_si512(table), codes,
                                                     _mm512_loadu_si512(table + 64));
      const __m512i upper = _mm512_permutex2var_epi8(_mm512_loadu_si512(table + 128), codes,
                                                     _mm512_loadu_si512(table + 192));
      const __m512i found = _mm512_mask_blend_epi8(_mm512_movepi8_mask(codes), lower, upper);
      both = _mm512_add_epi16(both, found);
      odd = _mm512_add_epi16(odd, _mm512_srli_epi16(found, 8));
    }
    HWY_ALIGN uint16_t even_lanes[32], odd_lanes[32];
    _mm512_store_si512(even_lanes, _mm512_sub_epi16(both, _mm512_slli_epi16(odd, 8)));
    _mm512_store_si512(odd_lanes, odd);
    AddPairs(even_lanes, odd_lanes, 1, 32, out);
  }
}

#else

HWY_INLINE void SumWholeByteBlock(const uint8_t* tables, const uint8_t* block, size_t parts,
                                  float* out) {
  SumBytesPlain(tables, block, parts, 64, out);
}

#endif

void SumBytes(const uint8_t* tables, const uint8_t* blocks, size_t parts, size_t count,
              float* out) {
  for (; count >= 64; count -= 64, blocks += 64 * parts, out += 64) {
    SumWholeByteBlock(tables, blocks, parts, out);
  }
  if (count > 0) SumBytesPlain(tables, blocks, parts, count, out);
}

using DF = hn::CappedTag<float, 16>;

// lows[p] = the smallest entry of part p; returns the widest range of a part. entries: a multiple
// of 16.
float SmallestOfParts(const float* tables, size_t parts, size_t entries, float* lows) {
  const DF df;
  float widest = 0;
  for (size_t p = 0; p < parts; ++p, tables += entries) {
    auto low = hn::LoadU(df, tables), high = low;
    for (size_t e = hn::Lanes(df); e < entries; e += hn::Lanes(df)) {
      const auto values = hn::LoadU(df, tables + e);
      low = hn::Min(low, values);
      high = hn::Max(high, values);
    }
    lows[p] = hn::GetLane(hn::MinOfLanes(df, low));
    widest = HWY_MAX(widest, hn::GetLane(hn::MaxOfLanes(df, high)) - lows[p]);
  }
  return widest;
}

// out = (entry - lows[p]) * scale, rounded, as a byte.
void RoundParts(const float* tables, size_t parts, size_t entries, const float* lows, float scale,
                uint8_t* out) {
  const DF df;
  const hn::RebindToSigned<DF> di;
  const hn::Rebind<uint8_t, DF> d8;
  const auto top = hn::Set(df, 255.0f), none = hn::Zero(df), factor = hn::Set(df, scale);
  for (size_t p = 0; p < parts; ++p) {
    const auto low = hn::Set(df, lows[p]);
    for (size_t e = 0; e < entries; e += hn::Lanes(df), out += hn::Lanes(df)) {
      const auto value = hn::Mul(hn::Sub(hn::LoadU(df, tables + p * entries + e), low), factor);
      const auto bounded = hn::Min(hn::Max(value, none), top);
      hn::StoreU(hn::DemoteTo(d8, hn::ConvertTo(di, hn::Add(bounded, hn::Set(df, 0.5f)))), d8, out);
    }
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace elanus::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <algorithm>
#include <cmath>
#include <cstring>

namespace elanus::kernels {

HWY_EXPORT(SumNibbles);
HWY_EXPORT(SumBytes);
HWY_EXPORT(SmallestOfParts);
HWY_EXPORT(RoundParts);

void PackNibbleBlocks(const uint8_t* codes, size_t count, size_t parts, uint8_t* out) {
  const size_t bytes = NibbleBlockBytes(parts);
  std::memset(out, 0, (count + kNibbleBlock - 1) / kNibbleBlock * bytes);
  for (size_t i = 0; i < count; ++i) {
    uint8_t* block = out + i / kNibbleBlock * bytes;
    const size_t at = i % kNibbleBlock;
    for (size_t p = 0; p < parts; ++p) {
      block[p * 16 + at % 16] |=
          static_cast<uint8_t>((codes[i * parts + p] & 15) << (at < 16 ? 0 : 4));
    }
  }
}

uint8_t NibbleAt(const uint8_t* blocks, size_t parts, size_t code, size_t part) {
  const uint8_t* block = blocks + code / kNibbleBlock * NibbleBlockBytes(parts);
  const size_t at = code % kNibbleBlock;
  return static_cast<uint8_t>(block[part * 16 + at % 16] >> (at < 16 ? 0 : 4) & 15);
}

void PackByteBlocks(const uint8_t* codes, size_t count, size_t parts, uint8_t* out) {
  for (size_t begin = 0; begin < count; begin += kByteBlock) {
    const size_t n = std::min(kByteBlock, count - begin);
    uint8_t* block = out + begin * parts;
    for (size_t i = 0; i < n; ++i) {
      for (size_t p = 0; p < parts; ++p) block[p * n + i] = codes[(begin + i) * parts + p];
    }
  }
}

uint8_t ByteAt(const uint8_t* blocks, size_t parts, size_t count, size_t code, size_t part) {
  const size_t begin = code / kByteBlock * kByteBlock;
  const size_t n = std::min(kByteBlock, count - begin);
  return blocks[begin * parts + part * n + code - begin];
}

TableScale QuantizeTables(const float* tables, size_t parts, size_t entries, uint8_t* out) {
  std::vector<float> lows(parts);
  float range = HWY_DYNAMIC_DISPATCH(SmallestOfParts)(tables, parts, entries, lows.data());
  if (!(range > 0) || !std::isfinite(range)) range = 1;
  TableScale scale{.step = range / 255};
  for (const float low : lows) scale.offset += low;
  HWY_DYNAMIC_DISPATCH(RoundParts)(tables, parts, entries, lows.data(), 255 / range, out);
  if (entries == 16) {
    std::memset(out + parts * 16, 0, (PaddedNibbleParts(parts) - parts) * 16);
  }
  return scale;
}

void SumNibbleBlocks(const uint8_t* tables, const uint8_t* blocks, size_t parts, size_t num_blocks,
                     float* out) {
  HWY_DYNAMIC_DISPATCH(SumNibbles)(tables, blocks, PaddedNibbleParts(parts), num_blocks, out);
}

void SumByteBlocks(const uint8_t* tables, const uint8_t* blocks, size_t parts, size_t count,
                   float* out) {
  HWY_DYNAMIC_DISPATCH(SumBytes)(tables, blocks, parts, count, out);
}

}  // namespace elanus::kernels
#endif  // HWY_ONCE
