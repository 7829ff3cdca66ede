// A run of bits out of many.
#pragma once

#include "kernels/bitset.h"

namespace elanus::kernels {

// Bits [begin, begin + count) as bits from 0 on.
inline Bitset Cut(BitView bits, int64_t begin, int64_t count) {
  Bitset out(count);
  const int64_t shift = begin & 63, first = begin >> 6;
  for (int64_t i = 0; i < out.num_words(); ++i) {
    uint64_t& word = out.words()[i];
    word = bits.words()[first + i] >> shift;
    if (shift != 0 && first + i + 1 < bits.num_words()) {
      word |= bits.words()[first + i + 1] << (64 - shift);
    }
  }
  out.ClearTail();
  return out;
}

// Whether any of the bits [begin, end) is set.
inline bool AnyIn(BitView bits, int64_t begin, int64_t end) {
  for (int64_t i = begin; i < end; i = (i | 63) + 1) {
    const uint64_t word = bits.words()[i >> 6] >> (i & 63);
    if (word != 0) return i + std::countr_zero(word) < end;
  }
  return false;
}

}  // namespace elanus::kernels
