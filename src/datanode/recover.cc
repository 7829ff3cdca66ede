// Replay: the log's records since the last checkpoint become growing segments again.
#include <algorithm>
#include <map>

#include "datanode/local_data_node.h"

namespace elanus::datanode {
namespace {

// Newest delete of each collection that a delta file holds.
class FlushedDeletes {
 public:
  explicit FlushedDeletes(roles::Coordinator& coordinator) : coordinator_(coordinator) {}

  Timestamp Newest(CollectionId collection) {
    const auto [it, added] = newest_.try_emplace(collection);
    if (added) {
      for (const meta::Delta& delta : coordinator_.Deltas(collection)) {
        it->second = std::max(it->second, delta.max_timestamp);
      }
    }
    return it->second;
  }

 private:
  roles::Coordinator& coordinator_;
  std::map<CollectionId, Timestamp> newest_;
};

}  // namespace

absl::Status LocalDataNode::Recover() {
  FlushedDeletes flushed_deletes(parts_.coordinator);
  applied_end_.store(parts_.coordinator.ReplayFrom());
  std::map<SegmentId, OpenSegmentPtr> found;
  const auto replay = [&](log::Position position, std::string_view bytes) -> absl::Status {
    ELANUS_ASSIGN_OR_RETURN(log::DmlRecord record, log::DecodeDmlRecord(bytes));
    applied_end_.store(log::EndOfRecord(position, bytes.size()).value());
    const auto collection = parts_.coordinator.GetCollection(record.collection);
    if (!collection.ok()) return absl::OkStatus();  // Dropped since.
    if (record.timestamp <= (*collection)->truncated) return absl::OkStatus();
    if (record.deleted_keys.num_rows() > 0) {
      const bool remember = record.timestamp > flushed_deletes.Newest(record.collection);
      parts_.registry.Get(record.collection)
          ->ApplyDeletes(record.deleted_keys.View(), record.timestamp, record.delete_partition,
                         position.value(), remember);
    }
    for (log::InsertPart& part : record.inserts) {
      if ((*collection)->FindPartition(part.partition) == nullptr) continue;
      if (parts_.coordinator.IsFlushed(part.segment)) continue;  // In files.
      OpenSegmentPtr& open = found[part.segment];
      if (open == nullptr) {
        ELANUS_ASSIGN_OR_RETURN(open,
                                NewSegment(**collection, part.shard, part.partition, part.segment));
        open->first_position = position.value();
      }
      for (const auto& [field, column] : part.rows.columns) {
        open->assigned_bytes += column.byte_size();
      }
      open->assigned_rows += part.rows.num_rows;
      open->last_assigned = record.timestamp;
      open->segment->Insert((*collection)->schema, part.rows, record.timestamp);
    }
    return absl::OkStatus();
  };
  ELANUS_RETURN_IF_ERROR(parts_.log.Replay(log::Position(parts_.coordinator.ReplayFrom()), replay));

  // Rows go on into the newest segment of a shard and partition; older ones were being sealed.
  absl::MutexLock lock(&order_mutex_);
  for (auto& [id, open] : found) {
    const OpenSegments::Slot slot{open->collection, open->segment->partition(),
                                  open->segment->shard()};
    segments_.Seal(slot);
    segments_.Open(slot, open);
    parts_.watermark.Applied(open->last_assigned);
  }
  return absl::OkStatus();
}

}  // namespace elanus::datanode
