// Vectors in four bits a component, for walks over a graph: a distance reads an eighth of what
// float32 takes, and multiplies 64 components at once where the CPU can (VNNI).
//
// Component d of a vector is about center[d] + step[d] * (c - 7.5) with c in 0 ... 15. A code is
// cut into blocks of 16 bytes, a block for 32 components: byte j holds component j of the block in
// its low half and component 16 + j in its high one. The last block is filled with zeros.
//
// A query is turned into int8 weights, so that a distance is offset + unit * (weights . c) + term:
// integer sums, the same on every CPU.
#pragma once

#include <cstddef>
#include <cstdint>

namespace elanus::kernels {

inline constexpr float kNibbleMiddle = 7.5f;

inline constexpr size_t NibbleCodeBytes(size_t dim) {
  return (dim + 31) / 32 * 16;
}
// Bytes of a query's weights: the low halves' ones, zeros up to a multiple of 64, then the high
// halves' ones likewise.
inline constexpr size_t NibbleWeightBytes(size_t dim) {
  return (NibbleCodeBytes(dim) + 63) / 64 * 128;
}
// Where component d lies among the weights.
inline constexpr size_t NibblePlace(size_t dim, size_t d) {
  return d / 32 * 16 + d % 16 + (d % 32 >= 16 ? NibbleWeightBytes(dim) / 2 : 0);
}

struct NibbleCodes {
  const uint8_t* codes = nullptr;  // (n, NibbleCodeBytes(dim))
  const float* terms = nullptr;    // One a code, added to its distances; null: none.
  size_t dim = 0;
};

struct NibbleQuery {
  const int8_t* weights = nullptr;  // NibbleWeightBytes
  float unit = 0;
  float offset = 0;
};

// Codes in groups of 16 for tiles, padded with zeros to whole groups: four bytes of each code of
// the group, then the next four of each, so that the lanes of a register are codes.
inline constexpr size_t kNibbleGroup = 16;
inline constexpr size_t NibblePackedBytes(size_t dim, size_t count) {
  return (count + kNibbleGroup - 1) / kNibbleGroup * kNibbleGroup * NibbleCodeBytes(dim);
}
// Writes NibblePackedBytes(dim, count) bytes: the codes `ids`, in that order.
void PackNibbleCodes(const uint8_t* codes, size_t dim, const uint32_t* ids, size_t count,
                     uint8_t* packed);

struct NibbleFunctions {
  // out[i] = distance to code ids[i].
  void (*distances)(const NibbleCodes& codes, const NibbleQuery& query, const uint32_t* ids,
                    size_t count, float* out) = nullptr;
  // The weights of a code as a query, (a (2 c - 15) + b + 128) >> 8 for each component, and their
  // sum. a, b: in the places of the weights; |a| * 15 + |b| at most 32512, zeros where no component
  // is.
  int32_t (*weights_of)(const uint8_t* code, size_t dim, const int16_t* a, const int16_t* b,
                        int8_t* weights) = nullptr;
  // out[q * stride + i] = distance of query q to packed code i, for the codes of whole groups.
  // `terms`: one a code, padding included, added to its distances; null: none.
  void (*tile)(const NibbleQuery* queries, size_t num_queries, const uint8_t* packed,
               size_t num_groups, size_t dim, const float* terms, float* out,
               size_t stride) = nullptr;
};

// The fastest form this CPU runs (see LimitSimd).
NibbleFunctions NibbleFunctionsOfCpu();

}  // namespace elanus::kernels
