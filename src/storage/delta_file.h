// Deletes of one shard between two checkpoints, as one object (delta_log/...).
#pragma once

#include <string>
#include <vector>

#include "common/status.h"
#include "common/timestamp.h"
#include "schema/column.h"

namespace elanus::storage {

struct DeltaRows {
  schema::Column keys;                // Int64 or VarChar.
  std::vector<Timestamp> timestamps;  // One a key; ascending.
  std::vector<int64_t> partitions;    // One a key: partition id, or -1 for every partition.
};

absl::StatusOr<std::string> EncodeDeltaFile(const DeltaRows& rows);
absl::StatusOr<DeltaRows> DecodeDeltaFile(std::span<const uint8_t> file, std::string_view name);

}  // namespace elanus::storage
