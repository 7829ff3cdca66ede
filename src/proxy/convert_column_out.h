// Our columns into those of answers.
//
// The two layouts of nullable columns differ: scalars, JSON and arrays have an entry for every row
// (a placeholder where the row is null), and so have arrays of vectors; dense vectors only for
// valid rows; both carry valid_data.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "proxy/time_parts.h"
#include "proxy/wire_types.h"
#include "schema/collection_schema.h"
#include "schema/column.h"

namespace elanus::proxy {

// Rows [begin, begin + count) of a column.
struct RowRange {
  int64_t begin = 0;
  int64_t count = 0;
};

struct ColumnOutOptions {
  std::span<const RowRange> rows;  // In the order of the answer.
  absl::TimeZone zone;             // Of times.
  std::span<const TimePart> time_parts =
      {};  // Times come as arrays of these parts if there are any.
};

// Name, type and id are the field's, also when there are no rows: clients need typed empty columns.
void ColumnToWire(const schema::ColumnView& column, const schema::FieldSchema& field,
                  const ColumnOutOptions& options, schema_pb::FieldData* out);

// The dynamic field: whole objects, or reduced to `keys` if there are any.
void DynamicColumnToWire(const schema::ColumnView& column, const schema::FieldSchema& field,
                         std::span<const std::string> keys, const ColumnOutOptions& options,
                         schema_pb::FieldData* out);

// Primary keys.
void KeysToWire(const schema::ColumnView& keys, std::span<const RowRange> rows,
                schema_pb::IDs* out);
// An IDs message without keys, of the kind that the field's type asks for.
void NoKeysToWire(const schema::FieldSchema& primary_key, schema_pb::IDs* out);

}  // namespace elanus::proxy
