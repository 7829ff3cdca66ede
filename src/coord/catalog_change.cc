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

void CatalogChange::Remove(const meta::Database& database) {
  transaction_.Delete(meta::DatabaseKey(database.id));
  effect_.removed_databases.push_back(database.id);
}

void CatalogChange::Remove(const meta::Collection& collection, const CatalogState& state) {
  transaction_.Delete(meta::CollectionKey(collection.id));
  for (const meta::SegmentPtr& segment : state.SegmentsOf(collection.id)) Remove(*segment);
  for (const meta::Delta& delta : state.DeltasOf(collection.id)) Remove(delta);
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
