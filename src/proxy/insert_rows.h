// The rows of an insert or upsert request: columns matched to fields by name, then completed.
#pragma once

#include <cstdint>

#include "common/status.h"
#include "meta/types.h"
#include "proxy/wire_types.h"
#include "schema/row_batch.h"

namespace elanus::proxy {

// The columns as sent, checked one by one: known, not repeated, of num_rows rows. `partial`: names
// of dynamic keys are not compared with the fields' (partial update).
absl::StatusOr<schema::RowBatch> ReadSentColumns(const WireColumns& columns, int64_t num_rows,
                                                 const meta::Collection& collection, bool partial);

// Adds what was not sent: defaults, nulls, empty dynamic objects. kParameterInvalid for a missing
// required column. Columns come out in the order of the schema. The primary key must be there.
absl::Status AddMissingColumns(const schema::CollectionSchema& schema, schema::RowBatch& rows);

// A primary key column of `count` consecutive ids.
schema::Column AutoIdColumn(const schema::FieldSchema& primary_key, int64_t first, int64_t count);

// True if keys of an auto-id collection may be given on insert.
bool MayAssignKeys(const meta::Collection& collection);

// kParameterInvalid if a key occurs twice.
absl::Status CheckDistinctKeys(const schema::Column& keys);

}  // namespace elanus::proxy
