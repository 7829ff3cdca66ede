// What a data node does for the proxy and the coordinator: it owns shards, appends to the log, keeps
// growing segments and flushes them.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/cancellation.h"
#include "common/status.h"
#include "common/timestamp.h"
#include "meta/row_expiry.h"
#include "meta/types.h"
#include "schema/row_batch.h"

namespace elanus::roles {

// Rows for one shard and partition.
struct RowGroup {
  int32_t shard = 0;
  PartitionId partition;
  schema::RowBatch rows;              // Checked and complete: keys, defaults, $meta filled.
};

// One insert, delete or upsert. All of it becomes visible at one timestamp, or nothing does.
struct WriteRequest {
  meta::CollectionPtr collection;
  std::vector<RowGroup> inserts;
  schema::Column deleted_keys;        // Empty for a plain insert.
  PartitionId delete_partition{-1};   // -1 = every partition.
};

struct FlushResult {
  std::vector<SegmentId> sealed;      // By this call.
  std::vector<SegmentId> flushed;     // All flushed segments of the collection.
  Timestamp flush_timestamp;          // Everything at or before this is in segment files.
};

// Segments of one partition and shard that are to become one, or one for each range of a field.
struct CompactionTask {
  meta::CollectionPtr collection;
  std::vector<meta::SegmentPtr> sources;
  SegmentId target;                   // The first one made; further ones draw ids of their own.
  FieldId cluster_by;                 // Its ranges become segments; not valid: all become one,
  int64_t segment_bytes = 0;          // of about so many bytes each.
  Timestamp drop_until;               // Rows that delta files hide at or before this are left out,
  meta::RowExpiry expiry;             // and those that are expired
  Timestamp now;                      // at this time.
};

// Delta files of one collection whose deletes are to stand in one.
struct DeltaMergeTask {
  CollectionId collection;                        // Gets the new one.
  std::vector<meta::Delta> sources;               // May be of another collection.
  Timestamp until;                                // Later deletes are left out.
  // Of deletes of the same keys at or before this only the last is kept: nobody reads from between.
  Timestamp settled;
  std::map<PartitionId, PartitionId> partitions;  // What the sources' are called; empty: as they are.
};

struct GrowingSummary {
  SegmentId id;
  CollectionId collection;
  PartitionId partition;
  int32_t shard = 0;
  int64_t num_rows = 0;
  int64_t bytes = 0;
};

class DataNode {
 public:
  virtual ~DataNode() = default;
  // Returns when the write is durable and visible, with its timestamp.
  virtual absl::StatusOr<Timestamp> Write(WriteRequest request) = 0;
  // Seals the collection's growing segments and waits until they are flushed.
  virtual absl::StatusOr<FlushResult> Flush(CollectionId collection, const Cancellation& cancellation) = 0;
  // True when everything at or before `at` of the collection is in segment files.
  virtual bool IsFlushed(CollectionId collection, Timestamp at) = 0;
  virtual std::vector<GrowingSummary> GrowingSegments(CollectionId collection) = 0;
  // Writes the files of the new segments and reads them back; what they replace stays as it is. No
  // row is left: no segment. Blocks for the whole merge. Threads: any.
  virtual absl::StatusOr<std::vector<meta::Segment>> Compact(const CompactionTask& task,
                                                             const Cancellation& cancellation) = 0;

  // --- From the coordinator, after it committed ---
  virtual void OnCollectionDropped(CollectionId collection) = 0;
  virtual void OnPartitionDropped(CollectionId collection, PartitionId partition) = 0;
  virtual void OnCollectionTruncated(CollectionId collection, Timestamp at) = 0;

  // --- Deletes ---
  // Writes the merged file; the sources stay as they are. Nothing if no delete is left.
  virtual absl::StatusOr<std::optional<meta::Delta>> MergeDeltas(
      const DeltaMergeTask& task, const Cancellation& cancellation) = 0;
};

}  // namespace elanus::roles
