// The part of a source's rows that a predicate keeps, estimated.
#pragma once

#include "absl/functional/function_ref.h"
#include "expr/expr.h"
#include "expr/plan.h"

namespace elanus::expr {

// Statistics of a field by its slot; null if there are none.
using StatisticsOfSlot = absl::FunctionRef<const ColumnStatistics*(int slot)>;

// In [0, 1]. Without statistics, by the kind of predicate. Children are taken as independent.
double SelectivityOf(const Node& node, StatisticsOfSlot statistics_of);

}  // namespace elanus::expr
