// The types of indexes on scalar fields: what they take, and which structure stands behind each.
// Filters have the same results with and without them.
#pragma once

#include <optional>
#include <vector>

#include "index/index_kinds.h"

namespace elanus::index {

std::vector<IndexKind> ScalarKinds();

// The type that AUTOINDEX stands for on this field; empty if there is no rule for it.
std::string_view AutoScalarType(const schema::FieldSchema& field);

// What an index holds of a JSON field: the values, or elements of arrays, of one type.
struct JsonCast {
  schema::DataType type = schema::DataType::kNone;  // kBool, kDouble, kVarChar.
  bool array = false;
};
// Of resolved parameters; nothing for json_cast_type JSON and for fields that are no JSON.
std::optional<JsonCast> JsonCastOf(const Params& params);
// Whether json_cast_type is JSON: all paths at and below json_path (scalar/path_index.h).
bool IsOverAllPaths(const Params& params);

// Checks json_path, json_cast_type and json_cast_function of an index on a JSON field and writes
// them back in their canonical form (the path as a JSON pointer).
absl::Status ResolveJsonParams(const schema::FieldSchema& field, Params& params);

// "meta["a"]["b"]" -> "/a/b"; the field's own name -> "". For the dynamic field the path begins
// with the key: "a["b"]" -> "/a/b". ~ and / of keys are escaped as JSON pointers say (RFC 6901).
absl::StatusOr<std::string> JsonPointerOf(const schema::FieldSchema& field, std::string_view path);

}  // namespace elanus::index
