// Columns of the rows that a request has chosen, a batch at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "common/cancellation.h"
#include "expr/expr.h"
#include "kernels/bitset.h"

namespace elanus::querynode {

struct ColumnBatch {
  int64_t begin = 0;                            // Number of its first row.
  std::span<const schema::ColumnView> columns;  // As the fields were given.
  std::span<const int32_t> rows;                // The chosen ones, counted from `begin`.
};

// Visits the rows set in `rows` in ascending order; batches without such rows are left out. The
// batch is valid for the call. Stops at the first error, and when cancelled.
absl::Status ForEachBatch(const expr::ColumnSource& source, const kernels::Bitset& rows,
                          std::span<const FieldId> fields, const Cancellation& cancellation,
                          const std::function<absl::Status(const ColumnBatch&)>& visit);

}  // namespace elanus::querynode
