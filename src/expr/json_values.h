// The values at one path of a JSON column, as a column of their own that an index is built over.
#pragma once

#include <cstdint>
#include <vector>

#include "common/cancellation.h"
#include "common/status.h"
#include "expr/json_path.h"
#include "index/scalar_kinds.h"
#include "schema/column.h"

namespace elanus::expr {

struct JsonValues {
  schema::Column column;      // Null where there is no value of the cast's type.
  std::vector<uint32_t> odd;  // Rows, null in `column`, whose value no key stands for exactly.
};

// A value is of a type or it is not: nothing is converted, so that a filter means the same with the
// index as without. Of arrays: their elements of the type.
absl::StatusOr<JsonValues> ReadJsonValues(const schema::ColumnView& json,
                                          const JsonPath& path, const index::JsonCast& cast,
                                          const Cancellation& cancellation);

}  // namespace elanus::expr
