// Locally adaptive vector quantisation: C. Aguerrebere et al., "Similarity search in the blink of
// an eye with compressed indices", VLDB 2023 (arXiv 2304.04759, sections 3.1 and 3.2); and after a
// reduction of the dimension M. Tepper et al., "LeanVec: Searching vectors faster by making them
// fit", TMLR 2024 (arXiv 2312.16335, section 2).
//
// A residual is coded in steps between its own smallest and largest component; with 4 bits a
// smaller range may be better. With `parts` the residual is reduced first to so many dimensions,
// the principal ones of the rows that it is trained on. A second level there is none: see
// refiner.h.
#pragma once

#include <memory>

#include "index/codes.h"

namespace elanus::index {

// Vectors of more components are not reduced: the principal ones would take too long to find.
inline constexpr size_t kReducedDimMax = 4096;

absl::StatusOr<std::unique_ptr<CodeStore>> TrainLocalCodes(const CodeSpec& spec,
                                                           const CodeTraining& training);

// Null if the parameters are of another size.
std::unique_ptr<CodeStore> OpenLocalCodes(const CodeSpec& spec, size_t dim, kernels::Metric metric,
                                          Bytes parameters);

}  // namespace elanus::index
