// A field's default value between the wire and our types.
#pragma once

#include "absl/time/time.h"
#include "common/status.h"
#include "proxy/wire_types.h"
#include "schema/collection_schema.h"

namespace elanus::proxy {

// Checks that `field` (type, name, parameters filled) may have a default and that this one fits.
// Nothing set in `value` = no default. Times without offset are in `zone`.
absl::StatusOr<schema::DefaultValue> DefaultFromWire(const schema_pb::ValueField& value,
                                                     const schema::FieldSchema& field,
                                                     absl::TimeZone zone);

void DefaultToWire(const schema::FieldSchema& field, absl::TimeZone zone,
                   schema_pb::ValueField* out);

}  // namespace elanus::proxy
