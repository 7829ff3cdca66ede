// Compaction: the rows of several sealed segments, without those that deletes hide, become one, or
// one for each range of a field.
#include <algorithm>

#include "common/crash_point.h"
#include "common/metric_families.h"
#include "datanode/local_data_node.h"
#include "meta/isolation.h"
#include "segment/expiry_mask.h"
#include "segment/key_split.h"
#include "segment/loaded_deletes.h"
#include "segment/segment_merge.h"

namespace elanus::datanode {
namespace {

// Of segments of so many bytes as the task asks for, by what a row of the sources takes.
int64_t RowsASegment(const roles::CompactionTask& task) {
  int64_t rows = 0, bytes = 0;
  for (const meta::SegmentPtr& source : task.sources) {
    rows += source->num_rows;
    bytes += source->bytes();
  }
  return bytes == 0 ? rows : task.segment_bytes / std::max<int64_t>(bytes / rows, 1);
}

}  // namespace

absl::StatusOr<std::vector<meta::Segment>> LocalDataNode::Compact(
    const roles::CompactionTask& task, const Cancellation& cancellation) {
  const uint64_t begin_ns = parts_.clock.MonotonicNs();
  {
    // Who flushed one of the sources has handed it over to the readers when this is free.
    const std::shared_ptr<absl::Mutex> mutex = FlushMutex(task.collection->id);
    absl::MutexLock flush_lock(mutex.get());
  }
  meta::Segment made;
  made.id = task.target;
  made.collection = task.collection->id;
  made.partition = task.sources.front()->partition;
  made.shard = task.sources.front()->shard;
  made.ordered_by = meta::IsolatedBy(*task.collection);

  segment::LoadedDeletes deletes(parts_.store);
  for (const meta::Delta& delta : parts_.coordinator.Deltas(task.collection->id)) {
    made.deletes_applied = std::max(made.deletes_applied, delta.max_timestamp);
    const bool needed =
        std::any_of(task.sources.begin(), task.sources.end(), [&](const meta::SegmentPtr& source) {
          return delta.max_timestamp >= source->min_timestamp &&
                 delta.max_timestamp > source->deletes_applied;
        });
    if (needed) ELANUS_RETURN_IF_ERROR(deletes.Add(delta.id, delta.key));
  }
  // Deletes come into files in the order of time: there will be no older ones.
  made.deletes_applied = std::min(made.deletes_applied, task.drop_until);

  const segment::ExpiryMask expired({.inserted_up_to = task.expiry.InsertedUpTo(task.now),
                                     .field = task.collection->schema.Find(task.expiry.field),
                                     .micros = meta::ExpiredMicros(task.now)});
  std::vector<segment::MergeInput> inputs;
  for (const meta::SegmentPtr& source : task.sources) {
    ELANUS_RETURN_IF_ERROR(cancellation.Check());
    // Nothing of it is left, which is known without reading it.
    if (meta::ExpiredRows(*source, task.expiry, task.now) == source->num_rows) continue;
    ELANUS_ASSIGN_OR_RETURN(
        const auto segment,
        segment::SealedSegment::Open(FilesOf(*source), task.collection->schema, parts_.store));
    deletes.ApplyTo(*segment);
    if (source->min_timestamp <= task.collection->truncated) {
      segment->HideUpTo(task.collection->truncated);
    }
    kernels::Bitset kept(segment->num_rows(), true);
    segment->deletes().Hide(task.drop_until, kept);
    ELANUS_RETURN_IF_ERROR(expired.Hide(*segment, task.collection->schema, kept, cancellation));
    inputs.push_back({segment, std::move(kept)});
  }

  CrashPoint("compact.before_files");
  std::vector<meta::Segment> all;
  const absl::Status written = WriteParts(task, inputs, made, cancellation, all);
  if (!written.ok()) {
    for (const meta::Segment& part : all) {
      for (const meta::FieldFile& file : part.files) parts_.store.Remove(file.key).IgnoreError();
    }
    return written;
  }
  if (!all.empty()) CrashPoint("compact.after_files");
  if (parts_.metrics != nullptr) {
    const char* const type = task.cluster_by.valid() ? "ClusteringCompaction" : "MixCompaction";
    parts_.metrics->GetHistogram(metric::kDataNodeCompactionLatency, {type})
        ->Observe(static_cast<double>(parts_.clock.MonotonicNs() - begin_ns) / 1e6);
    for (const meta::Segment& part : all) {
      parts_.metrics->GetCounter(metric::kDataNodeFlushedRows, {"compaction"})
          ->Add(static_cast<uint64_t>(part.num_rows));
      parts_.metrics->GetCounter(metric::kDataNodeFlushedBytes, {"compaction", "L1"})
          ->Add(static_cast<uint64_t>(part.bytes()));
    }
  }
  return all;
}

absl::Status LocalDataNode::WriteParts(const roles::CompactionTask& task,
                                       const std::vector<segment::MergeInput>& inputs,
                                       const meta::Segment& what, const Cancellation& cancellation,
                                       std::vector<meta::Segment>& all) {
  segment::KeySplit split;
  if (task.cluster_by.valid()) {
    const schema::FieldSchema* key = task.collection->schema.Find(task.cluster_by);
    if (key == nullptr || !segment::CanSplitBy(key->type)) {
      return UserError(ErrorCode::kFieldNotFound, "field not found[field={}]", task.cluster_by);
    }
    ELANUS_ASSIGN_OR_RETURN(split,
                            segment::SplitByKey(inputs, *key, RowsASegment(task), cancellation));
  }
  const int num_parts = task.cluster_by.valid() ? split.num_parts : 1;
  for (int i = 0; i < num_parts; ++i) {
    meta::Segment& made = all.emplace_back(what);
    if (i > 0) {
      CrashPoint("compact.between_segments");
      ELANUS_ASSIGN_OR_RETURN(const int64_t id, parts_.coordinator.AllocateIds(1));
      made.id = SegmentId(id);
    }
    ELANUS_RETURN_IF_ERROR(WriteMerged(
        *task.collection, num_parts == 1 ? inputs : split.RowsOf(i, inputs), cancellation, made));
    if (made.num_rows == 0) all.pop_back();
  }
  return absl::OkStatus();
}

absl::Status LocalDataNode::WriteMerged(const meta::Collection& collection,
                                        const std::vector<segment::MergeInput>& inputs,
                                        const Cancellation& cancellation, meta::Segment& made) {
  ELANUS_ASSIGN_OR_RETURN(
      const int64_t log_id,
      parts_.coordinator.AllocateIds(static_cast<int64_t>(collection.schema.fields.size()) + 1));
  ELANUS_ASSIGN_OR_RETURN(segment::MergedRows merged,
                          segment::MergeSegments(inputs, collection.schema, meta::kTimestampField,
                                                 ColumnKeys(made, log_id), parts_.store,
                                                 cancellation, WriteOptionsOf(made)));
  made.num_rows = merged.num_rows;
  made.min_timestamp = merged.min_timestamp;
  made.max_timestamp = merged.max_timestamp;
  AddFiles(std::move(merged.columns), made);
  if (made.num_rows == 0) return absl::OkStatus();
  // What it is made of goes away once it is committed: every block is read back and checked before.
  return segment::SealedSegment::Open(FilesOf(made), collection.schema, parts_.store).status();
}

}  // namespace elanus::datanode
