#include "expr/field_index.h"

#include "expr/json_paths.h"
#include "expr/json_values.h"
#include "index/scalar_kinds.h"

namespace elanus::expr {

absl::StatusOr<std::string> BuildFieldIndex(const schema::ColumnView& rows,
                                            const FieldIndexOptions& options,
                                            const Cancellation& cancellation) {
  index::ScalarBuildOptions build{.form = options.form, .rows = rows};
  build.params = options.params;
  build.cancellation = &cancellation;
  build.progress = options.progress;
  JsonValues values;
  if (rows.type.type == schema::DataType::kJson) {
    if (index::IsOverAllPaths(options.params)) {
      return BuildJsonPathIndex(rows, options.path, cancellation, options.progress);
    }
    const std::optional<index::JsonCast> cast = index::JsonCastOf(options.params);
    if (!cast.has_value()) return std::string();
    ELANUS_ASSIGN_OR_RETURN(values, ReadJsonValues(rows, options.path, *cast, cancellation));
    build.rows = values.column.View();
    build.odd = values.odd;
  }
  return index::BuildScalarIndex(build);
}

}  // namespace elanus::expr
