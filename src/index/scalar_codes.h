// Scalar quantisation: every component by itself, as one of 2^bits evenly spaced values.
#pragma once

#include <memory>

#include "index/codes.h"

namespace elanus::index {

// The range of each component (kUniform: of all) is the one that loses least over the residuals:
// that between the smallest and the largest, or a narrower one that cuts off the outermost.
absl::StatusOr<std::unique_ptr<CodeStore>> TrainScalarCodes(const CodeSpec& spec,
                                                            const CodeTraining& training);

// Null if the parameters are of another size.
std::unique_ptr<CodeStore> OpenScalarCodes(const CodeSpec& spec, size_t dim, kernels::Metric metric,
                                           Bytes parameters);

}  // namespace elanus::index
