// Everything the catalog knows, in memory: what readers see.
//
// Values handed out never change; a change replaces them. Readers take a shared lock for a look-up
// and never wait for the disk. Writers come one at a time (the coordinator's DDL lock) and apply a
// whole change at once, so no reader sees half of one.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/status.h"
#include "meta/types.h"

namespace elanus::coord {

// What one committed transaction changed. Removals happen before additions.
struct CatalogEffect {
  std::vector<DatabaseId> removed_databases;
  std::vector<CollectionId> removed_collections;  // With their segments and deltas.
  std::vector<SegmentId> removed_segments;
  std::vector<std::pair<CollectionId, int64_t>> removed_deltas;
  std::vector<meta::Database> databases;
  std::vector<meta::CollectionPtr> collections;  // Replaces one of the same id, and its names.
  std::vector<meta::SegmentPtr> segments;
  std::vector<meta::Delta> deltas;
  std::vector<SnapshotId> removed_snapshots;
  std::vector<meta::SnapshotPtr> snapshots;  // With their content.
  std::vector<int64_t> removed_restores;
  std::vector<meta::RestoreJob> restores;
  std::optional<uint64_t> replay_from;
};

class CatalogState {
 public:
  void Apply(const CatalogEffect& effect);

  // --- Databases; `name` "" is the default one ---
  absl::StatusOr<meta::Database> FindDatabase(std::string_view name) const;
  std::vector<meta::Database> Databases() const;

  // --- Collections ---
  // By name or alias.
  absl::StatusOr<meta::CollectionPtr> FindCollection(std::string_view database,
                                                     std::string_view name) const;
  absl::StatusOr<meta::CollectionPtr> FindCollection(CollectionId id) const;
  absl::StatusOr<std::vector<meta::CollectionPtr>> CollectionsOf(std::string_view database) const;
  std::vector<meta::CollectionPtr> Collections() const;
  size_t NumCollections() const;
  int64_t NumCollectionsOf(DatabaseId database) const;
  // Sum of partitions * shards.
  int64_t GeneralCapacityUsed() const;

  // --- Segments ---
  meta::SegmentPtr FindSegment(SegmentId id) const;  // Null if there is none.
  // It is listed, or one that replaces it is.
  bool IsFlushed(SegmentId id) const;
  std::vector<meta::SegmentPtr> SegmentsOf(CollectionId collection) const;
  std::vector<meta::Delta> DeltasOf(CollectionId collection) const;
  uint64_t ReplayFrom() const;

  // --- Snapshots, ascending by id ---
  std::vector<meta::SnapshotPtr> Snapshots() const;
  std::vector<meta::SnapshotPtr> SnapshotsOf(CollectionId collection) const;
  std::vector<meta::RestoreJob> Restores() const;
  // Whether a segment, a delta or a snapshot names the object.
  bool IsNamed(const std::string& key) const;

 private:
  // Lets std::string keys be found by std::string_view.
  struct TextHash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  template <typename Value>
  using ByName = std::unordered_map<std::string, Value, TextHash, std::equal_to<>>;

  struct DatabaseEntry {
    meta::Database database;
    ByName<meta::CollectionPtr> names;  // Of collections and aliases.
    int64_t num_collections = 0;
  };
  struct CollectionEntry {
    meta::CollectionPtr collection;
    std::map<SegmentId, meta::SegmentPtr> segments;
    std::map<int64_t, meta::Delta> deltas;
  };

  const DatabaseEntry* Entry(std::string_view database) const;
  void RemoveNames(const meta::Collection& collection);
  void AddNames(const meta::CollectionPtr& collection);
  void RemoveCollection(CollectionId id);
  void RemoveSegment(SegmentId id);
  void ForgetReplaced(const meta::Segment& segment);
  void PutDatabase(const meta::Database& database);
  void PutSegment(const meta::SegmentPtr& segment);
  // Counts names of objects that others may name too, `by` more of each.
  void CountShared(const meta::Segment& segment, int by);
  void CountShared(const meta::Snapshot& snapshot, int by);
  void Count(const std::string& key, int by);

  mutable std::shared_mutex mutex_;  // Protects everything below.
  std::unordered_map<DatabaseId, DatabaseEntry> databases_;
  ByName<DatabaseId> database_names_;
  std::unordered_map<CollectionId, CollectionEntry> collections_;
  std::unordered_map<SegmentId, meta::SegmentPtr> segments_;
  std::unordered_map<SegmentId, int64_t> replaced_;  // By how many of those listed.
  std::map<SnapshotId, meta::SnapshotPtr> snapshots_;
  std::map<int64_t, meta::RestoreJob> restores_;
  // How often snapshots, and segments that an object was not written for, name it.
  std::unordered_map<std::string, int64_t> shared_;
  int64_t capacity_used_ = 0;
  uint64_t replay_from_ = 0;
};

absl::Status DatabaseNotFound(std::string_view database);
absl::Status CollectionNotFound(std::string_view database, std::string_view name);

}  // namespace elanus::coord
