// Columns of insert and upsert requests into ours, checked (types, ranges, lengths, nulls).
#pragma once

#include <cstdint>

#include "absl/time/time.h"
#include "common/status.h"
#include "proxy/wire_types.h"
#include "schema/collection_schema.h"
#include "schema/column.h"

namespace elanus::proxy {

struct ColumnInOptions {
  int64_t num_rows = 0;
  absl::TimeZone zone;  // Of times without offset.
  // Dynamic rows: also refuse keys that are static fields of this schema. Null = do not check.
  const schema::CollectionSchema* static_fields = nullptr;
};

// Nullable fields and fields with a default arrive compact: only the valid rows, with one flag a
// row in valid_data. A null takes the default if there is one. Packed fixed-width values are copied
// once.
absl::StatusOr<schema::Column> ColumnFromWire(const schema_pb::FieldData& data,
                                              const schema::FieldSchema& field,
                                              const ColumnInOptions& options);

}  // namespace elanus::proxy
