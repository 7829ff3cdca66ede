// Building the scalar index that a client declared on a field, whatever its type.
#pragma once

#include <functional>
#include <string>

#include "common/cancellation.h"
#include "common/status.h"
#include "expr/json_path.h"
#include "index/scalar/scalar_build.h"
#include "schema/column.h"

namespace elanus::expr {

struct FieldIndexOptions {
  index::ScalarForm form = index::ScalarForm::kValues;
  index::Params params;  // Resolved.
  JsonPath path;         // Of a JSON field.
  std::function<void(double)> progress;
};

// The file of an index::ScalarIndex, or of an index::PathIndex if index::IsOverAllPaths(params).
absl::StatusOr<std::string> BuildFieldIndex(const schema::ColumnView& rows,
                                            const FieldIndexOptions& options,
                                            const Cancellation& cancellation);

}  // namespace elanus::expr
