// RaBitQ: J. Gao & C. Long, "RaBitQ: Quantizing high-dimensional vectors with a theoretical error
// bound for approximate nearest neighbor search", SIGMOD 2024 (arXiv 2405.12497, section 3), and
// for more than one bit J. Gao et al., SIGMOD 2025 (arXiv 2409.09913).
//
// A residual is rotated at random; a component's code is its sign, or its sign and bits - 1 more
// bits of its size, y. The inner product with a query is estimated without bias by that of the
// rotated query with y, times |r|^2 / (y r). Signs of 32 codes are summed up in registers, four
// components a look-up (there: section 3.3.2), from tables of the query in 8 bits.
//
// With more than one bit a code is first estimated by its signs; only one that may be nearer than
// what was found is looked at further (there: section 3.2.2, and 2409.09913, section 4). What the
// signs lose is about normal, so that a multiple of its deviation bounds it.
//
// Further bits lie as codes of 4, 6 or 8 bits: 2 to 5 bits take 5, 6 and 7 take 7, 8 and 9 take 9.
#pragma once

#include <memory>

#include "index/codes.h"

namespace elanus::index {

std::unique_ptr<CodeStore> MakeSignCodes(const CodeSpec& spec, size_t dim, kernels::Metric metric,
                                         uint64_t seed);

// Null if the parameters are of another size.
std::unique_ptr<CodeStore> OpenSignCodes(const CodeSpec& spec, size_t dim, kernels::Metric metric,
                                         Bytes parameters);

}  // namespace elanus::index
