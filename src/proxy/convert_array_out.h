// The bytes of one ARRAY value (schema/array_value.h) into the message of an answer.
#pragma once

#include <string_view>

#include "proxy/wire_types.h"
#include "schema/data_type.h"

namespace elanus::proxy {

// The slot is set also for an empty array; no bytes (a null row) give an empty array.
void ArrayToWire(std::string_view bytes, schema::DataType element_type,
                 schema_pb::ScalarField* out);

}  // namespace elanus::proxy
