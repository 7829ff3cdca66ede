#include "coord/catalog_state.h"

#include <algorithm>
#include <mutex>

#include "coord/object_keys.h"

namespace elanus::coord {
namespace {

int64_t CapacityOf(const meta::Collection& collection) {
  return static_cast<int64_t>(collection.partitions.size()) * collection.num_shards;
}

std::string_view OrDefault(std::string_view database) {
  return database.empty() ? meta::kDefaultDatabase : database;
}

}  // namespace

absl::Status DatabaseNotFound(std::string_view database) {
  return UserError(ErrorCode::kDatabaseNotFound, "database not found[database={}]", database);
}

absl::Status CollectionNotFound(std::string_view database, std::string_view name) {
  return UserError(ErrorCode::kCollectionNotFound,
                   "collection not found[database={}][collection={}]", OrDefault(database), name);
}

void CatalogState::Apply(const CatalogEffect& effect) {
  std::unique_lock lock(mutex_);
  for (const SegmentId id : effect.removed_segments) RemoveSegment(id);
  for (const auto& [collection, delta] : effect.removed_deltas) {
    if (const auto it = collections_.find(collection); it != collections_.end()) {
      it->second.deltas.erase(delta);
    }
  }
  for (const CollectionId id : effect.removed_collections) RemoveCollection(id);
  for (const DatabaseId id : effect.removed_databases) {
    if (const auto it = databases_.find(id); it != databases_.end()) {
      database_names_.erase(it->second.database.name);
      databases_.erase(it);
    }
  }
  for (const meta::Database& database : effect.databases) PutDatabase(database);
  // All old names go before any new one comes: a change may hand a name from one to another.
  for (const meta::CollectionPtr& collection : effect.collections) {
    const auto it = collections_.find(collection->id);
    if (it != collections_.end()) RemoveNames(*it->second.collection);
  }
  for (const meta::CollectionPtr& collection : effect.collections) {
    collections_[collection->id].collection = collection;
    AddNames(collection);
  }
  for (const meta::SegmentPtr& segment : effect.segments) PutSegment(segment);
  for (const meta::Delta& delta : effect.deltas) {
    const auto it = collections_.find(delta.collection);
    if (it != collections_.end()) it->second.deltas[delta.id] = delta;
  }
  for (const SnapshotId id : effect.removed_snapshots) {
    const auto it = snapshots_.find(id);
    if (it == snapshots_.end()) continue;
    CountShared(*it->second, -1);
    snapshots_.erase(it);
  }
  for (const meta::SnapshotPtr& snapshot : effect.snapshots) {
    meta::SnapshotPtr& place = snapshots_[snapshot->id];
    if (place == nullptr) CountShared(*snapshot, 1);  // What it holds never changes.
    place = snapshot;
  }
  for (const int64_t job : effect.removed_restores) restores_.erase(job);
  for (const meta::RestoreJob& job : effect.restores) restores_[job.id] = job;
  if (effect.replay_from.has_value()) replay_from_ = *effect.replay_from;
}

void CatalogState::PutSegment(const meta::SegmentPtr& segment) {
  const auto it = collections_.find(segment->collection);
  if (it == collections_.end()) return;
  CountShared(*segment, 1);
  meta::SegmentPtr& place = segments_[segment->id];
  if (place != nullptr) {
    CountShared(*place, -1);
    ForgetReplaced(*place);
  }
  place = segment;
  it->second.segments[segment->id] = segment;
  for (const meta::ReplacedSegment& old : segment->replaces) ++replaced_[old.id];
}

void CatalogState::Count(const std::string& key, int by) {
  const auto it = shared_.try_emplace(key, 0).first;
  it->second += by;
  if (it->second <= 0) shared_.erase(it);
}

void CatalogState::CountShared(const meta::Segment& segment, int by) {
  for (const std::string& key : KeysOf(segment)) {
    if (SegmentOf(key) != segment.id) Count(key, by);
  }
}

void CatalogState::CountShared(const meta::Snapshot& snapshot, int by) {
  for (const meta::SegmentPtr& segment : snapshot.content->segments) {
    for (const std::string& key : KeysOf(*segment)) Count(key, by);
  }
  for (const meta::Delta& delta : snapshot.content->deltas) Count(delta.key, by);
}

void CatalogState::PutDatabase(const meta::Database& database) {
  DatabaseEntry& entry = databases_[database.id];
  if (!entry.database.name.empty()) database_names_.erase(entry.database.name);
  entry.database = database;
  database_names_[database.name] = database.id;
}

void CatalogState::AddNames(const meta::CollectionPtr& collection) {
  DatabaseEntry& entry = databases_[collection->database];
  entry.names[collection->schema.name] = collection;
  for (const std::string& alias : collection->aliases) entry.names[alias] = collection;
  entry.num_collections += 1;
  capacity_used_ += CapacityOf(*collection);
}

void CatalogState::RemoveNames(const meta::Collection& collection) {
  DatabaseEntry& entry = databases_[collection.database];
  entry.names.erase(collection.schema.name);
  for (const std::string& alias : collection.aliases) entry.names.erase(alias);
  entry.num_collections -= 1;
  capacity_used_ -= CapacityOf(collection);
}

void CatalogState::RemoveCollection(CollectionId id) {
  const auto it = collections_.find(id);
  if (it == collections_.end()) return;
  RemoveNames(*it->second.collection);
  for (const auto& [segment, value] : it->second.segments) {
    ForgetReplaced(*value);
    CountShared(*value, -1);
    segments_.erase(segment);
  }
  collections_.erase(it);
}

void CatalogState::RemoveSegment(SegmentId id) {
  const auto it = segments_.find(id);
  if (it == segments_.end()) return;
  if (const auto owner = collections_.find(it->second->collection); owner != collections_.end()) {
    owner->second.segments.erase(id);
  }
  ForgetReplaced(*it->second);
  CountShared(*it->second, -1);
  segments_.erase(it);
}

void CatalogState::ForgetReplaced(const meta::Segment& segment) {
  for (const meta::ReplacedSegment& old : segment.replaces) {
    const auto it = replaced_.find(old.id);
    if (it != replaced_.end() && --it->second == 0) replaced_.erase(it);
  }
}

const CatalogState::DatabaseEntry* CatalogState::Entry(std::string_view database) const {
  const auto it = database_names_.find(OrDefault(database));
  if (it == database_names_.end()) return nullptr;
  return &databases_.at(it->second);
}

absl::StatusOr<meta::Database> CatalogState::FindDatabase(std::string_view name) const {
  std::shared_lock lock(mutex_);
  const DatabaseEntry* entry = Entry(name);
  if (entry == nullptr) return DatabaseNotFound(name);
  return entry->database;
}

std::vector<meta::Database> CatalogState::Databases() const {
  std::vector<meta::Database> out;
  {
    std::shared_lock lock(mutex_);
    for (const auto& [id, entry] : databases_) out.push_back(entry.database);
  }
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  return out;
}

absl::StatusOr<meta::CollectionPtr> CatalogState::FindCollection(std::string_view database,
                                                                 std::string_view name) const {
  std::shared_lock lock(mutex_);
  const DatabaseEntry* entry = Entry(database);
  if (entry == nullptr) return DatabaseNotFound(database);
  const auto it = entry->names.find(name);
  if (it == entry->names.end()) return CollectionNotFound(database, name);
  return it->second;
}

absl::StatusOr<meta::CollectionPtr> CatalogState::FindCollection(CollectionId id) const {
  std::shared_lock lock(mutex_);
  const auto it = collections_.find(id);
  if (it == collections_.end()) {
    return UserError(ErrorCode::kCollectionNotFound, "collection not found[collection={}]", id);
  }
  return it->second.collection;
}

absl::StatusOr<std::vector<meta::CollectionPtr>> CatalogState::CollectionsOf(
    std::string_view database) const {
  std::vector<meta::CollectionPtr> out;
  {
    std::shared_lock lock(mutex_);
    const DatabaseEntry* entry = Entry(database);
    if (entry == nullptr) return DatabaseNotFound(database);
    for (const auto& [name, collection] : entry->names) {
      if (name == collection->schema.name) out.push_back(collection);
    }
  }
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a->id < b->id; });
  return out;
}

std::vector<meta::CollectionPtr> CatalogState::Collections() const {
  std::vector<meta::CollectionPtr> out;
  {
    std::shared_lock lock(mutex_);
    out.reserve(collections_.size());
    for (const auto& [id, entry] : collections_) out.push_back(entry.collection);
  }
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a->id < b->id; });
  return out;
}

size_t CatalogState::NumCollections() const {
  std::shared_lock lock(mutex_);
  return collections_.size();
}

int64_t CatalogState::NumCollectionsOf(DatabaseId database) const {
  std::shared_lock lock(mutex_);
  const auto it = databases_.find(database);
  return it == databases_.end() ? 0 : it->second.num_collections;
}

int64_t CatalogState::GeneralCapacityUsed() const {
  std::shared_lock lock(mutex_);
  return capacity_used_;
}

bool CatalogState::IsFlushed(SegmentId id) const {
  std::shared_lock lock(mutex_);
  return segments_.contains(id) || replaced_.contains(id);
}

meta::SegmentPtr CatalogState::FindSegment(SegmentId id) const {
  std::shared_lock lock(mutex_);
  const auto it = segments_.find(id);
  return it == segments_.end() ? nullptr : it->second;
}

std::vector<meta::SegmentPtr> CatalogState::SegmentsOf(CollectionId collection) const {
  std::shared_lock lock(mutex_);
  std::vector<meta::SegmentPtr> out;
  const auto it = collections_.find(collection);
  if (it == collections_.end()) return out;
  for (const auto& [id, segment] : it->second.segments) out.push_back(segment);
  return out;
}

std::vector<meta::Delta> CatalogState::DeltasOf(CollectionId collection) const {
  std::shared_lock lock(mutex_);
  std::vector<meta::Delta> out;
  const auto it = collections_.find(collection);
  if (it == collections_.end()) return out;
  for (const auto& [id, delta] : it->second.deltas) out.push_back(delta);
  return out;
}

std::vector<meta::SnapshotPtr> CatalogState::Snapshots() const {
  std::shared_lock lock(mutex_);
  std::vector<meta::SnapshotPtr> out;
  for (const auto& [id, snapshot] : snapshots_) out.push_back(snapshot);
  return out;
}

std::vector<meta::SnapshotPtr> CatalogState::SnapshotsOf(CollectionId collection) const {
  std::vector<meta::SnapshotPtr> out = Snapshots();
  std::erase_if(out, [&](const auto& snapshot) { return snapshot->collection != collection; });
  return out;
}

std::vector<meta::RestoreJob> CatalogState::Restores() const {
  std::shared_lock lock(mutex_);
  std::vector<meta::RestoreJob> out;
  for (const auto& [id, job] : restores_) out.push_back(job);
  return out;
}

bool CatalogState::IsNamed(const std::string& key) const {
  std::shared_lock lock(mutex_);
  if (shared_.contains(key)) return true;
  if (const auto it = collections_.find(DeletesOf(key)); it != collections_.end()) {
    return std::any_of(it->second.deltas.begin(), it->second.deltas.end(),
                       [&](const auto& entry) { return entry.second.key == key; });
  }
  const auto it = segments_.find(SegmentOf(key));
  if (it == segments_.end()) return false;
  const std::vector<std::string> keys = KeysOf(*it->second);
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

uint64_t CatalogState::ReplayFrom() const {
  std::shared_lock lock(mutex_);
  return replay_from_;
}

}  // namespace elanus::coord
