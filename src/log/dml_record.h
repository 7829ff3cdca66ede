// What the log says of a write. One record is one request: all of it is replayed or nothing.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/status.h"
#include "common/strong_id.h"
#include "common/timestamp.h"
#include "schema/row_batch.h"

namespace elanus::log {

struct InsertPart {
  int32_t shard = 0;
  PartitionId partition;
  SegmentId segment;  // The growing segment that takes the rows.
  schema::RowBatch rows;
};

// Deletes come before inserts of the same record (upsert): they hide older rows only.
struct DmlRecord {
  CollectionId collection;
  Timestamp timestamp;
  schema::Column deleted_keys;       // No rows = deletes nothing.
  PartitionId delete_partition{-1};  // -1 = in every partition.
  std::vector<InsertPart> inserts;
};

std::string EncodeDmlRecord(const DmlRecord& record);
absl::StatusOr<DmlRecord> DecodeDmlRecord(std::string_view bytes);

}  // namespace elanus::log
