// The parts of ValidateField; see validate.h.
#pragma once

#include "common/status.h"
#include "schema/collection_schema.h"
#include "schema/schema_limits.h"

namespace elanus::schema {

// Unquotes parameters and gives each key one spelling.
void NormalizeParams(Properties& params);
// The type itself and its dim, max_length, max_capacity.
absl::Status CheckType(const FieldSchema& field, const SchemaLimits& limits);
// Primary key, partition key, clustering key, auto id, nullable.
absl::Status CheckFlags(const FieldSchema& field);
// The default's kind and range.
absl::Status CheckDefault(const FieldSchema& field);

}  // namespace elanus::schema
