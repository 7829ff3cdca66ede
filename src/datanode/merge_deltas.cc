// Delta files: the deletes of several become one file.
#include <algorithm>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "common/crash_point.h"
#include "datanode/local_data_node.h"
#include "schema/primary_key.h"
#include "storage/delta_file.h"

namespace elanus::datanode {
namespace {

// The deletes of several files, not in order yet.
class DeltaUnion {
 public:
  absl::Status Add(storage::DeltaRows rows, const roles::DeltaMergeTask& task) {
    if (files_.empty()) {
      type_ = rows.keys.type();
    } else if (rows.keys.type().type != type_.type) {
      return InternalError(ErrorCode::kDataIntegrity,
                           "delta files of one collection differ in keys");
    }
    for (int64_t& partition : rows.partitions) {
      if (partition < 0 || task.partitions.empty()) continue;
      const auto it = task.partitions.find(PartitionId(partition));
      // Of a partition that was dropped: it hides nothing.
      partition = it == task.partitions.end() ? 0 : it->second.value();
    }
    const auto file = static_cast<int32_t>(files_.size());
    for (int64_t row = 0; row < rows.keys.num_rows(); ++row) {
      if (rows.timestamps[row] <= task.until && rows.partitions[row] != 0) {
        deletes_.push_back({rows.timestamps[row], rows.partitions[row], file, row});
      }
    }
    files_.push_back(std::move(rows));
    return absl::OkStatus();
  }

  // In the order of time, without what is behind a later delete of the same rows.
  storage::DeltaRows Take(Timestamp settled) {
    std::stable_sort(deletes_.begin(), deletes_.end(),
                     [](const Delete& a, const Delete& b) { return a.at < b.at; });
    LeaveOutOverruled(settled);
    storage::DeltaRows out;
    out.keys = schema::Column(type_);
    for (const Delete& deleted : deletes_) {
      out.keys.AppendRow(files_[deleted.file].keys.View(), deleted.row);
      out.timestamps.push_back(deleted.at);
      out.partitions.push_back(deleted.partition);
    }
    return out;
  }

 private:
  struct Delete {
    Timestamp at;
    int64_t partition;
    int32_t file;
    int64_t row;
  };

  schema::PrimaryKeyView KeyOf(const Delete& deleted) const {
    return schema::PrimaryKeyView::Of(files_[deleted.file].keys.View(), deleted.row);
  }

  void LeaveOutOverruled(Timestamp settled) {
    // The last settled delete of a key in a partition; ascending by time.
    absl::flat_hash_map<std::pair<schema::PrimaryKeyView, int64_t>, Timestamp> last;
    for (const Delete& deleted : deletes_) {
      if (deleted.at <= settled) last[{KeyOf(deleted), deleted.partition}] = deleted.at;
    }
    std::erase_if(deletes_, [&](const Delete& deleted) {
      return deleted.at <= settled && last.at({KeyOf(deleted), deleted.partition}) > deleted.at;
    });
  }

  schema::ColumnType type_;
  std::vector<storage::DeltaRows> files_;
  std::vector<Delete> deletes_;
};

}  // namespace

absl::StatusOr<std::optional<meta::Delta>> LocalDataNode::MergeDeltas(
    const roles::DeltaMergeTask& task, const Cancellation& cancellation) {
  DeltaUnion merged;
  for (const meta::Delta& source : task.sources) {
    ELANUS_RETURN_IF_ERROR(cancellation.Check());
    ELANUS_ASSIGN_OR_RETURN(const auto object, parts_.store.Get(source.key));
    ELANUS_ASSIGN_OR_RETURN(storage::DeltaRows rows,
                            storage::DecodeDeltaFile(object->data(), source.key));
    ELANUS_RETURN_IF_ERROR(merged.Add(std::move(rows), task));
  }
  const storage::DeltaRows rows = merged.Take(task.settled);
  if (rows.keys.num_rows() == 0) return std::nullopt;
  CrashPoint("deltas.before_file");
  ELANUS_ASSIGN_OR_RETURN(meta::Delta made, WriteDelta(task.collection, rows));
  CrashPoint("deltas.after_file");
  return made;
}

}  // namespace elanus::datanode
