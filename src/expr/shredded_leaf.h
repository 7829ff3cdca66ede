// A leaf over a JSON path that is kept as a column (shredded_path.h), as a leaf over that column.
#pragma once

#include <optional>

#include "expr/plan.h"

namespace elanus::expr {

struct ShreddedLeaf {
  // Says what the leaf says of rows with a value in the column, and is UNKNOWN, if it can be, for
  // the others. Null: the leaf misses every value of the column's type.
  NodePtr typed;
  // Rows without a value pass, rather than being FALSE or UNKNOWN.
  bool missing_pass = false;
};

// `type`: of the column's values; `slot`: where a batch has them. Nothing for what only the values
// themselves say: elements of arrays, mixed ranges.
std::optional<ShreddedLeaf> ShreddedLeafOf(const Plan& plan, const Node& node,
                                           schema::DataType type, int slot);

// What a leaf reads from a JSON field; null for other nodes.
const Operand* JsonOperandOf(const Node& node);

}  // namespace elanus::expr
