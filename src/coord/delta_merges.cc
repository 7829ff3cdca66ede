// Coordinator: many small files of deletes become one.
//
// Segments that are loaded know their deletes; only loads to come read the files, and those that
// lose one while they read look at the list again.
#include <algorithm>

#include "common/crash_point.h"
#include "common/logging.h"
#include "coord/coordinator.h"
#include "coord/crash_points.h"

namespace elanus::coord {
namespace {

// Nobody reads from longer ago than rows are kept after they were deleted.
constexpr uint64_t kSettledAfterMs = 60'000;

}  // namespace

absl::Status Coordinator::MergeDeltas(const Compactor::Task& task,
                                      const Cancellation& cancellation) {
  const std::shared_ptr<void> hold = HoldIds();
  const Timestamp now = timestamps_->Next();
  ELANUS_ASSIGN_OR_RETURN(
      const std::optional<meta::Delta> made,
      data_node_->MergeDeltas({.collection = task.collection,
                               .sources = task.deltas,
                               .until = kMaxTimestamp,
                               .settled = MakeTimestamp(PhysicalMs(now) - kSettledAfterMs),
                               .partitions = {}},
                              cancellation));
  const absl::Status status = CommitDeltas(task.deltas, made);
  if (CodeOf(status) == ErrorCode::kSegmentNotFound) {
    if (made.has_value()) remover_.Remove({made->key});
    return status;
  }
  if (!status.ok()) {
    // The commit may have been done: what was written stays until the next start.
    std::lock_guard lock(garbage_mutex_);
    undecided_holds_.push_back(hold);
    return status;
  }
  RemoveObjectsOf({}, task.deltas);
  ELANUS_LOG(Info, "delete files merged", Field("collection", task.collection.value()),
             Field("sources", task.deltas.size()),
             Field("deletes", made.has_value() ? made->num_rows : 0));
  return absl::OkStatus();
}

absl::Status Coordinator::CommitDeltas(const std::vector<meta::Delta>& sources,
                                       const std::optional<meta::Delta>& made) {
  // Like a flush it tells nobody.
  std::lock_guard lock(ddl_mutex_);
  CatalogChange change;
  const std::vector<meta::Delta> listed = state_.DeltasOf(sources.front().collection);
  for (const meta::Delta& source : sources) {
    const bool is_there = std::any_of(listed.begin(), listed.end(),
                                      [&](const auto& delta) { return delta.id == source.id; });
    // Rows that it hides may have gone, or the whole collection.
    if (!is_there) {
      return UserError(ErrorCode::kSegmentNotFound, "deletes not found[delta={}]", source.id);
    }
    change.Remove(source);
  }
  if (made.has_value()) ELANUS_RETURN_IF_ERROR(change.Put(*made));
  CrashPoint(kDeltasBefore);
  ELANUS_RETURN_IF_ERROR(CommitLocked(change));
  CrashPoint(kDeltasAfter);
  return absl::OkStatus();
}

}  // namespace elanus::coord
