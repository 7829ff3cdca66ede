// Coordinator: making, finding, renaming, emptying and dropping collections.
#include <fmt/ranges.h>

#include <algorithm>

#include "coord/change.h"
#include "coord/coordinator.h"
#include "coord/property_rules.h"
#include "schema/names.h"
#include "schema/validate.h"

namespace elanus::coord {
namespace {

template <typename... Args>
absl::Status Invalid(fmt::format_string<Args...> format, Args&&... args) {
  return UserError(ErrorCode::kParameterInvalid, format, std::forward<Args>(args)...);
}

absl::Status TooManyCollections(int64_t limit) {
  return UserError(ErrorCode::kCollectionNumLimitExceeded,
                   "exceeded the limit number of collections[limit={}]", limit);
}

// A definition without what the server adds to it.
schema::CollectionSchema AsGiven(schema::CollectionSchema schema) {
  std::erase_if(schema.fields, [](const schema::FieldSchema& field) { return field.is_dynamic; });
  for (schema::FieldSchema& field : schema.fields) field.id = FieldId();
  for (schema::StructSchema& owner : schema.structs) owner.id = FieldId();
  return schema;
}

meta::KeyValues Sorted(meta::KeyValues pairs) {
  std::sort(pairs.begin(), pairs.end());
  return pairs;
}

bool SameDefinition(const meta::Collection& a, const meta::Collection& b, int64_t num_partitions) {
  const bool same_partitions = a.schema.partition_key() == nullptr ||
                               static_cast<int64_t>(a.partitions.size()) == num_partitions;
  return same_partitions && AsGiven(a.schema) == AsGiven(b.schema) &&
         a.num_shards == b.num_shards && a.consistency == b.consistency &&
         Sorted(a.properties) == Sorted(b.properties);
}

// The request in the catalog's form, checked; without ids, partitions and times.
absl::StatusOr<meta::Collection> Resolve(const roles::CreateCollectionRequest& request,
                                         const meta::Database& database, const Limits& limits) {
  meta::Collection out;
  out.database = database.id;
  out.database_name = database.name;
  out.schema = request.schema;
  for (schema::FieldSchema& field : out.schema.fields) field.id = FieldId();
  for (schema::StructSchema& owner : out.schema.structs) owner.id = FieldId();
  out.num_shards = request.num_shards == 0 ? 1 : request.num_shards;
  if (out.num_shards < 0 || out.num_shards > limits.shards_max) {
    return Invalid("maximum shards's number should be limited to {}", limits.shards_max);
  }
  out.consistency = request.consistency;
  meta::KeyValues properties = request.properties;
  for (auto& [key, value] : properties) {
    key = CanonicalKey(key);
    ELANUS_RETURN_IF_ERROR(CheckCollectionProperty(key, value));
    // These are parts of the definition rather than properties that stay.
    if (key == kDynamicFieldKey && *schema::ParseBool(value))
      out.schema.enable_dynamic_field = true;
    if (key == kConsistencyKey) {
      ELANUS_ASSIGN_OR_RETURN(out.consistency, ParseConsistency(value));
    }
    if (key == kDescriptionKey) out.schema.description = value;
  }
  std::erase_if(properties, [](const auto& property) {
    return property.first == kDynamicFieldKey || property.first == kConsistencyKey ||
           property.first == kDescriptionKey;
  });
  SetProperties(out.properties, properties);
  for (const auto& [key, value] : database.properties) {
    if (key == kTimezoneKey && !out.Property(kTimezoneKey).has_value()) {
      out.properties.emplace_back(key, value);
    }
  }
  ELANUS_RETURN_IF_ERROR(schema::ValidateSchema(out.schema, limits.schema));
  if (const auto isolation = out.Property(kIsolationKey); isolation.has_value() &&
                                                          *schema::ParseBool(*isolation) &&
                                                          out.schema.partition_key() == nullptr) {
    return Invalid("partition key isolation mode is enabled but no partition key field is set");
  }
  ELANUS_RETURN_IF_ERROR(CheckExpiry(out));
  return out;
}

}  // namespace

absl::StatusOr<meta::CollectionPtr> Coordinator::FindByRealName(const std::string& db,
                                                                const std::string& name) const {
  ELANUS_ASSIGN_OR_RETURN(meta::CollectionPtr collection, state_.FindCollection(db, name));
  if (collection->schema.name != name) return CollectionNotFound(db, name);
  return collection;
}

absl::StatusOr<std::vector<meta::Partition>> Coordinator::MakePartitions(
    const meta::Collection& collection, int64_t num_partitions) {
  const bool by_key = collection.schema.partition_key() != nullptr;
  ELANUS_ASSIGN_OR_RETURN(const int64_t first_id, ids_->Allocate(num_partitions));
  std::vector<meta::Partition> out;
  for (int64_t i = 0; i < num_partitions; ++i) {
    std::string name(meta::kDefaultPartition);
    if (by_key) name += fmt::format("_{}", i);
    out.push_back({PartitionId(first_id + i), std::move(name), collection.created});
  }
  return out;
}

absl::Status Coordinator::CheckRoomForAnother() const {
  if (static_cast<int64_t>(state_.NumCollections()) < limits_.collections_max) {
    return absl::OkStatus();
  }
  return TooManyCollections(limits_.collections_max);
}

absl::Status Coordinator::CheckRoomForAnotherIn(const meta::Database& database) const {
  int64_t limit = limits_.collections_per_database_max;
  for (const auto& [key, value] : database.properties) {
    if (key != kDatabaseCollectionsKey) continue;
    const std::optional<int64_t> own = ParseInteger(value);
    if (own.has_value() && *own >= 0) limit = std::min(limit, *own);
  }
  if (state_.NumCollectionsOf(database.id) < limit) return absl::OkStatus();
  return TooManyCollections(limit);
}

absl::Status Coordinator::CreateCollection(const roles::CreateCollectionRequest& request) {
  Change change(*this);
  ELANUS_ASSIGN_OR_RETURN(const meta::Database database, state_.FindDatabase(request.db));
  ELANUS_ASSIGN_OR_RETURN(meta::Collection collection, Resolve(request, database, limits_));
  const std::string& name = collection.schema.name;
  const bool by_key = collection.schema.partition_key() != nullptr;
  if (!by_key && request.num_partitions > 0) {
    return Invalid("num_partitions should only be specified with partition key field enabled");
  }
  int64_t num_partitions = 1;
  if (by_key) {
    num_partitions =
        request.num_partitions > 0 ? request.num_partitions : limits_.default_partitions_with_key;
  }
  if (request.num_partitions < 0 || num_partitions > limits_.partitions_max) {
    return Invalid("partition number ({}) exceeds max configuration ({})", request.num_partitions,
                   limits_.partitions_max);
  }
  if (const auto existing = state_.FindCollection(request.db, name); existing.ok()) {
    if ((*existing)->schema.name != name) {
      return Invalid(
          "collection name [{}] conflicts with an existing alias, please choose a unique "
          "name",
          name);
    }
    if (SameDefinition(**existing, collection, num_partitions)) return absl::OkStatus();
    return Invalid("create duplicate collection with different parameters, collection: {}", name);
  }
  ELANUS_RETURN_IF_ERROR(CheckRoomForAnother());
  ELANUS_RETURN_IF_ERROR(CheckRoomForAnotherIn(database));
  if (state_.GeneralCapacityUsed() + num_partitions * collection.num_shards >
      limits_.general_capacity_max) {
    return UserError(ErrorCode::kGeneralCapacityExceeded,
                     "general capacity exceeded[used={}][wanted={}][limit={}]",
                     state_.GeneralCapacityUsed(), num_partitions * collection.num_shards,
                     limits_.general_capacity_max);
  }
  if (collection.schema.enable_dynamic_field) {
    collection.schema.fields.push_back(schema::MakeDynamicField());
  }
  schema::AssignFieldIds(collection.schema);
  collection.created = timestamps_->Next();
  collection.updated = collection.created;
  ELANUS_ASSIGN_OR_RETURN(const int64_t id, ids_->Allocate(1));
  collection.id = CollectionId(id);
  ELANUS_ASSIGN_OR_RETURN(collection.partitions, MakePartitions(collection, num_partitions));
  ELANUS_RETURN_IF_ERROR(change.Put(std::move(collection)));
  return change.Commit();
}

absl::Status Coordinator::DropCollection(const std::string& db, const std::string& name) {
  Change change(*this);
  ELANUS_RETURN_IF_ERROR(state_.FindDatabase(db).status());
  const absl::StatusOr<meta::CollectionPtr> found = state_.FindCollection(db, name);
  if (!found.ok()) return absl::OkStatus();
  const meta::Collection& collection = **found;
  if (collection.schema.name != name) {
    return Invalid("cannot drop the collection via alias = {}", name);
  }
  if (!collection.aliases.empty()) {
    return Invalid(
        "unable to drop the collection [{}] because it has associated aliases {}, please "
        "remove all aliases before dropping the collection",
        name, fmt::join(collection.aliases, ", "));
  }
  std::vector<meta::SegmentPtr> segments = state_.SegmentsOf(collection.id);
  std::vector<meta::Delta> deltas = state_.DeltasOf(collection.id);
  // Snapshots go with their collection.
  for (const meta::SnapshotPtr& snapshot : state_.SnapshotsOf(collection.id)) {
    ELANUS_RETURN_IF_ERROR(CheckDroppable(*snapshot));
    const meta::SnapshotContent& content = *snapshot->content;
    segments.insert(segments.end(), content.segments.begin(), content.segments.end());
    deltas.insert(deltas.end(), content.deltas.begin(), content.deltas.end());
  }
  change.catalog().Remove(collection, state_);
  ELANUS_RETURN_IF_ERROR(change.Commit());
  if (scheduler_ != nullptr) {
    for (const meta::Index& index : collection.indexes) scheduler_->CancelIndex(index.id);
  }
  if (compactor_ != nullptr) compactor_->Cancel(collection.id);
  change.Notify([id = collection.id](roles::DataNode* data_node, roles::QueryNode* query_node) {
    if (data_node != nullptr) data_node->OnCollectionDropped(id);
    if (query_node != nullptr) query_node->OnCollectionDropped(id);
  });
  // After the nodes have let go of them.
  change.Notify([this, segments, deltas](roles::DataNode*, roles::QueryNode*) {
    RemoveObjectsOf(segments, deltas);
  });
  return absl::OkStatus();
}

absl::Status Coordinator::TruncateCollection(const std::string& db, const std::string& name) {
  Change change(*this);
  ELANUS_ASSIGN_OR_RETURN(const meta::CollectionPtr found, state_.FindCollection(db, name));
  meta::Collection collection = *found;
  collection.truncated = timestamps_->Next();
  const Timestamp at = collection.truncated;
  std::vector<meta::SegmentPtr> segments = state_.SegmentsOf(collection.id);
  std::vector<meta::Delta> deltas = state_.DeltasOf(collection.id);
  std::erase_if(segments, [at](const auto& segment) { return segment->max_timestamp > at; });
  std::erase_if(deltas, [at](const auto& delta) { return delta.max_timestamp > at; });
  for (const meta::SegmentPtr& segment : segments) change.catalog().Remove(*segment);
  for (const meta::Delta& delta : deltas) change.catalog().Remove(delta);
  ELANUS_RETURN_IF_ERROR(change.Put(std::move(collection)));
  ELANUS_RETURN_IF_ERROR(change.Commit());
  change.Notify([id = found->id, at](roles::DataNode* data_node, roles::QueryNode* query_node) {
    if (data_node != nullptr) data_node->OnCollectionTruncated(id, at);
    if (query_node != nullptr) query_node->OnCollectionTruncated(id, at);
  });
  change.NotifyChanged(found->id);
  change.Notify([this, segments, deltas](roles::DataNode*, roles::QueryNode*) {
    RemoveObjectsOf(segments, deltas);
  });
  return absl::OkStatus();
}

absl::Status Coordinator::RenameCollection(const std::string& db, const std::string& old_name,
                                           const std::string& new_db, const std::string& new_name) {
  Change change(*this);
  ELANUS_RETURN_IF_ERROR(schema::CheckCollectionName(new_name, limits_.schema));
  ELANUS_ASSIGN_OR_RETURN(const meta::Database from, state_.FindDatabase(db));
  ELANUS_ASSIGN_OR_RETURN(const meta::Database to,
                          new_db.empty() ? state_.FindDatabase(db) : state_.FindDatabase(new_db));
  ELANUS_ASSIGN_OR_RETURN(const meta::CollectionPtr found, state_.FindCollection(db, old_name));
  if (found->schema.name != old_name) {
    return Invalid("unsupported use an alias to rename collection, alias:{}", old_name);
  }
  if (const auto taken = state_.FindCollection(to.name, new_name); taken.ok()) {
    if ((*taken)->schema.name != new_name) {
      return Invalid("cannot rename collection to an existing alias: {}", new_name);
    }
    return Invalid("duplicated new collection name {}:{} with other collection name or alias",
                   to.name, new_name);
  }
  if (from.id != to.id) {
    if (!found->aliases.empty()) {
      return Invalid(
          "fail to rename db name, must drop all aliases of this collection before rename "
          "{}",
          old_name);
    }
    ELANUS_RETURN_IF_ERROR(CheckRoomForAnotherIn(to));
  }
  meta::Collection collection = *found;
  collection.schema.name = new_name;
  collection.database = to.id;
  collection.database_name = to.name;
  collection.updated = timestamps_->Next();
  ELANUS_RETURN_IF_ERROR(change.Put(std::move(collection)));
  ELANUS_RETURN_IF_ERROR(change.Commit());
  change.NotifyChanged(found->id);
  return absl::OkStatus();
}

absl::StatusOr<meta::CollectionPtr> Coordinator::GetCollection(std::string_view db,
                                                               std::string_view name) {
  return state_.FindCollection(db, name);
}

absl::StatusOr<meta::CollectionPtr> Coordinator::GetCollection(CollectionId id) {
  return state_.FindCollection(id);
}

absl::StatusOr<std::vector<meta::CollectionPtr>> Coordinator::ListCollections(
    const std::string& db) {
  return state_.CollectionsOf(db);
}

std::vector<meta::CollectionPtr> Coordinator::AllCollections() {
  return state_.Collections();
}

}  // namespace elanus::coord
