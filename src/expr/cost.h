// What a predicate costs a row, relative to one comparison of a number.
#pragma once

#include "expr/plan.h"

namespace elanus::expr {

// 0 for what needs no row. Orders of magnitude, measured: enough to order a conjunction.
int CostOf(const Node& node);

}  // namespace elanus::expr
