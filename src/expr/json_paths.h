// All paths of the documents of a JSON column, as the keys of an index over them.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "common/cancellation.h"
#include "common/status.h"
#include "expr/json_path.h"
#include "schema/column.h"

namespace elanus::expr {

// The file of an index::PathIndex over what lies at `root` and below it, through keys of objects;
// elements of arrays belong to their array. A path means what JsonPathTree finds there.
// `progress`: 0...1; may be empty.
absl::StatusOr<std::string> BuildJsonPathIndex(const schema::ColumnView& json, const JsonPath& root,
                                               const Cancellation& cancellation,
                                               const std::function<void(double)>& progress = {});

// Bytes that such a build has in memory at most, beside the column, about: as a sample of its rows
// tells, which does not see what comes again in rows far apart.
int64_t JsonPathBuildMemoryBytes(const schema::ColumnView& json, const JsonPath& root);

// Where an index over `root` has `path`; nothing if it does not have it.
std::optional<std::string> PlaceBelow(const JsonPath& root, const JsonPath& path);

}  // namespace elanus::expr
