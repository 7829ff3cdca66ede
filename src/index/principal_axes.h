// Principal component analysis: the orthonormal directions in which vectors differ most.
#pragma once

#include <cstdint>
#include <vector>

#include "common/cancellation.h"
#include "common/executor.h"
#include "common/status.h"

namespace elanus::index {

// Subspace iteration on the covariance (G. Golub & C. Van Loan, "Matrix Computations", section
// 8.2.4): the axes span the principal directions, in no order within their span.
//
//   vectors   (any number, dim), row-major, about their mean
//   returns   (num_axes, dim), row-major; rows of zeros where the vectors have fewer directions
//   cost      O(dim^2 (vectors + num_axes)) multiplications; dim^2 floats of memory
// The same vectors and seed give the same axes, whatever the executor (may be null).
absl::StatusOr<std::vector<float>> PrincipalAxes(const std::vector<float>& vectors, size_t dim,
                                                 size_t num_axes, uint64_t seed, Executor* executor,
                                                 const Cancellation* cancellation);

}  // namespace elanus::index
