// Collection schemas as JSON, part of a collection's row (docs/formats/catalog.md).
#pragma once

#include <nlohmann/json.hpp>
#include <string_view>

#include "common/status.h"
#include "schema/collection_schema.h"

namespace elanus::meta {

nlohmann::json SchemaToJson(const schema::CollectionSchema& schema);

// Besides types and ranges, checks what the rest of the server takes for granted: one primary key
// of a key type, unique ids and names, dimensions that are positive and bounded.
absl::StatusOr<schema::CollectionSchema> SchemaFromJson(const nlohmann::json& json,
                                                        std::string_view what);

}  // namespace elanus::meta
