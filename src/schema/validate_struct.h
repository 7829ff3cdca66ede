// The rules of struct arrays; a part of ValidateSchema, see validate.h.
#pragma once

#include "common/status.h"
#include "schema/collection_schema.h"
#include "schema/schema_limits.h"

namespace elanus::schema {

// Every struct of the schema with its sub-fields, which passed ValidateField, and that no sub-field
// is without its struct. Makes the sub-fields of a nullable struct nullable.
absl::Status ValidateStructs(CollectionSchema& schema, const SchemaLimits& limits);

// What only a sub-field has to keep to: its type, and what it must not be.
absl::Status CheckSubField(const FieldSchema& field);

}  // namespace elanus::schema
