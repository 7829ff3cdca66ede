// Which names clients may give. Messages are those that clients know.
#pragma once

#include <string_view>

#include "common/status.h"
#include "schema/schema_limits.h"

namespace elanus::schema {

absl::Status CheckDatabaseName(std::string_view name, const SchemaLimits& limits);
absl::Status CheckCollectionName(std::string_view name, const SchemaLimits& limits);
absl::Status CheckAliasName(std::string_view name, const SchemaLimits& limits);
// May begin with a digit and contain "-".
absl::Status CheckPartitionName(std::string_view name, const SchemaLimits& limits);
absl::Status CheckSnapshotName(std::string_view name, const SchemaLimits& limits);
// Refuses words of the filter language and system names as well.
absl::Status CheckFieldName(std::string_view name, const SchemaLimits& limits);
// May contain "[" and "]".
absl::Status CheckIndexName(std::string_view name, const SchemaLimits& limits);

}  // namespace elanus::schema
