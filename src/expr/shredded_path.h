// A path of a JSON field that a source keeps as a column of its own, so that nobody has to look for
// it in the rows' texts.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>

#include "schema/column.h"
#include "storage/zone_map.h"

namespace elanus::expr {

// For every row of the source.
struct ShreddedPath {
  // Values of one type, null where there is none of it: Bool, Int64, Double, VarChar (strings as
  // they mean, without escapes); or Json: any values, as written.
  schema::ColumnView values;
  // The values of other types, as written, null in other rows. Nothing: there are none.
  std::optional<schema::ColumnView> others;
  const storage::ZoneMap* zones = nullptr;  // Of `values`; may be null.
};

// What a source has for a path: `path`, which stands for the first `num_steps` of its steps.
struct ShreddedPrefix {
  std::shared_ptr<const ShreddedPath> path;  // Null: nothing.
  size_t num_steps = 0;
};

}  // namespace elanus::expr
