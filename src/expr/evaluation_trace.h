// What an evaluation did, node by node: what `explain` shows.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "expr/evaluation_order.h"

namespace elanus::expr {

struct NodeTrace {
  int64_t rows_asked = 0;  // Rows that earlier siblings left open.
  int64_t rows_true = 0;   // Of these.
  int64_t nanoseconds = 0;
  int64_t runs = 0;           // Runs of rows (batches) it was asked for,
  int64_t runs_by_zones = 0;  // of these, answered by zones without reading a row.
  std::string index;          // Of a leaf that an index answered: its kind.
};

struct EvaluationTrace {
  std::vector<NodeTrace> nodes;  // By Node::id.
  EvaluationOrder order;         // Without choices: the plan's own order, lists are empty.
  int64_t runs = 0;              // All of the source,
  int64_t runs_by_zones = 0;     // of these, settled for the whole filter by zones.
};

}  // namespace elanus::expr
