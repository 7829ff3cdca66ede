#include "coord/catalog_load.h"

#include <map>
#include <set>

#include "meta/catalog_keys.h"
#include "meta/codec.h"

namespace elanus::coord {
namespace {

absl::Status Damaged(std::string_view key, std::string_view problem) {
  return InternalError(ErrorCode::kDataIntegrity, "the catalog is damaged: {}: {}", key, problem);
}

absl::StatusOr<std::string> CheckFormat(const std::string& row) {
  ELANUS_ASSIGN_OR_RETURN(const meta::Format format, meta::DecodeFormat(meta::kFormatKey, row));
  if (format.format != meta::kCatalogFormat) {
    return InternalError(ErrorCode::kDataIntegrity,
                         "the catalog has format {}, this server knows {}", format.format,
                         meta::kCatalogFormat);
  }
  return format.instance;
}

absl::StatusOr<std::string> Create(meta::MetaStore& store, const std::string& instance,
                                   Timestamp now) {
  ELANUS_ASSIGN_OR_RETURN(const std::vector<meta::KeyValue> rows, store.Scan(""));
  if (!rows.empty()) return Damaged(meta::kFormatKey, "missing");
  const meta::Database database{DatabaseId(1), std::string(meta::kDefaultDatabase), {}, now};
  meta::Transaction transaction;
  transaction.compares.push_back({meta::kFormatKey, std::nullopt});
  ELANUS_ASSIGN_OR_RETURN(std::string format,
                          meta::Encode(meta::Format{meta::kCatalogFormat, instance}));
  ELANUS_ASSIGN_OR_RETURN(std::string row, meta::Encode(database));
  transaction.Put(meta::kFormatKey, std::move(format));
  transaction.Put(meta::DatabaseKey(database.id), std::move(row));
  ELANUS_ASSIGN_OR_RETURN(const bool created, store.Commit(transaction));
  if (!created) return Damaged(meta::kFormatKey, "two servers create one catalog");
  return instance;
}

// Reads the rows of one prefix and checks that each lies under its own key.
template <typename Decode, typename KeyOf, typename Take>
absl::Status ReadRows(meta::MetaStore& store, const char* prefix, const Decode& decode,
                      const KeyOf& key_of, const Take& take) {
  ELANUS_ASSIGN_OR_RETURN(const std::vector<meta::KeyValue> rows, store.Scan(prefix));
  for (const meta::KeyValue& row : rows) {
    ELANUS_ASSIGN_OR_RETURN(auto value, decode(row.key, row.value));
    if (key_of(value) != row.key) return Damaged(row.key, "a row of another key");
    ELANUS_RETURN_IF_ERROR(take(row.key, std::move(value)));
  }
  return absl::OkStatus();
}

// Reads everything into one effect, so that it becomes visible at once.
class Loader {
 public:
  explicit Loader(meta::MetaStore& store) : store_(store) {}

  absl::StatusOr<CatalogEffect> Load() {
    ELANUS_RETURN_IF_ERROR(LoadDatabases());
    ELANUS_RETURN_IF_ERROR(LoadCollections());
    ELANUS_RETURN_IF_ERROR(LoadSegments());
    ELANUS_RETURN_IF_ERROR(LoadSnapshots());
    ELANUS_RETURN_IF_ERROR(LoadRestores());
    ELANUS_ASSIGN_OR_RETURN(const std::optional<std::string> replay, store_.Get(meta::kReplayKey));
    if (replay.has_value()) {
      ELANUS_ASSIGN_OR_RETURN(effect_.replay_from, meta::DecodeNumber(meta::kReplayKey, *replay));
    }
    return std::move(effect_);
  }

 private:
  absl::Status LoadDatabases() {
    return ReadRows(
        store_, meta::kDatabasePrefix, &meta::DecodeDatabase,
        [](const meta::Database& database) { return meta::DatabaseKey(database.id); },
        [&](const std::string& key, meta::Database database) {
          if (!names_.insert("database " + database.name).second) {
            return Damaged(key, "two databases of one name");
          }
          database_names_[database.id] = database.name;
          effect_.databases.push_back(std::move(database));
          return absl::OkStatus();
        });
  }

  absl::Status LoadCollections() {
    return ReadRows(
        store_, meta::kCollectionPrefix, &meta::DecodeCollection,
        [](const meta::Collection& collection) { return meta::CollectionKey(collection.id); },
        [&](const std::string& key, meta::Collection collection) {
          const auto database = database_names_.find(collection.database);
          if (database == database_names_.end()) return Damaged(key, "its database is not there");
          collection.database_name = database->second;
          if (!Unique(collection.database, collection.schema.name)) {
            return Damaged(key, "its name is taken");
          }
          for (const std::string& alias : collection.aliases) {
            if (!Unique(collection.database, alias)) return Damaged(key, "its alias is taken");
          }
          collections_.insert(collection.id);
          effect_.collections.push_back(
              std::make_shared<const meta::Collection>(std::move(collection)));
          return absl::OkStatus();
        });
  }

  absl::Status LoadSegments() {
    ELANUS_RETURN_IF_ERROR(ReadRows(
        store_, meta::kSegmentPrefix, &meta::DecodeSegment,
        [](const meta::Segment& segment) {
          return meta::SegmentKey(segment.collection, segment.id);
        },
        [&](const std::string& key, meta::Segment segment) {
          if (!collections_.contains(segment.collection)) return Damaged(key, "no collection");
          effect_.segments.push_back(std::make_shared<const meta::Segment>(std::move(segment)));
          return absl::OkStatus();
        }));
    return ReadRows(
        store_, meta::kDeltaPrefix, &meta::DecodeDelta,
        [](const meta::Delta& delta) { return meta::DeltaKey(delta.collection, delta.id); },
        [&](const std::string& key, meta::Delta delta) {
          if (!collections_.contains(delta.collection)) return Damaged(key, "no collection");
          effect_.deltas.push_back(std::move(delta));
          return absl::OkStatus();
        });
  }

  absl::Status LoadSnapshots() {
    std::map<std::string, meta::Snapshot> snapshots;  // By the prefix of their content's rows.
    ELANUS_RETURN_IF_ERROR(ReadRows(
        store_, meta::kSnapshotPrefix, &meta::DecodeSnapshot,
        [](const meta::Snapshot& snapshot) { return meta::SnapshotKey(snapshot.id); },
        [&](const std::string& key, meta::Snapshot snapshot) {
          if (!collections_.contains(snapshot.collection)) return Damaged(key, "no collection");
          snapshots[meta::SnapshotContentKey(snapshot.id, "")] = std::move(snapshot);
          return absl::OkStatus();
        }));
    std::map<std::string, meta::SnapshotContent> contents;
    ELANUS_ASSIGN_OR_RETURN(const std::vector<meta::KeyValue> rows,
                            store_.Scan(meta::kSnapshotContentPrefix));
    const size_t prefix_bytes = meta::SnapshotContentKey(SnapshotId(1), "").size();
    for (const meta::KeyValue& row : rows) {
      const std::string prefix = row.key.substr(0, prefix_bytes);
      if (!snapshots.contains(prefix)) return Damaged(row.key, "no snapshot");
      ELANUS_RETURN_IF_ERROR(ReadContent(row, row.key.substr(prefix.size()), contents[prefix]));
    }
    for (auto& [prefix, snapshot] : snapshots) {
      meta::SnapshotContent& content = contents[prefix];
      if (content.collection == nullptr || content.collection->id != snapshot.collection) {
        return Damaged(meta::SnapshotKey(snapshot.id), "its collection's definition is not there");
      }
      snapshot.content = std::make_shared<const meta::SnapshotContent>(std::move(content));
      effect_.snapshots.push_back(std::make_shared<const meta::Snapshot>(std::move(snapshot)));
    }
    return absl::OkStatus();
  }

  // One row of what a snapshot holds; `key` is what it has in place of that of a live one.
  absl::Status ReadContent(const meta::KeyValue& row, const std::string& key,
                           meta::SnapshotContent& content) {
    std::string own;
    if (key.starts_with(meta::kSegmentPrefix)) {
      ELANUS_ASSIGN_OR_RETURN(meta::Segment segment, meta::DecodeSegment(row.key, row.value));
      own = meta::SegmentKey(segment.collection, segment.id);
      content.segments.push_back(std::make_shared<const meta::Segment>(std::move(segment)));
    } else if (key.starts_with(meta::kDeltaPrefix)) {
      ELANUS_ASSIGN_OR_RETURN(meta::Delta delta, meta::DecodeDelta(row.key, row.value));
      own = meta::DeltaKey(delta.collection, delta.id);
      content.deltas.push_back(std::move(delta));
    } else {
      ELANUS_ASSIGN_OR_RETURN(meta::Collection collection,
                              meta::DecodeCollection(row.key, row.value));
      own = meta::CollectionKey(collection.id);
      collection.database_name = database_names_[collection.database];
      content.collection = std::make_shared<const meta::Collection>(std::move(collection));
    }
    return own == key ? absl::OkStatus() : Damaged(row.key, "a row of another key");
  }

  absl::Status LoadRestores() {
    return ReadRows(
        store_, meta::kRestorePrefix, &meta::DecodeRestoreJob,
        [](const meta::RestoreJob& job) { return meta::RestoreKey(job.id); },
        [&](const std::string&, meta::RestoreJob job) {
          job.database_name = database_names_[job.database];  // It may be gone.
          effect_.restores.push_back(std::move(job));
          return absl::OkStatus();
        });
  }

  bool Unique(DatabaseId database, const std::string& name) {
    return names_.insert(fmt::format("{}/{}", database, name)).second;
  }

  meta::MetaStore& store_;
  CatalogEffect effect_;
  std::unordered_map<DatabaseId, std::string> database_names_;
  std::set<CollectionId> collections_;
  std::set<std::string> names_;
};

}  // namespace

absl::StatusOr<std::string> LoadCatalog(meta::MetaStore& store, const std::string& instance,
                                        Timestamp now, CatalogState& state) {
  ELANUS_ASSIGN_OR_RETURN(const std::optional<std::string> format, store.Get(meta::kFormatKey));
  ELANUS_ASSIGN_OR_RETURN(const std::string found,
                          format.has_value() ? CheckFormat(*format) : Create(store, instance, now));
  ELANUS_ASSIGN_OR_RETURN(const CatalogEffect effect, Loader(store).Load());
  state.Apply(effect);
  if (!state.FindDatabase("").ok()) return Damaged(meta::kDatabasePrefix, "no default database");
  return found;
}

}  // namespace elanus::coord
