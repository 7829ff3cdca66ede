// What an evaluation did for one node of a plan.
#pragma once

#include <cstdint>
#include <string>

namespace elanus::expr {

struct NodeTrace {
  int64_t rows_asked = 0;  // Rows that earlier siblings left open.
  int64_t rows_true = 0;   // Of these.
  int64_t nanoseconds = 0;
  int64_t runs = 0;           // Runs of rows (batches) it was asked for,
  int64_t runs_by_zones = 0;  // of these, answered by zones without reading a row.
  std::string index;          // Of a leaf that an index answered: its kind.
};

}  // namespace elanus::expr
