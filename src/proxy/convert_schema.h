// Collection and field schemas between the wire and our types.
#pragma once

#include <string_view>

#include "absl/time/time.h"
#include "common/status.h"
#include "proxy/wire_types.h"
#include "schema/collection_schema.h"

namespace elanus::proxy {

// From the serialized message of CreateCollection. Types and functions that this version cannot
// store are refused by name; what only the catalog can judge (names, limits) is checked there.
// `zone` is for default times without offset.
absl::StatusOr<schema::CollectionSchema> SchemaFromBytes(std::string_view bytes,
                                                         absl::TimeZone zone);
absl::StatusOr<schema::CollectionSchema> SchemaFromWire(const schema_pb::CollectionSchema& wire,
                                                        absl::TimeZone zone);
// From the serialized message of AddCollectionField.
absl::StatusOr<schema::FieldSchema> FieldFromBytes(std::string_view bytes, absl::TimeZone zone);
absl::StatusOr<schema::FieldSchema> FieldFromWire(const schema_pb::FieldSchema& wire,
                                                  absl::TimeZone zone);

// Appends a struct array with its fields.
absl::Status StructSchemaFromWire(const schema_pb::StructArrayFieldSchema& wire,
                                  absl::TimeZone zone, schema::CollectionSchema& out);

// As described to clients: without $meta.
void SchemaToWire(const schema::CollectionSchema& schema, absl::TimeZone zone,
                  schema_pb::CollectionSchema* out);

}  // namespace elanus::proxy
