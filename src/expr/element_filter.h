// Filters that end in element_filter(struct, ...): what they keep is single elements of the rows.
#pragma once

#include <string>
#include <vector>

#include "common/cancellation.h"
#include "common/status.h"
#include "expr/expr.h"
#include "kernels/bitset.h"

namespace elanus::expr {

// The struct array whose elements the plan keeps; empty if it keeps rows.
const std::string& ElementStructOf(const Plan& plan);

// What is read of each row to find its matching elements.
std::vector<FieldId> ElementFieldsOf(const Plan& plan);

// Elements are numbered through the rows that were asked for, in their order; other rows have none.
struct ElementMatches {
  kernels::Bitset elements;
  std::vector<int64_t> begins;  // The first element of each row, and one more at the end.
};

// The elements of `rows` that match. The plan has an element_filter; `rows` has a bit for each row
// of the source, and is what Evaluate() gave (rows without a match may be among them or not).
absl::StatusOr<ElementMatches> EvaluateElements(const Plan& plan, const ColumnSource& source,
                                                kernels::BitView rows,
                                                const Cancellation& cancellation);

}  // namespace elanus::expr
