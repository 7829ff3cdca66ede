// Struct arrays between the wire and our columns. On the wire a struct array is one column that
// holds a column for each of its fields; here each field is a column of its own.
#pragma once

#include <functional>
#include <span>

#include "common/status.h"
#include "proxy/convert_column_in.h"
#include "proxy/convert_column_out.h"
#include "proxy/validity.h"
#include "proxy/wire_types.h"
#include "schema/collection_schema.h"
#include "schema/row_batch.h"

namespace elanus::proxy {

// Appends the columns of all fields of the struct to `rows`. kParameterInvalid if a field is
// missing, unknown or there twice, and if the arrays of a row differ in length or in being null.
absl::Status StructFromWire(const schema_pb::FieldData& data, const schema::StructSchema& owner,
                            const schema::CollectionSchema& schema, const ColumnInOptions& options,
                            schema::RowBatch& rows);

// The arrays of vectors of a request's column; null rows as `validity` says. A row is checked as a
// dense vector is, and its length against the field's capacity.
absl::Status AppendLists(const schema_pb::FieldData& data, const schema::FieldSchema& field,
                         const Validity& validity, schema::Column& column);

// One entry a row, an empty one for null.
void ListsToWire(const schema::ColumnView& column, const schema::FieldSchema& field,
                 std::span<const RowRange> rows, schema_pb::VectorArray* out);

using ColumnOf = std::function<schema::ColumnView(const schema::FieldSchema&)>;

// Of `fields`, which are some of the struct's. A view of `column_of` is used before the next call.
void StructToWire(const schema::StructSchema& owner,
                  std::span<const schema::FieldSchema* const> fields, const ColumnOf& column_of,
                  const ColumnOutOptions& options, schema_pb::FieldData* out);

}  // namespace elanus::proxy
