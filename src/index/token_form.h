// Vectors of lists as floats whose inner products order them as their metric does.
#pragma once

#include <cstdint>

#include "index/float_rows.h"
#include "index/vector_index.h"

namespace elanus::index {

//   IP       as they are
//   COSINE   at unit length
//   L2       as they are; |q|^2 - 2 q p + |p|^2 needs the rows' squares too
//   HAMMING  1 for a bit that is set, -1 for one that is not
//   JACCARD  bits that are set, at unit length: |a and b| / sqrt(|a| |b|) orders nearly as
//            |a and b| / |a or b| does
// Threads: any.
class TokenForm {
 public:
  TokenForm(schema::DataType type, int64_t dim, kernels::Metric metric)
      : vectors_{type, dim}, metric_(metric), floats_(vectors_, metric) {}

  size_t dim() const { return static_cast<size_t>(vectors_.dim); }
  kernels::Metric metric() const { return metric_; }
  int64_t width() const { return vectors_.width(); }  // Bytes of a vector.
  void Get(const uint8_t* vector, float* out) const;

 private:
  const VectorRows vectors_;
  const kernels::Metric metric_;
  const FloatRows floats_;
};

// Keeps what is stored within range: not a number becomes 0.
void KeepFinite(float* values, size_t count);

}  // namespace elanus::index
