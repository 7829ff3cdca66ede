// Dense vectors of insert requests: where their bytes are, checks, and the way into a column.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "common/status.h"
#include "proxy/validity.h"
#include "proxy/wire_types.h"
#include "schema/collection_schema.h"
#include "schema/column.h"

namespace elanus::proxy {

// Vectors of the field's own type, row-major: in the request, or converted from float32.
struct VectorBytes {
  const uint8_t* data = nullptr;
  int64_t num_rows = 0;
  std::vector<uint16_t> converted;
};

// The request's dim must be the schema's, unless the column holds no vector at all.
absl::Status CheckVectorDim(const schema_pb::FieldData& data, const schema::FieldSchema& field,
                            int64_t num_valid);

absl::StatusOr<VectorBytes> VectorsFromWire(const schema_pb::VectorField& vectors,
                                            const schema::FieldSchema& field);

// No NaN, no infinity. `data` holds vectors of the field's type.
absl::Status CheckVectorValues(const uint8_t* data, int64_t bytes,
                               const schema::FieldSchema& field);

// Checks the values (no NaN, no infinity) and appends them; null rows as `validity` says.
absl::Status AppendVectors(const VectorBytes& vectors, const schema::FieldSchema& field,
                           const Validity& validity, schema::Column& column);

}  // namespace elanus::proxy
