#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "common/clock.h"
#include "common/metrics.h"
#include "coord/task_runner.h"
#include "index/index_kinds.h"
#include "meta/meta_store.h"
#include "schema/schema_limits.h"
#include "storage/object_store.h"

namespace elanus::coord {

// Limits that the configuration may change while the server runs. The defaults are the protocol's.
struct Limits {
  schema::SchemaLimits schema;
  int64_t shards_max = 16;
  int64_t partitions_max = 1024;  // A collection.
  int64_t databases_max = 64;
  int64_t collections_max = 65536;
  int64_t collections_per_database_max = 65536;
  int64_t general_capacity_max = 65536;  // Sum of partitions * shards.
  int64_t index_params_bytes_max = 102400;
  int64_t default_partitions_with_key = 16;  // Of a collection with a partition key.
  index::AutoIndexRules auto_index;   // Of all collections but those of query_mode=large_topk.
  std::string auto_index_large_topk;  // Of these, in large_topk_build.
  int32_t replicas_max = 1;           // As many as there are query nodes.
};

struct Options {
  Limits limits;
  int64_t index_rows_min = 1024;  // Smaller segments are searched without an index.
  int64_t default_ttl_s = -1;     // Of rows of collections that say nothing about it; -1: none.
  int index_build_parallel = 1;
  int index_build_attempts_max = 3;  // Of one build, when it fails for a reason that may pass.
  uint64_t timestamp_lease_ms = 3000;
  int64_t id_lease = 1 << 20;
  std::string instance;  // Name of a new installation; empty: drawn at random.
};

// What the coordinator works with. All of it outlives the coordinator.
struct Environment {
  const Clock& clock;
  meta::MetaStore& store;
  storage::ObjectStore* objects = nullptr;  // Null: nothing is ever removed.
  TaskRunner run_build;                     // Index builds: long.
  TaskRunner run_cleanup;                   // Removal of objects, time leases: short.
  TaskRunner run_compaction = nullptr;      // Merges with their index builds: long.
  MetricRegistry* metrics = nullptr;        // Null: nothing is counted.
  // Opens the place outside of the cluster that a path of a client names; null: there is none.
  std::function<absl::StatusOr<std::unique_ptr<storage::ObjectStore>>(const std::string& path)>
      open_external = nullptr;
};

}  // namespace elanus::coord
