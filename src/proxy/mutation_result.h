// The answers to writes.
#pragma once

#include <cstdint>
#include <string>

#include "common/status.h"
#include "common/timestamp.h"
#include "meta/types.h"
#include "proxy/wire_types.h"
#include "schema/column.h"

namespace milvus::proto::milvus {
class MutationResult;
}

namespace elanus::proxy {

// The part that inserts and upserts share: keys in row order, succ_index, the count, the timestamp.
void FillRowsResult(const schema::Column& keys, Timestamp timestamp,
                    milvus_pb::MutationResult* result);

// Every row failed.
void FillFailedRows(const absl::Status& error, int64_t num_rows, milvus_pb::MutationResult* result);

// kSchemaMismatch if the client's picture of the schema is not the current one (0 = it has none).
absl::Status CheckSchemaTimestamp(uint64_t sent, const meta::Collection& collection,
                                  const std::string& requested_name);

}  // namespace elanus::proxy
