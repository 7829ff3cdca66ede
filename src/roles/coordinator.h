// What the coordinator does for the other roles: names, schemas, ids, timestamps, the life of
// segments.
//
// Every change is durable when the call returns. Errors carry the codes and texts that clients know
// (contract: protocol.md 4 and 5). Threads: any. `db` is "" for the default database.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/cancellation.h"
#include "common/status.h"
#include "common/timestamp.h"
#include "meta/types.h"

namespace elanus::roles {

struct CreateCollectionRequest {
  std::string db;
  schema::CollectionSchema schema;  // Field ids unset; $meta is added when dynamic.
  int32_t num_shards = 0;           // 0 = default (1).
  int64_t num_partitions = 0;       // Of a partition-key collection; 0 = default (16).
  meta::ConsistencyLevel consistency = meta::ConsistencyLevel::kBounded;
  meta::KeyValues properties;
};

struct CreateIndexRequest {
  std::string db;
  std::string collection;
  std::string field_name;  // May name a dynamic key.
  std::string index_name;  // Empty = the default name.
  meta::KeyValues params;
};

// State of one index over the flushed segments.
struct IndexProgress {
  meta::Index index;
  int64_t total_rows = 0;
  int64_t indexed_rows = 0;
  int64_t pending_rows = 0;
  meta::BuildState state = meta::BuildState::kFinished;  // kPending = in progress.
  std::string fail_reason;                               // "segmentID: reason;" joined.
};

struct LoadRequest {
  std::string db;
  std::string collection;
  std::vector<std::string> partitions;  // Empty with `whole_collection`.
  bool whole_collection = true;
  std::vector<std::string> fields;  // Empty = all.
  bool skip_dynamic_field = false;
  int32_t replica_number = 0;  // 0 = as it is, or 1.
  bool refresh = false;
};

// A compaction that a client asks for.
struct CompactionRequest {
  CollectionId collection;
  PartitionId partition{-1};        // -1 = all.
  std::vector<SegmentId> segments;  // Empty = all of them.
  int64_t target_bytes = 0;         // Of a merged segment; 0 = as configured.
  bool deletes_only = false;        // Nothing is merged.
  bool clusters = false;            // Rows are put together by the collection's clustering key.
};

// Segments merged into one or several, or about to be.
struct CompactionPlan {
  std::vector<SegmentId> sources;
  std::vector<SegmentId> targets;  // None before it is done, or if no row was left.
  enum class State { kWaiting, kRunning, kDone, kFailed } state = State::kWaiting;
  std::string fail_reason;
};

struct CompactionJob {
  int64_t id = 0;
  CollectionId collection;
  std::vector<CompactionPlan> plans;
};

struct SnapshotRequest {
  std::string db;
  std::string collection;
  std::string name;
  std::string description;
  int64_t protection_s = 0;  // So long no compaction takes its segments.
};

struct RestoreRequest {
  std::string db;  // Of the collection that the snapshot is of.
  std::string collection;
  std::string name;
  std::string target_db;
  std::string target_collection;  // Must not exist.
  bool copies = false;            // Copies objects instead of sharing them.
};

struct ExportRequest {
  std::string db;
  std::string collection;
  std::string name;
  std::string path;  // Where it goes, as clients name it.
};

struct ExternalRestoreRequest {
  std::string uri;  // What an export returned.
  std::string target_db;
  std::string target_collection;  // Must not exist.
};

class Coordinator {
 public:
  virtual ~Coordinator() = default;

  // --- Time and ids ---
  // Above every timestamp handed out before, restarts included.
  virtual Timestamp AllocateTimestamp() = 0;
  // The first of `count` consecutive ids, never given before.
  virtual absl::StatusOr<int64_t> AllocateIds(int64_t count) = 0;
  // Objects whose keys have an id that is given from now on are not collected as garbage while the
  // result lives: by then they are in the catalog or given up.
  virtual std::shared_ptr<void> HoldIds() = 0;

  // --- Databases ---
  virtual absl::Status CreateDatabase(const std::string& name,
                                      const meta::KeyValues& properties) = 0;
  virtual absl::Status DropDatabase(const std::string& name) = 0;
  virtual absl::Status AlterDatabase(const std::string& name, const meta::KeyValues& set,
                                     const std::vector<std::string>& delete_keys) = 0;
  virtual absl::StatusOr<meta::Database> DescribeDatabase(const std::string& name) = 0;
  virtual std::vector<meta::Database> ListDatabases() = 0;

  // --- Collections ---
  virtual absl::Status CreateCollection(const CreateCollectionRequest& request) = 0;
  virtual absl::Status DropCollection(const std::string& db, const std::string& name) = 0;
  virtual absl::Status TruncateCollection(const std::string& db, const std::string& name) = 0;
  virtual absl::Status RenameCollection(const std::string& db, const std::string& old_name,
                                        const std::string& new_db, const std::string& new_name) = 0;
  // By name or alias. kCollectionNotFound "collection not found[database=..][collection=..]",
  // kDatabaseNotFound for an unknown database. Cheap: one hash look-up under a shared lock.
  virtual absl::StatusOr<meta::CollectionPtr> GetCollection(std::string_view db,
                                                            std::string_view name) = 0;
  virtual absl::StatusOr<meta::CollectionPtr> GetCollection(CollectionId id) = 0;
  virtual absl::StatusOr<std::vector<meta::CollectionPtr>> ListCollections(
      const std::string& db) = 0;
  virtual std::vector<meta::CollectionPtr> AllCollections() = 0;
  virtual absl::Status AlterCollection(const std::string& db, const std::string& name,
                                       const meta::KeyValues& set,
                                       const std::vector<std::string>& delete_keys) = 0;
  virtual absl::Status AlterField(const std::string& db, const std::string& collection,
                                  const std::string& field, const meta::KeyValues& set,
                                  const std::vector<std::string>& delete_keys) = 0;
  virtual absl::Status AddField(const std::string& db, const std::string& collection,
                                schema::FieldSchema field) = 0;
  // Ids are neither read nor needed.
  virtual absl::Status AddStruct(const std::string& db, const std::string& collection,
                                 const schema::StructSchema& added,
                                 std::vector<schema::FieldSchema> fields) = 0;

  // --- Partitions ---
  virtual absl::Status CreatePartition(const std::string& db, const std::string& collection,
                                       const std::string& name) = 0;
  virtual absl::Status DropPartition(const std::string& db, const std::string& collection,
                                     const std::string& name) = 0;

  // --- Aliases ---
  virtual absl::Status CreateAlias(const std::string& db, const std::string& collection,
                                   const std::string& alias) = 0;
  virtual absl::Status DropAlias(const std::string& db, const std::string& alias) = 0;
  virtual absl::Status AlterAlias(const std::string& db, const std::string& collection,
                                  const std::string& alias) = 0;
  // The collection behind an alias.
  virtual absl::StatusOr<meta::CollectionPtr> DescribeAlias(const std::string& db,
                                                            const std::string& alias) = 0;

  // --- Indexes ---
  virtual absl::Status CreateIndex(const CreateIndexRequest& request) = 0;
  virtual absl::Status DropIndex(const std::string& db, const std::string& collection,
                                 const std::string& field, const std::string& index_name) = 0;
  virtual absl::Status AlterIndex(const std::string& db, const std::string& collection,
                                  const std::string& index_name, const meta::KeyValues& set,
                                  const std::vector<std::string>& delete_keys) = 0;
  // Indexes of a collection (all if the name is empty), over segments flushed at or before `at`
  // (zero = now). kIndexNotFound if there is none.
  virtual absl::StatusOr<std::vector<IndexProgress>> DescribeIndexes(const std::string& db,
                                                                     const std::string& collection,
                                                                     const std::string& index_name,
                                                                     Timestamp at) = 0;
  // Builds a segment's index anew whose file, `key`, turned out to be damaged. Nothing happens if
  // the index has another file by now.
  virtual absl::Status RebuildIndex(SegmentId segment, IndexId index, const std::string& key) = 0;

  // --- Load ---
  // Checks, makes it durable and tells the query node; returns when accepted.
  virtual absl::Status Load(const LoadRequest& request) = 0;
  virtual absl::Status ReleaseCollection(const std::string& db, const std::string& collection) = 0;
  virtual absl::Status ReleasePartitions(const std::string& db, const std::string& collection,
                                         const std::vector<std::string>& partitions) = 0;

  // --- Segments (for data, query and index nodes) ---
  virtual std::vector<meta::SegmentPtr> Segments(CollectionId collection) = 0;
  virtual std::vector<meta::Delta> Deltas(CollectionId collection) = 0;
  virtual std::optional<meta::SegmentPtr> FindSegment(SegmentId id) = 0;
  // One transaction: new flushed segments, new deltas, the log position that replay starts from.
  // Segments of collections or partitions dropped meanwhile are left out (their objects are
  // garbage). Returns the segments that were committed.
  virtual absl::StatusOr<std::vector<meta::SegmentPtr>> CommitFlush(
      std::vector<meta::Segment> segments, std::vector<meta::Delta> deltas,
      std::optional<uint64_t> replay_from) = 0;
  virtual uint64_t ReplayFrom() = 0;
  // The segment was flushed: it is in the catalog, or what it was merged into is.
  virtual bool IsFlushed(SegmentId id) = 0;

  // --- Compaction ---
  // Plans and begins; the job says what. A job without plans has nothing to do and is not kept.
  virtual absl::StatusOr<CompactionJob> Compact(const CompactionRequest& request) = 0;
  // A job of this process, as it stands; nothing for an id that is not known (any more).
  virtual std::optional<CompactionJob> FindCompaction(int64_t job) = 0;

  // --- Snapshots ---
  // Flushes the collection first: what was acknowledged before the call is in it.
  virtual absl::Status CreateSnapshot(const SnapshotRequest& request,
                                      const Cancellation& cancellation) = 0;
  // kSnapshotNotFound if there is none, kSnapshotPinned while it is pinned or restored.
  virtual absl::Status DropSnapshot(const std::string& db, const std::string& collection,
                                    const std::string& name) = 0;
  virtual absl::StatusOr<meta::SnapshotPtr> GetSnapshot(const std::string& db,
                                                        const std::string& collection,
                                                        const std::string& name) = 0;
  // Of one collection, or of all of a database if the name is empty.
  virtual absl::StatusOr<std::vector<meta::SnapshotPtr>> ListSnapshots(
      const std::string& db, const std::string& collection) = 0;
  // Makes a collection of it; the job that is returned goes on behind or has ended.
  virtual absl::StatusOr<int64_t> RestoreSnapshot(const RestoreRequest& request) = 0;
  virtual std::vector<meta::RestoreJob> RestoreJobs() = 0;  // And of exports.
  // Copies all that the snapshot names to a place outside of the cluster. Blocks until that is
  // done; a job that the process does not live to end goes on with the next one. Returns the job.
  virtual absl::StatusOr<meta::RestoreJob> ExportSnapshot(const ExportRequest& request) = 0;
  // Makes a collection of a snapshot that was exported, perhaps by another cluster.
  virtual absl::StatusOr<int64_t> RestoreExternalSnapshot(
      const ExternalRestoreRequest& request) = 0;
  // Keeps a snapshot from being dropped; `ttl_s` 0: until it is unpinned. Returns the pin's id.
  virtual absl::StatusOr<int64_t> PinSnapshot(const std::string& db, const std::string& collection,
                                              const std::string& name, int64_t ttl_s) = 0;
  // A pin that is not there (any more): nothing happens.
  virtual absl::Status UnpinSnapshot(int64_t pin) = 0;
};

}  // namespace elanus::roles
