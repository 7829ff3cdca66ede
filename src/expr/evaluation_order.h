// Which child of an `and` or `or` is tested first, chosen anew for every source.
#pragma once

#include <vector>

#include "expr/selectivity.h"

namespace elanus::expr {

// What is expected of the nodes of a plan, by Node::id.
struct EvaluationOrder {
  std::vector<double> selectivity;
  // The children in the order to test them; empty for other nodes. A conjunction's by
  // cost / (1 - selectivity), a disjunction's by cost / selectivity: least work until the row is
  // decided, if the children are independent.
  // Hanani, "An optimal evaluation of Boolean expressions in an online query system", CACM 1977.
  std::vector<std::vector<int>> children;
};

EvaluationOrder OrderOf(const Plan& plan, StatisticsOfSlot statistics_of);

}  // namespace elanus::expr
