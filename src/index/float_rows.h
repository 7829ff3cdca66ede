// Rows of any dense type but binary as float32, at unit length where the metric is COSINE: the form
// in which vectors are clustered and coded.
#pragma once

#include <cstdint>
#include <vector>

#include "index/vector_index.h"

namespace elanus::index {

// A vector of length 0 or beyond float's range stays.
void ToUnitLength(float* vector, size_t dim);

// Threads: any.
class FloatRows {
 public:
  FloatRows(const VectorRows& rows, kernels::Metric metric)
      : rows_(rows), unit_length_(metric == kernels::Metric::kCosine) {}

  size_t dim() const { return static_cast<size_t>(rows_.dim); }
  size_t num_rows() const { return static_cast<size_t>(rows_.num_rows); }
  void Get(int64_t row, float* out) const { Convert(rows_.Row(row), out); }
  // A vector of the rows' type from elsewhere: a query.
  void Convert(const uint8_t* vector, float* out) const;

 private:
  const VectorRows rows_;
  const bool unit_length_;
};

// `count` of the members, by `seed`, in ascending order; all if there are no more.
std::vector<uint32_t> SampleOf(const std::vector<uint32_t>& members, size_t count, uint64_t seed);

}  // namespace elanus::index
