// Codes of a few bits for each component, and their inner products with a query of 16-bit integers.
//
// A code of dim components of B bits is cut into groups of 64 components; the last group has what
// is left. A group of n components is written as
//   B = 8   n bytes
//   B = 4   h = ceil(n / 2) bytes; byte j holds component j in its low half and h + j in its high
//   one B = 6   the low four bits as for B = 4, then t = ceil(n / 4) bytes for the upper two: byte
//   j
//           holds those of components j, t + j, 2 t + j, 3 t + j, lowest bits first
// so that a group is taken apart by shifts of whole registers.
#pragma once

#include <cstddef>
#include <cstdint>

namespace elanus::kernels {

inline constexpr size_t kScalarGroup = 64;

// Bytes of one code. bits: 4, 6 or 8.
size_t ScalarCodeBytes(size_t dim, int bits);

// values: dim numbers below 2^bits. out: ScalarCodeBytes.
void PackScalarCode(const uint8_t* values, size_t dim, int bits, uint8_t* out);
void UnpackScalarCode(const uint8_t* code, size_t dim, int bits, uint8_t* values);

// A query in integers, for codes of up to 8 bits: no sum of products can overflow 32 bits.
//   out    dim padded with zeros to a multiple of 64
//   returns the value of one unit: query[d] ~ out[d] * unit
float QuantizeQuery(const float* query, size_t dim, int16_t* out);

// out[i] = sum over d of query[d] * component d of code i. Code i begins at codes + i * stride, or
// at codes + ids[i] * stride where ids is not null. Codes need no alignment; nothing is read behind
// a code's last byte.
void ScalarCodeDots(const int16_t* query, size_t dim, int bits, const uint8_t* codes, size_t stride,
                    const uint32_t* ids, size_t count, int32_t* out);

}  // namespace elanus::kernels
