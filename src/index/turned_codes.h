// Product codes of vectors that are turned first, so that each part has its share of what varies:
// T. Ge, K. He, Q. Ke & J. Sun, "Optimized product quantization", TPAMI 2014, section 3.3 (by axes
// and their variances alone; their alternation of turning and clustering is left out). With fewer
// axes than dimensions the vectors are reduced to those in which they vary most.
#pragma once

#include <memory>

#include "index/codes.h"

namespace elanus::index {

// The covariance of so many dimensions is worked out.
inline constexpr size_t kTurnedDimMax = 4096;

// spec.axes > 0.
absl::StatusOr<std::unique_ptr<CodeStore>> TrainTurnedCodes(const CodeSpec& spec,
                                                            const CodeTraining& training);

// Null if the parameters do not fit. Parameters: the axes (axes, dim) as float32, then those of the
// product codes.
std::unique_ptr<CodeStore> OpenTurnedCodes(const CodeSpec& spec, size_t dim, kernels::Metric metric,
                                           Bytes parameters);

// How many axes the parameters ask for, which a factory string of FAISS does by `faiss_axes`: a
// number, or "all". 0: none, or as many as the parts do not divide or the vectors do not have.
inline constexpr char kAxesParam[] = "faiss_axes";
uint32_t AxesOf(const Params& params, int64_t dim, int64_t num_parts);

// Which axis comes where, so that the parts, of as many axes each, have products of variances as
// equal as they can be had by giving out the largest first (section 3.3.2).
std::vector<uint32_t> ShareAxes(const std::vector<double>& variances, size_t num_parts);

}  // namespace elanus::index
