// What the catalog knows. Plain values; a published one never changes (readers hold
// shared_ptr<const>).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/strong_id.h"
#include "common/timestamp.h"
#include "schema/collection_schema.h"

namespace elanus::meta {

using KeyValues =
    std::vector<std::pair<std::string, std::string>>;  // In the order given, echoed as is.

inline constexpr std::string_view kDefaultDatabase = "default";
inline constexpr std::string_view kDefaultPartition = "_default";

struct Database {
  DatabaseId id;
  std::string name;
  KeyValues properties;
  Timestamp created;
};

struct Partition {
  PartitionId id;
  std::string name;
  Timestamp created;
};

struct Index {
  IndexId id;
  std::string name;
  FieldId field;
  std::string field_name;  // As described to clients (first path segment for a dynamic key).
  KeyValues user_params;   // Byte for byte as received.
  std::string type;        // Resolved: "HNSW" for AUTOINDEX.
  std::string metric;      // Upper case; empty for scalar indexes.
  std::map<std::string, std::string> params;  // Complete build parameters.
  std::string json_path;
  Timestamp created;
};

enum class ConsistencyLevel : int32_t {
  kStrong = 0,
  kSession = 1,
  kBounded = 2,
  kEventually = 3,
  kCustomized = 4
};

// What of a collection is to be searchable. Kept over restarts.
struct LoadSpec {
  bool loaded = false;                  // Some or all of it.
  bool all_partitions = false;          // Partitions created later are loaded too.
  std::vector<PartitionId> partitions;  // When not all.
  std::vector<FieldId> fields;          // Empty = all.
  int32_t replica_number = 1;
};

struct Collection {
  CollectionId id;
  DatabaseId database;
  std::string database_name;
  schema::CollectionSchema schema;  // schema.name is the real name.
  int32_t num_shards = 1;
  ConsistencyLevel consistency = ConsistencyLevel::kBounded;
  KeyValues properties;
  std::vector<Partition> partitions;  // The default one (or the partition-key ones) first.
  std::vector<Index> indexes;
  std::vector<std::string> aliases;
  LoadSpec load;
  Timestamp created;
  Timestamp updated;    // Changes with every alteration of schema, properties, name.
  Timestamp truncated;  // Rows at or before this are gone (TruncateCollection).

  const Partition* FindPartition(std::string_view name) const {
    for (const Partition& partition : partitions) {
      if (partition.name == name) return &partition;
    }
    return nullptr;
  }
  const Partition* FindPartition(PartitionId partition_id) const {
    for (const Partition& partition : partitions) {
      if (partition.id == partition_id) return &partition;
    }
    return nullptr;
  }
  // The index on a vector field, or null.
  const Index* IndexOf(FieldId field_id) const {
    for (const Index& index : indexes) {
      if (index.field == field_id) return &index;
    }
    return nullptr;
  }
  std::optional<std::string> Property(std::string_view key) const {
    for (const auto& [name, value] : properties) {
      if (name == key) return value;
    }
    return std::nullopt;
  }
};
using CollectionPtr = std::shared_ptr<const Collection>;

// Timestamps of a segment's rows are stored as a column of their own under this id.
inline constexpr FieldId kTimestampField{1};

// What values a column of a segment has, cut to a few bytes. Exact but for texts: min_text is what
// the least one begins with, and max_text what the greatest does if there is more of it.
struct ColumnValues {
  enum class Kind { kNone, kInt, kReal, kText } kind = Kind::kNone;  // kNone: nulls and NaN alone.
  int64_t num_nulls = 0;
  bool has_nan = false;  // Beside the range.
  int64_t min_int = 0;
  int64_t max_int = 0;
  double min_real = 0;  // Finite.
  double max_real = 0;
  std::string min_text;
  std::string max_text;
  bool max_is_prefix = false;
  // All of them but null, if they are few: ascending.
  std::vector<int64_t> ints;
  std::vector<std::string> texts;
};

struct FieldFile {
  FieldId field;
  std::string key;  // In the object store.
  int64_t bytes = 0;
  // Of times (the rows' timestamps, Timestamptz): the smallest value, then the largest of each
  // tenth of the rows in ascending order; null counts as INT64_MAX. Empty: not known.
  std::vector<int64_t> quantiles = {};
  // Not the column itself, but frequent paths of this JSON field as columns.
  bool paths = false;
  std::optional<ColumnValues> values = {};  // Nothing: not known.
};

enum class BuildState { kPending, kFinished, kFailed };

// A run of a segment's rows that its index has a part of its own for, up to the first row of the
// next part.
struct IndexPart {
  int64_t first_row = 0;
  int64_t offset = 0;  // Of the part, an index file by itself, in the object.
  int64_t bytes = 0;
};

struct SegmentIndex {
  IndexId index;
  BuildId build;
  BuildState state = BuildState::kPending;
  std::string key;  // Empty: no file (FLAT, too few rows).
  int64_t bytes = 0;
  std::string fail_reason;
  std::vector<IndexPart> parts = {};  // Empty: the object is one index over all rows.
};

// A segment that a compaction has made another one of. Its rows stand in the log up to `log_end`: a
// replay from below that must not take them for rows that no file holds.
struct ReplacedSegment {
  SegmentId id;
  uint64_t log_end = 0;
};

// A flushed (sealed, durable) segment. Rows are sorted by (primary key, timestamp), or by
// (ordered_by, primary key, timestamp) if that is valid.
struct Segment {
  SegmentId id;
  CollectionId collection;
  PartitionId partition;
  int32_t shard = 0;
  int64_t num_rows = 0;
  Timestamp min_timestamp;
  Timestamp max_timestamp;
  Timestamp flushed;  // When it was committed.
  std::vector<FieldFile> files;
  std::vector<SegmentIndex> indexes;
  uint64_t log_end = 0;  // All its rows stand below this in the log.
  // Of a segment that a compaction made:
  std::vector<ReplacedSegment> replaces;  // What it was made of, and what those were made of as far
                                          // as the log may still hold their rows.
  std::vector<SegmentId>
      siblings;               // All that the same compaction made, this one too; only together
                              // they hold what was replaced. Empty: it made no other.
  Timestamp deletes_applied;  // Rows that delta files hide at or before this are left out.
  bool merged = false;        // By a compaction that a client asked for.
  FieldId ordered_by;         // The partition key of a collection whose tenants are isolated.
  // Its rows are a range of this field, and lie nowhere else among those of the same `clustering`.
  FieldId clustered_by;    // Not valid: they are not.
  int64_t clustering = 0;  // The compaction that did it.

  // Of its rows: what is only told twice, as indexes and paths are, does not count.
  int64_t bytes() const {
    int64_t sum = 0;
    for (const FieldFile& file : files) sum += file.paths ? 0 : file.bytes;
    return sum;
  }
};
using SegmentPtr = std::shared_ptr<const Segment>;

// Deletes of one shard, as one object.
struct Delta {
  int64_t id = 0;
  CollectionId collection;
  int32_t shard = 0;
  std::string key;
  int64_t num_rows = 0;
  Timestamp min_timestamp;
  Timestamp max_timestamp;  // Deletes at or before this need no log.
};

// Keeps what a snapshot names from being dropped.
struct SnapshotPin {
  int64_t id = 0;
  uint64_t until_ms = UINT64_MAX;  // Wall clock; the largest: until it is taken away.
};

// A collection as it was at a moment: its definition, its segments and deletes. What it names stays
// in the object store for as long as it exists.
struct SnapshotContent {
  CollectionPtr collection;
  std::vector<SegmentPtr> segments;
  std::vector<Delta> deltas;  // May hold later deletes too: those count up to Snapshot::at.
};
struct Snapshot {
  SnapshotId id;
  std::string name;  // Unique among those of the collection.
  std::string description;
  CollectionId collection;
  Timestamp at;  // Holds the rows that could be read then.
  uint64_t created_ms = 0;
  uint64_t protected_until_ms = 0;  // Until then no compaction takes its segments.
  std::vector<SnapshotPin> pins;
  std::shared_ptr<const SnapshotContent> content;  // In rows of its own.

  bool IsPinned(uint64_t now_ms) const {
    for (const SnapshotPin& pin : pins) {
      if (pin.until_ms > now_ms) return true;
    }
    return false;
  }
};
using SnapshotPtr = std::shared_ptr<const Snapshot>;

// A snapshot that becomes a collection, or is copied out of the cluster. Kept over restarts: what
// was not finished is begun again.
struct RestoreJob {
  enum class State { kPending, kExecuting, kCompleted, kFailed };
  int64_t id = 0;
  SnapshotId snapshot;
  std::string snapshot_name;
  DatabaseId database;  // Of the collection to be.
  std::string database_name;
  std::string collection_name;
  bool copies = false;  // Objects are copied rather than shared.
  // Not empty: the object that describes a snapshot outside of the cluster, which this is of or, if
  // `exports`, becomes.
  std::string uri;
  bool exports = false;  // The database and the collection are those of the snapshot.
  int64_t num_files = 0;
  int64_t num_copied = 0;
  int64_t num_bytes = 0;  // Of all files.
  State state = State::kPending;
  int32_t progress = 0;  // Per cent.
  std::string reason;    // Why it failed.
  uint64_t started_ms = 0;
  uint64_t cost_ms = 0;
};

}  // namespace elanus::meta
