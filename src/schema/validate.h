// Checks schemas as clients give them and brings them into the form that the catalog keeps:
// parameters as plain text ("\"128\"" -> "128"), "mmap_enabled" as "mmap.enabled". Field ids are
// neither read nor set. Messages and codes are those that clients know.
//
// Not in this version, refused by name: sparse vectors, geometry, text, timestamptz, function
// outputs (BM25 and the like). What has no place in our schema at all (functions) is refused by
// whoever converts the wire message.
#pragma once

#include <string_view>

#include "common/status.h"
#include "schema/collection_schema.h"
#include "schema/schema_limits.h"

namespace elanus::schema {

// The whole schema of a new collection. It holds no $meta field yet.
absl::Status ValidateSchema(CollectionSchema& schema, const SchemaLimits& limits);

// A field to be added to a collection that exists.
absl::Status ValidateAddedField(const CollectionSchema& schema, FieldSchema& field,
                                const SchemaLimits& limits);

// A struct array to be added to a collection that exists; `fields` are its sub-fields.
absl::Status ValidateAddedStruct(const CollectionSchema& schema, const StructSchema& added,
                                 std::vector<FieldSchema>& fields, const SchemaLimits& limits);

// One field by itself: name, type, parameters, flags, default.
absl::Status ValidateField(FieldSchema& field, const SchemaLimits& limits);

// Gives fields without an id the next free ones, in order; a struct before its first sub-field.
void AssignFieldIds(CollectionSchema& schema);

// The hidden JSON field of a collection with dynamic fields, without an id.
FieldSchema MakeDynamicField();

// "true", "True", "1", "t" ... as the protocol reads truth values; nothing for anything else.
std::optional<bool> ParseBool(std::string_view text);

}  // namespace elanus::schema
