// Product quantisation: H. Jégou, M. Douze & C. Schmid, TPAMI 2011, section 3; with several levels
// in each part, a residual quantiser: Y. Chen, T. Guan & C. Wang, "Approximate nearest neighbor
// search by residual vector quantization", Sensors 2010 (greedy, level by level).
//
// Up to 8 bits a query's tables are summed up in registers (kernels/table_codes.h) where codes lie
// in blocks, else looked up in floats. Codes of 1 to 4 bits take 4 in blocks; all others take whole
// bytes. More than 8 bits: no tables, the entries themselves are compared; right, and slow.
#pragma once

#include <memory>

#include "index/codes.h"

namespace elanus::index {

absl::StatusOr<std::unique_ptr<CodeStore>> TrainProductCodes(const CodeSpec& spec,
                                                             const CodeTraining& training);

// Null if the parameters do not fit.
std::unique_ptr<CodeStore> OpenProductCodes(const CodeSpec& spec, size_t dim,
                                            kernels::Metric metric, Bytes parameters);

}  // namespace elanus::index
