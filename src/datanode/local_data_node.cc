#include "datanode/local_data_node.h"

#include <algorithm>

#include "absl/synchronization/notification.h"
#include "common/check.h"
#include "common/crash_point.h"

namespace elanus::datanode {

// A write between its place in the log and its visibility.
struct LocalDataNode::PendingWrite {
  meta::CollectionPtr collection;
  std::shared_ptr<segment::SegmentSet> set;
  log::DmlRecord record;
  size_t log_bytes = 0;                 // Of the record as the log has it.
  std::vector<OpenSegmentPtr> targets;  // One per insert of the record.
  absl::Status status;
  absl::Notification applied;
};

LocalDataNode::LocalDataNode(Parts parts, DataNodeOptions options)
    : parts_(parts),
      options_(options),
      applied_end_(0),
      applier_({.name = "applier", .num_threads = 1, .queue_max = SIZE_MAX}) {}

LocalDataNode::~LocalDataNode() {
  Stop();
}

void LocalDataNode::Stop() {
  {
    absl::MutexLock lock(&order_mutex_);
    stopped_ = true;
  }
  // Until then the log's thread hands writes to the applier.
  parts_.watermark.WaitApplied(kMaxTimestamp);
  applier_.Stop();
  absl::MutexLock lock(&background_state_->mutex);
  background_state_->stopped = true;
  while (background_state_->running > 0) background_state_->idle.Wait(&background_state_->mutex);
}

absl::StatusOr<OpenSegmentPtr> LocalDataNode::NewSegment(const meta::Collection& collection,
                                                         int32_t shard, PartitionId partition,
                                                         SegmentId id) {
  auto open = std::make_shared<OpenSegment>();
  open->collection = collection.id;
  open->segment =
      std::make_shared<segment::GrowingSegment>(id, partition, shard, collection.schema);
  open->created_ms = open->touched_ms = parts_.clock.WallMs();
  parts_.registry.Get(collection.id)->AddGrowing(open->segment);
  return open;
}

absl::StatusOr<OpenSegmentPtr> LocalDataNode::AssignSegment(const meta::Collection& collection,
                                                            const roles::RowGroup& group) {
  int64_t bytes = 0;
  for (const auto& [field, column] : group.rows.columns) bytes += column.byte_size();
  const OpenSegments::Slot slot{collection.id, group.partition, group.shard};
  OpenSegmentPtr open = segments_.FindOpen(slot);
  if (open != nullptr && open->assigned_rows > 0 &&
      (open->assigned_bytes + bytes > options_.growing_bytes_max ||
       open->assigned_rows + group.rows.num_rows > segment::kMaxGrowingRows)) {
    segments_.Seal(slot);
    StartFlush(collection.id);
    open = nullptr;
  }
  if (open == nullptr) {
    ELANUS_ASSIGN_OR_RETURN(const int64_t id, parts_.coordinator.AllocateIds(1));
    ELANUS_ASSIGN_OR_RETURN(open,
                            NewSegment(collection, group.shard, group.partition, SegmentId(id)));
    segments_.Open(slot, open);
  }
  open->assigned_bytes += bytes;
  open->assigned_rows += group.rows.num_rows;
  open->touched_ms = parts_.clock.WallMs();
  return open;
}

absl::Status LocalDataNode::CheckWritable(const meta::Collection& collection,
                                          const roles::WriteRequest& request) {
  for (const roles::RowGroup& group : request.inserts) {
    // Dropped since the caller looked it up: rows there would be seen until the next start.
    if (collection.FindPartition(group.partition) == nullptr) {
      return UserError(ErrorCode::kPartitionNotFound, "partition not found[partition={}]",
                       group.partition);
    }
  }
  if (!request.inserts.empty() && segments_.SealingBytes() > options_.unflushed_bytes_max) {
    if (!flush_failure_.ok()) {
      return RetryableError(ErrorCode::kMemoryLimitExceeded,
                            "memory limit exceeded: too many rows wait to be flushed: {}",
                            std::string(flush_failure_.message()));
    }
    // The code on which clients wait and try again by themselves.
    return RetryableError(ErrorCode::kRateLimit,
                          "rate limit exceeded: rows come faster than they are flushed, {} MB wait",
                          segments_.SealingBytes() >> 20);
  }
  return absl::OkStatus();
}

absl::StatusOr<Timestamp> LocalDataNode::Write(roles::WriteRequest request) {
  for (const roles::RowGroup& group : request.inserts) {
    if (group.rows.num_rows > segment::kMaxGrowingRows) {
      return UserError(ErrorCode::kParameterTooLarge, "one request holds at most {} rows, got {}",
                       segment::kMaxGrowingRows, group.rows.num_rows);
    }
  }
  auto write = std::make_shared<PendingWrite>();
  write->record.collection = request.collection->id;
  write->record.deleted_keys = std::move(request.deleted_keys);
  write->record.delete_partition = request.delete_partition;
  {
    absl::MutexLock lock(&order_mutex_);
    if (stopped_) {
      return RetryableError(ErrorCode::kServiceNotReady, "the server is stopping");
    }
    // The newest form; fails when it was dropped meanwhile.
    ELANUS_ASSIGN_OR_RETURN(write->collection,
                            parts_.coordinator.GetCollection(request.collection->id));
    ELANUS_RETURN_IF_ERROR(CheckWritable(*write->collection, request));
    write->set = parts_.registry.Get(write->collection->id);
    for (roles::RowGroup& group : request.inserts) {
      ELANUS_ASSIGN_OR_RETURN(OpenSegmentPtr open, AssignSegment(*write->collection, group));
      write->record.inserts.push_back(
          {group.shard, group.partition, open->segment->id(), std::move(group.rows)});
      write->targets.push_back(std::move(open));
    }
    write->record.timestamp = parts_.watermark.Begin();
    for (const OpenSegmentPtr& open : write->targets) {
      open->last_assigned = write->record.timestamp;
    }
    std::string encoded = log::EncodeDmlRecord(write->record);
    write->log_bytes = encoded.size();
    parts_.log.Append(std::move(encoded), [this, write](absl::StatusOr<log::Position> position) {
      const bool taken = applier_.Submit([this, write, position] { Apply(*write, position); });
      ELANUS_CHECK(taken);
    });
  }
  write->applied.WaitForNotification();
  ELANUS_RETURN_IF_ERROR(write->status);
  return write->record.timestamp;
}

void LocalDataNode::Apply(PendingWrite& write, absl::StatusOr<log::Position> position) {
  const log::DmlRecord& record = write.record;
  write.status = position.status();
  if (position.ok()) {
    if (record.deleted_keys.num_rows() > 0) {
      write.set->ApplyDeletes(record.deleted_keys.View(), record.timestamp, record.delete_partition,
                              position->value(), /*remember=*/true);
    }
    for (size_t i = 0; i < record.inserts.size(); ++i) {
      uint64_t none = kNoPosition;
      write.targets[i]->first_position.compare_exchange_strong(none, position->value());
      write.targets[i]->segment->Insert(write.collection->schema, record.inserts[i].rows,
                                        record.timestamp);
    }
    applied_end_.store(log::EndOfRecord(*position, write.log_bytes).value());
  }
  parts_.watermark.Applied(record.timestamp);
  write.applied.Notify();
}

std::vector<roles::GrowingSummary> LocalDataNode::GrowingSegments(CollectionId collection) {
  std::vector<OpenSegmentPtr> all;
  {
    absl::MutexLock lock(&order_mutex_);
    all = segments_.All(collection);
  }
  std::vector<roles::GrowingSummary> out;
  for (const OpenSegmentPtr& open : all) {
    const segment::GrowingSegment& segment = *open->segment;
    if (segment.num_rows() == 0) continue;
    out.push_back({segment.id(), open->collection, segment.partition(), segment.shard(),
                   segment.num_rows(), segment.byte_size()});
  }
  return out;
}

void LocalDataNode::OnCollectionDropped(CollectionId collection) {
  absl::MutexLock lock(&order_mutex_);
  segments_.Forget(segments_.All(collection));
  if (const auto set = parts_.registry.Find(collection)) set->Clear();
  parts_.registry.Remove(collection);
  absl::MutexLock flush_lock(&flush_mutexes_mutex_);
  flush_mutexes_.erase(collection);
}

void LocalDataNode::OnPartitionDropped(CollectionId collection, PartitionId partition) {
  absl::MutexLock lock(&order_mutex_);
  std::vector<OpenSegmentPtr> gone;
  for (const OpenSegmentPtr& open : segments_.All(collection)) {
    if (open->segment->partition() == partition) gone.push_back(open);
  }
  segments_.Forget(gone);
  if (const auto set = parts_.registry.Find(collection)) set->RemovePartition(partition);
}

void LocalDataNode::OnCollectionTruncated(CollectionId collection, Timestamp at) {
  std::vector<OpenSegmentPtr> gone;
  std::vector<SegmentId> in_use;
  const auto set = parts_.registry.Find(collection);
  if (set == nullptr) return;
  {
    absl::MutexLock lock(&order_mutex_);
    for (const OpenSegmentPtr& open : segments_.All(collection)) {
      // A write after the truncation may have come already: then only the older rows are hidden.
      if (open->last_assigned <= at) {
        gone.push_back(open);
      } else {
        in_use.push_back(open->segment->id());
      }
    }
    segments_.Forget(gone);
  }
  for (const OpenSegmentPtr& open : gone) set->RemoveGrowing(open->segment->id());
  // Older writes still on their way to segments that stay would come up again after the hiding.
  parts_.watermark.WaitApplied(at);
  set->Truncate(at, in_use);
}

}  // namespace elanus::datanode
