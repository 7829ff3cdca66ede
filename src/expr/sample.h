// random_sample(p): a part of the rows that pass the rest of a filter.
#pragma once

#include <cstdint>

#include "expr/expr.h"
#include "kernels/bitset.h"

namespace elanus::expr {

// If the plan asks for a sample: keeps ⌊n·p⌋ of the n rows set, at least one if there is one, each
// set of that many as likely as another (Knuth, TAOCP 2, 3.4.2, Algorithm S). Else nothing changes.
// Evaluate() does not sample: what passes and what is visible are combined first.
void KeepSample(const Plan& plan, uint64_t seed, kernels::Bitset& rows);

}  // namespace elanus::expr
