// Coordinator: snapshots, and the pins that hold them.
#include <algorithm>

#include "common/crash_point.h"
#include "common/logging.h"
#include "coord/change.h"
#include "coord/coordinator.h"
#include "coord/crash_points.h"
#include "coord/object_keys.h"
#include "schema/names.h"

namespace elanus::coord {
namespace {

// Something else went on in the collection between the flush and the lock.
constexpr int kTriesMax = 10;

template <typename... Args>
absl::Status Invalid(fmt::format_string<Args...> format, Args&&... args) {
  return UserError(ErrorCode::kParameterInvalid, format, std::forward<Args>(args)...);
}

// Whether the segment holds all of its rows of a moment and none that are younger.
bool IsWholeAt(const meta::Segment& segment, Timestamp at) {
  return segment.max_timestamp <= at && segment.deletes_applied <= at;
}

}  // namespace

absl::Status Coordinator::CreateSnapshot(const roles::SnapshotRequest& request,
                                         const Cancellation& cancellation) {
  ELANUS_ASSIGN_OR_RETURN(const meta::CollectionPtr collection,
                          state_.FindCollection(request.db, request.collection));
  if (data_node_ == nullptr) {
    return UserError(ErrorCode::kServiceUnavailable, "no data node to flush the collection");
  }
  for (int i = 0; i < kTriesMax; ++i) {
    ELANUS_RETURN_IF_ERROR(cancellation.Check());
    ELANUS_ASSIGN_OR_RETURN(const roles::FlushResult flushed,
                            data_node_->Flush(collection->id, cancellation));
    ELANUS_ASSIGN_OR_RETURN(const bool taken,
                            TrySnapshot(request, collection->id, flushed.flush_timestamp));
    if (taken) return absl::OkStatus();
  }
  return RetryableError(ErrorCode::kServiceUnavailable,
                        "the collection changes too fast for a snapshot[collection={}]",
                        request.collection);
}

// False if the catalog does not show the collection as it was at `at`.
absl::StatusOr<bool> Coordinator::TrySnapshot(const roles::SnapshotRequest& request,
                                              CollectionId collection, Timestamp at) {
  Change change(*this);
  ELANUS_RETURN_IF_ERROR(schema::CheckSnapshotName(request.name, limits_.schema));
  ELANUS_ASSIGN_OR_RETURN(const meta::CollectionPtr found, state_.FindCollection(collection));
  for (const meta::SnapshotPtr& other : state_.SnapshotsOf(collection)) {
    if (other->name != request.name) continue;
    return Invalid("snapshot {} already exists for collection {}", request.name,
                   found->schema.name);
  }
  if (found->truncated > at) return false;
  meta::SnapshotContent content;
  content.collection = found;
  for (meta::SegmentPtr& segment : state_.SegmentsOf(collection)) {
    if (segment->min_timestamp > at) continue;
    if (!IsWholeAt(*segment, at)) return false;
    content.segments.push_back(std::move(segment));
  }
  for (meta::Delta& delta : state_.DeltasOf(collection)) {
    if (delta.min_timestamp <= at) content.deltas.push_back(std::move(delta));
  }
  ELANUS_ASSIGN_OR_RETURN(const int64_t id, ids_->Allocate(1));
  meta::Snapshot snapshot;
  snapshot.id = SnapshotId(id);
  snapshot.name = request.name;
  snapshot.description = request.description;
  snapshot.collection = collection;
  snapshot.at = at;
  snapshot.created_ms = environment_.clock.WallMs();
  if (request.protection_s > 0) {
    snapshot.protected_until_ms =
        snapshot.created_ms + static_cast<uint64_t>(request.protection_s) * 1000;
  }
  snapshot.content = std::make_shared<const meta::SnapshotContent>(std::move(content));
  ELANUS_LOG(Info, "snapshot taken", Field("collection", found->schema.name),
             Field("snapshot", snapshot.name),
             Field("segments", snapshot.content->segments.size()));
  ELANUS_RETURN_IF_ERROR(change.catalog().PutNew(std::move(snapshot)));
  CrashPoint(kSnapshotBefore);
  ELANUS_RETURN_IF_ERROR(change.Commit());
  CrashPoint(kSnapshotAfter);
  return true;
}

absl::StatusOr<meta::SnapshotPtr> Coordinator::GetSnapshot(const std::string& db,
                                                           const std::string& collection,
                                                           const std::string& name) {
  ELANUS_ASSIGN_OR_RETURN(const meta::CollectionPtr found, state_.FindCollection(db, collection));
  for (meta::SnapshotPtr& snapshot : state_.SnapshotsOf(found->id)) {
    if (snapshot->name == name) return std::move(snapshot);
  }
  return UserError(ErrorCode::kSnapshotNotFound, "snapshot not found[snapshot={}][collection={}]",
                   name, collection);
}

absl::StatusOr<std::vector<meta::SnapshotPtr>> Coordinator::ListSnapshots(
    const std::string& db, const std::string& collection) {
  if (!collection.empty()) {
    ELANUS_ASSIGN_OR_RETURN(const meta::CollectionPtr found, state_.FindCollection(db, collection));
    return state_.SnapshotsOf(found->id);
  }
  ELANUS_ASSIGN_OR_RETURN(const meta::Database database, state_.FindDatabase(db));
  std::vector<meta::SnapshotPtr> out = state_.Snapshots();
  std::erase_if(out, [&](const meta::SnapshotPtr& snapshot) {
    const auto found = state_.FindCollection(snapshot->collection);
    return !found.ok() || (*found)->database != database.id;
  });
  return out;
}

absl::Status Coordinator::CheckDroppable(const meta::Snapshot& snapshot) const {
  if (snapshot.IsPinned(environment_.clock.WallMs())) {
    return UserError(ErrorCode::kSnapshotPinned, "snapshot is pinned[snapshot={}]", snapshot.name);
  }
  for (const meta::RestoreJob& job : state_.Restores()) {
    // Of another cluster's snapshot the id says nothing here.
    const bool ours = job.uri.empty() || job.exports;
    if (ours && job.snapshot == snapshot.id && job.state == meta::RestoreJob::State::kExecuting) {
      return UserError(ErrorCode::kSnapshotPinned,
                       "snapshot is pinned[snapshot={}]: it is being {} by job {}", snapshot.name,
                       job.exports ? "exported" : "restored", job.id);
    }
  }
  return absl::OkStatus();
}

absl::Status Coordinator::DropSnapshot(const std::string& db, const std::string& collection,
                                       const std::string& name) {
  Change change(*this);
  ELANUS_ASSIGN_OR_RETURN(const meta::SnapshotPtr snapshot, GetSnapshot(db, collection, name));
  ELANUS_RETURN_IF_ERROR(CheckDroppable(*snapshot));
  change.catalog().Remove(*snapshot);
  ELANUS_RETURN_IF_ERROR(change.Commit());
  change.Notify([this, content = snapshot->content](auto*, auto*) {
    std::vector<std::string> keys;
    for (const meta::SegmentPtr& segment : content->segments) {
      for (std::string& key : KeysOf(*segment)) keys.push_back(std::move(key));
    }
    for (const meta::Delta& delta : content->deltas) keys.push_back(delta.key);
    RemoveUnnamed(std::move(keys));
  });
  return absl::OkStatus();
}

absl::StatusOr<int64_t> Coordinator::PinSnapshot(const std::string& db,
                                                 const std::string& collection,
                                                 const std::string& name, int64_t ttl_s) {
  constexpr int64_t kTtlMaxS = int64_t{100} * 366 * 86'400;
  if (ttl_s < 0 || ttl_s > kTtlMaxS) {
    return Invalid("ttl_seconds [{}] is invalid, it should be in range [0, {}]", ttl_s, kTtlMaxS);
  }
  Change change(*this);
  ELANUS_ASSIGN_OR_RETURN(const meta::SnapshotPtr found, GetSnapshot(db, collection, name));
  ELANUS_ASSIGN_OR_RETURN(const int64_t id, ids_->Allocate(1));
  const uint64_t now_ms = environment_.clock.WallMs();
  meta::Snapshot snapshot = *found;
  std::erase_if(snapshot.pins, [&](const auto& pin) { return pin.until_ms <= now_ms; });
  snapshot.pins.push_back(
      {id, ttl_s == 0 ? UINT64_MAX : now_ms + static_cast<uint64_t>(ttl_s) * 1000});
  ELANUS_RETURN_IF_ERROR(change.Put(std::move(snapshot)));
  ELANUS_RETURN_IF_ERROR(change.Commit());
  return id;
}

absl::Status Coordinator::UnpinSnapshot(int64_t pin) {
  Change change(*this);
  for (const meta::SnapshotPtr& found : state_.Snapshots()) {
    meta::Snapshot snapshot = *found;
    if (std::erase_if(snapshot.pins, [&](const auto& held) { return held.id == pin; }) == 0) {
      continue;
    }
    ELANUS_RETURN_IF_ERROR(change.Put(std::move(snapshot)));
    return change.Commit();
  }
  return absl::OkStatus();
}

std::set<SegmentId> Coordinator::ProtectedSegments(CollectionId collection) const {
  const uint64_t now_ms = environment_.clock.WallMs();
  std::set<SegmentId> out;
  for (const meta::SnapshotPtr& snapshot : state_.SnapshotsOf(collection)) {
    if (snapshot->protected_until_ms <= now_ms) continue;
    for (const meta::SegmentPtr& segment : snapshot->content->segments) out.insert(segment->id);
  }
  return out;
}

}  // namespace elanus::coord
