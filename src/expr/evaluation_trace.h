// What an evaluation did, node by node: what `explain` shows.
#pragma once

#include <cstdint>
#include <vector>

#include "expr/evaluation_order.h"
#include "expr/node_trace.h"

namespace elanus::expr {

struct EvaluationTrace {
  std::vector<NodeTrace> nodes;  // By Node::id.
  EvaluationOrder order;         // Without choices: the plan's own order, lists are empty.
  int64_t runs = 0;              // All of the source,
  int64_t runs_by_zones = 0;     // of these, settled for the whole filter by zones.
};

}  // namespace elanus::expr
