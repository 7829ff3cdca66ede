// The frequent paths of a JSON column as columns of their own.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "common/cancellation.h"
#include "common/status.h"
#include "schema/column.h"

namespace elanus::expr {

struct ShreddingLimits {
  int64_t columns_max = 1024;
  // A path becomes a column if this part of the rows has a value there that is no object.
  double share_min = 0.3;
};

// Columns as ShreddedPath has them.
struct ShreddedColumn {
  std::vector<std::string> keys;  // Of objects, from the outside in.
  schema::Column values;
  std::optional<schema::Column> others;
};

// Hands over the columns one by one, in the order in which the paths come in the rows. Which paths
// are frequent is told by a sample; the values are those that JsonPathTree finds in each row.
// Arrays are values, their elements are not looked into. An error of `take` ends it.
//
//   memory   of what is in hand at a time: about 256 MB of values, or one column if that is more
absl::Status ShredJson(const schema::ColumnView& json, const ShreddingLimits& limits,
                       const Cancellation& cancellation,
                       const std::function<absl::Status(ShreddedColumn)>& take);

}  // namespace elanus::expr
