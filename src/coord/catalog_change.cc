#include "coord/catalog_change.h"

#include "meta/catalog_keys.h"
#include "meta/codec.h"

namespace elanus::coord {

absl::Status CatalogChange::Put(const meta::Database& database) {
  ELANUS_ASSIGN_OR_RETURN(std::string row, meta::Encode(database));
  transaction_.Put(meta::DatabaseKey(database.id), std::move(row));
  effect_.databases.push_back(database);
  return absl::OkStatus();
}

absl::Status CatalogChange::Put(meta::Collection collection) {
  ELANUS_ASSIGN_OR_RETURN(std::string row, meta::Encode(collection));
  transaction_.Put(meta::CollectionKey(collection.id), std::move(row));
  effect_.collections.push_back(std::make_shared<const meta::Collection>(std::move(collection)));
  return absl::OkStatus();
}

absl::Status CatalogChange::Put(meta::Segment segment) {
  ELANUS_ASSIGN_OR_RETURN(std::string row, meta::Encode(segment));
  transaction_.Put(meta::SegmentKey(segment.collection, segment.id), std::move(row));
  effect_.segments.push_back(std::make_shared<const meta::Segment>(std::move(segment)));
  return absl::OkStatus();
}

absl::Status CatalogChange::Put(const meta::Delta& delta) {
  ELANUS_ASSIGN_OR_RETURN(std::string row, meta::Encode(delta));
  transaction_.Put(meta::DeltaKey(delta.collection, delta.id), std::move(row));
  effect_.deltas.push_back(delta);
  return absl::OkStatus();
}

absl::Status CatalogChange::Put(meta::Snapshot snapshot) {
  ELANUS_ASSIGN_OR_RETURN(std::string row, meta::Encode(snapshot));
  transaction_.Put(meta::SnapshotKey(snapshot.id), std::move(row));
  effect_.snapshots.push_back(std::make_shared<const meta::Snapshot>(std::move(snapshot)));
  return absl::OkStatus();
}

absl::Status CatalogChange::PutNew(meta::Snapshot snapshot) {
  const meta::SnapshotContent& content = *snapshot.content;
  const auto put = [&](const std::string& key, absl::StatusOr<std::string> row) -> absl::Status {
    ELANUS_RETURN_IF_ERROR(row.status());
    transaction_.Put(meta::SnapshotContentKey(snapshot.id, key), *std::move(row));
    return absl::OkStatus();
  };
  ELANUS_RETURN_IF_ERROR(
      put(meta::CollectionKey(content.collection->id), meta::Encode(*content.collection)));
  for (const meta::SegmentPtr& segment : content.segments) {
    ELANUS_RETURN_IF_ERROR(
        put(meta::SegmentKey(segment->collection, segment->id), meta::Encode(*segment)));
  }
  for (const meta::Delta& delta : content.deltas) {
    ELANUS_RETURN_IF_ERROR(put(meta::DeltaKey(delta.collection, delta.id), meta::Encode(delta)));
  }
  return Put(std::move(snapshot));
}

absl::Status CatalogChange::Put(const meta::RestoreJob& job) {
  ELANUS_ASSIGN_OR_RETURN(std::string row, meta::Encode(job));
  transaction_.Put(meta::RestoreKey(job.id), std::move(row));
  effect_.restores.push_back(job);
  return absl::OkStatus();
}

void CatalogChange::Remove(const meta::Snapshot& snapshot) {
  const meta::SnapshotContent& content = *snapshot.content;
  const auto remove = [&](const std::string& key) {
    transaction_.Delete(meta::SnapshotContentKey(snapshot.id, key));
  };
  transaction_.Delete(meta::SnapshotKey(snapshot.id));
  remove(meta::CollectionKey(content.collection->id));
  for (const meta::SegmentPtr& segment : content.segments) {
    remove(meta::SegmentKey(segment->collection, segment->id));
  }
  for (const meta::Delta& delta : content.deltas) {
    remove(meta::DeltaKey(delta.collection, delta.id));
  }
  effect_.removed_snapshots.push_back(snapshot.id);
}

void CatalogChange::Remove(const meta::RestoreJob& job) {
  transaction_.Delete(meta::RestoreKey(job.id));
  effect_.removed_restores.push_back(job.id);
}

void CatalogChange::Remove(const meta::Database& database) {
  transaction_.Delete(meta::DatabaseKey(database.id));
  effect_.removed_databases.push_back(database.id);
}

void CatalogChange::Remove(const meta::Collection& collection, const CatalogState& state) {
  transaction_.Delete(meta::CollectionKey(collection.id));
  for (const meta::SegmentPtr& segment : state.SegmentsOf(collection.id)) Remove(*segment);
  for (const meta::Delta& delta : state.DeltasOf(collection.id)) Remove(delta);
  for (const meta::SnapshotPtr& snapshot : state.SnapshotsOf(collection.id)) Remove(*snapshot);
  effect_.removed_collections.push_back(collection.id);
}

void CatalogChange::Remove(const meta::Segment& segment) {
  transaction_.Delete(meta::SegmentKey(segment.collection, segment.id));
  effect_.removed_segments.push_back(segment.id);
}

void CatalogChange::Remove(const meta::Delta& delta) {
  transaction_.Delete(meta::DeltaKey(delta.collection, delta.id));
  effect_.removed_deltas.emplace_back(delta.collection, delta.id);
}

void CatalogChange::SetReplayFrom(uint64_t position) {
  transaction_.Put(meta::kReplayKey, meta::EncodeNumber(position));
  effect_.replay_from = position;
}

}  // namespace elanus::coord
