// What indexes say of a whole filter before any row is looked at.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/cancellation.h"
#include "expr/expr.h"
#include "kernels/row_set.h"

namespace elanus::expr {

struct Narrowing {
  // A leaf that an index was asked about.
  struct Answer {
    const Node* leaf = nullptr;
    std::string by;
    int64_t num_rows = 0;  // That it found.
    int64_t nanoseconds = 0;
  };

  kernels::RowSet rows;  // No others pass.
  bool exact = false;    // They do.
  std::vector<Answer> answers;
  std::set<const Node*> settled;  // Of the children of the root, an `and`: `rows` pass these.

  bool HasAsked(const Node& leaf) const {
    for (const Answer& answer : answers) {
      if (answer.leaf == &leaf) return true;
    }
    return false;
  }
};

// Asks the indexes of `source` about the leaves that have one, of a conjunction those first that
// leave fewest rows, and those after it only as far as that takes less than a look at the columns
// of the rows that are left. Nothing if no index is worth it.
std::optional<Narrowing> Narrow(const Plan& plan, const ColumnSource& source,
                                const Cancellation& cancellation);

}  // namespace elanus::expr
