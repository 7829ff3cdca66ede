// Indexes on scalar fields. In this version they are accepted, checked and described; filters are
// evaluated over the columns, with the same results.
#pragma once

#include <vector>

#include "index/index_kinds.h"

namespace elanus::index {

std::vector<IndexKind> ScalarKinds();

// The type that AUTOINDEX stands for on this field; empty if there is no rule for it.
std::string_view AutoScalarType(const schema::FieldSchema& field);

// Checks json_path, json_cast_type and json_cast_function of an index on a JSON field and writes
// them back in their canonical form (the path as a JSON pointer).
absl::Status ResolveJsonParams(const schema::FieldSchema& field, Params& params);

// "meta["a"]["b"]" -> "/a/b"; the field's own name -> "". For the dynamic field the path begins
// with the key: "a["b"]" -> "/a/b". ~ and / of keys are escaped as JSON pointers say (RFC 6901).
absl::StatusOr<std::string> JsonPointerOf(const schema::FieldSchema& field, std::string_view path);

}  // namespace elanus::index
