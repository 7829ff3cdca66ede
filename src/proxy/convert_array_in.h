// One ARRAY value of a request into the bytes of schema/array_value.h.
#pragma once

#include <cstdint>
#include <string>

#include "common/status.h"
#include "proxy/wire_types.h"
#include "schema/collection_schema.h"

namespace elanus::proxy {

// kParameterInvalid if a row has more elements than the field admits.
absl::Status CheckCapacity(int64_t count, const schema::FieldSchema& field, int64_t row);

absl::StatusOr<std::string> ArrayFromWire(const schema_pb::ScalarField& value,
                                          const schema::FieldSchema& field, int64_t row);

}  // namespace elanus::proxy
