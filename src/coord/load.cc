// Coordinator: what is to be searchable.
#include <fmt/ranges.h>

#include <algorithm>

#include "coord/change.h"
#include "coord/coordinator.h"
#include "coord/property_rules.h"
#include "meta/row_expiry.h"

namespace elanus::coord {
namespace {

template <typename... Args>
absl::Status Invalid(fmt::format_string<Args...> format, Args&&... args) {
  return UserError(ErrorCode::kParameterInvalid, format, std::forward<Args>(args)...);
}

// Ids of named partitions, each once, in the order of the collection.
absl::StatusOr<std::vector<PartitionId>> FindPartitions(const meta::Collection& collection,
                                                        const std::vector<std::string>& names) {
  if (names.empty()) return Invalid("due to no partition specified");
  for (const std::string& name : names) {
    if (collection.FindPartition(name) == nullptr) {
      return UserError(ErrorCode::kPartitionNotFound, "partition not found[partition={}]", name);
    }
  }
  std::vector<PartitionId> out;
  for (const meta::Partition& partition : collection.partitions) {
    if (std::find(names.begin(), names.end(), partition.name) != names.end()) {
      out.push_back(partition.id);
    }
  }
  return out;
}

bool Contains(const std::vector<FieldId>& ids, FieldId id) {
  return std::find(ids.begin(), ids.end(), id) != ids.end();
}

// What of a partial list may not be left out.
absl::Status CheckFieldList(const schema::CollectionSchema& schema,
                            const std::vector<FieldId>& fields) {
  bool has_vector = false;
  for (const schema::FieldSchema& field : schema.fields) {
    const bool listed = Contains(fields, field.id);
    if (listed && schema::IsVector(field.type)) has_vector = true;
    if (listed) continue;
    if (field.is_primary_key) {
      return Invalid("load field list does not contain primary key field {}", field.name);
    }
    if (field.is_partition_key) {
      return Invalid("load field list does not contain partition key field {}", field.name);
    }
    if (field.is_clustering_key) {
      return Invalid("load field list does not contain clustering key field {}", field.name);
    }
  }
  if (!has_vector) return Invalid("load field list does not contain vector field");
  return absl::OkStatus();
}

// The fields that are to be loaded; empty = all.
absl::StatusOr<std::vector<FieldId>> FindFields(const meta::Collection& collection,
                                                const roles::LoadRequest& request) {
  const schema::CollectionSchema& schema = collection.schema;
  std::vector<FieldId> out;
  for (const std::string& name : request.fields) {
    if (const schema::StructSchema* owner = schema.FindStruct(name)) {
      for (const schema::FieldSchema* field : schema.SubFields(*owner)) {
        if (!Contains(out, field->id)) out.push_back(field->id);
      }
      continue;
    }
    const schema::FieldSchema* field = schema.Find(name);
    if (field == nullptr) {
      return UserError(ErrorCode::kFieldNotFound, "field not found[field={}]", name);
    }
    if (!Contains(out, field->id)) out.push_back(field->id);
  }
  if (request.fields.empty()) {
    for (const schema::FieldSchema& field : schema.fields) out.push_back(field.id);
  }
  if (const schema::FieldSchema* dynamic = schema.dynamic_field(); dynamic != nullptr) {
    if (request.skip_dynamic_field)
      std::erase(out, dynamic->id);
    else if (!Contains(out, dynamic->id))
      out.push_back(dynamic->id);
  }
  if (out.size() == schema.fields.size()) return std::vector<FieldId>();
  ELANUS_RETURN_IF_ERROR(CheckFieldList(schema, out));
  if (const auto name = collection.Property(meta::kTtlFieldKey)) {
    const schema::FieldSchema* field = schema.Find(*name);
    if (field != nullptr && !Contains(out, field->id)) {
      return Invalid("load field list does not contain ttl field {}", *name);
    }
  }
  std::sort(out.begin(), out.end());
  return out;
}

absl::Status CheckIndexes(const meta::Collection& collection, const std::vector<FieldId>& fields) {
  if (collection.indexes.empty()) {
    return UserError(ErrorCode::kIndexNotFound, "index not found[collection={}]",
                     collection.schema.name);
  }
  std::vector<std::string_view> missing;
  for (const schema::FieldSchema* field : collection.schema.vector_fields()) {
    if (!fields.empty() && !Contains(fields, field->id)) continue;
    if (collection.IndexOf(field->id) == nullptr) missing.push_back(field->name);
  }
  if (missing.empty()) return absl::OkStatus();
  return Invalid("there is no vector index on field: [{}], please create index firstly",
                 fmt::join(missing, " "));
}

absl::StatusOr<int32_t> ReplicaNumber(const meta::Collection& collection, int32_t wanted,
                                      int32_t max) {
  if (wanted < 0) return Invalid("replica number must be positive: {}", wanted);
  if (wanted == 0 && collection.load.loaded) return collection.load.replica_number;
  if (wanted == 0) {
    const std::optional<std::string> property = collection.Property(kReplicaNumberKey);
    const std::optional<int64_t> value =
        property.has_value() ? ParseInteger(*property) : std::nullopt;
    // More than there are nodes is a wish here, and an error only when a request says it.
    return static_cast<int32_t>(std::clamp<int64_t>(value.value_or(1), 1, max));
  }
  if (collection.load.loaded && wanted != collection.load.replica_number) {
    return Invalid("can't change the replica number for loaded partitions[expected={}][actual={}]",
                   collection.load.replica_number, wanted);
  }
  if (wanted > max) {
    return Invalid("replica number {} exceeds the number of query nodes {}", wanted, max);
  }
  return wanted;
}

void AddPartitions(const meta::Collection& collection, const std::vector<PartitionId>& added,
                   meta::LoadSpec& load) {
  std::vector<PartitionId> all;
  for (const meta::Partition& partition : collection.partitions) {
    const auto in = [&partition](const std::vector<PartitionId>& ids) {
      return std::find(ids.begin(), ids.end(), partition.id) != ids.end();
    };
    if (in(load.partitions) || in(added)) all.push_back(partition.id);
  }
  load.partitions = std::move(all);
}

}  // namespace

absl::Status Coordinator::Load(const roles::LoadRequest& request) {
  Change change(*this);
  ELANUS_ASSIGN_OR_RETURN(const meta::CollectionPtr found,
                          state_.FindCollection(request.db, request.collection));
  if (!request.whole_collection && found->schema.partition_key() != nullptr) {
    return Invalid("disable load partitions if partition key mode is used");
  }
  if (request.refresh && !found->load.loaded) {
    return UserError(ErrorCode::kCollectionNotLoaded, "collection not loaded[collection={}]",
                     request.collection);
  }
  meta::Collection collection = *found;
  meta::LoadSpec& load = collection.load;
  std::vector<PartitionId> partitions;
  if (!request.whole_collection) {
    ELANUS_ASSIGN_OR_RETURN(partitions, FindPartitions(*found, request.partitions));
  }
  // A refresh keeps what is loaded as it is, whatever else the request says.
  if (!request.refresh) {
    ELANUS_ASSIGN_OR_RETURN(std::vector<FieldId> fields, FindFields(*found, request));
    ELANUS_RETURN_IF_ERROR(CheckIndexes(*found, fields));
    ELANUS_ASSIGN_OR_RETURN(load.replica_number,
                            ReplicaNumber(*found, request.replica_number, limits_.replicas_max));
    if (load.loaded && fields != load.fields) {
      return Invalid("can't change the load field list for loaded collection[collection={}]",
                     request.collection);
    }
    load.fields = std::move(fields);
    load.loaded = true;
    if (request.whole_collection) {
      load.all_partitions = true;
      load.partitions.clear();
    } else if (!load.all_partitions) {
      AddPartitions(*found, partitions, load);
    }
    ELANUS_RETURN_IF_ERROR(change.Put(std::move(collection)));
    ELANUS_RETURN_IF_ERROR(change.Commit());
  }
  change.NotifyLoad(found->id, request.refresh);
  return absl::OkStatus();
}

absl::Status Coordinator::ReleaseCollection(const std::string& db,
                                            const std::string& collection_name) {
  Change change(*this);
  ELANUS_ASSIGN_OR_RETURN(const meta::CollectionPtr found,
                          state_.FindCollection(db, collection_name));
  if (!found->load.loaded) return absl::OkStatus();
  meta::Collection collection = *found;
  collection.load = {};
  ELANUS_RETURN_IF_ERROR(change.Put(std::move(collection)));
  ELANUS_RETURN_IF_ERROR(change.Commit());
  change.NotifyLoad(found->id, /*refresh=*/false);
  return absl::OkStatus();
}

absl::Status Coordinator::ReleasePartitions(const std::string& db,
                                            const std::string& collection_name,
                                            const std::vector<std::string>& names) {
  Change change(*this);
  ELANUS_ASSIGN_OR_RETURN(const meta::CollectionPtr found,
                          state_.FindCollection(db, collection_name));
  if (found->schema.partition_key() != nullptr) {
    return Invalid("disable release partitions if partition key mode is used");
  }
  ELANUS_ASSIGN_OR_RETURN(const std::vector<PartitionId> released, FindPartitions(*found, names));
  if (!found->load.loaded) return absl::OkStatus();
  meta::Collection collection = *found;
  meta::LoadSpec& load = collection.load;
  if (load.all_partitions) {
    load.all_partitions = false;
    for (const meta::Partition& partition : found->partitions) {
      load.partitions.push_back(partition.id);
    }
  }
  std::erase_if(load.partitions, [&released](PartitionId id) {
    return std::find(released.begin(), released.end(), id) != released.end();
  });
  if (load.partitions.empty()) load = {};
  ELANUS_RETURN_IF_ERROR(change.Put(std::move(collection)));
  ELANUS_RETURN_IF_ERROR(change.Commit());
  change.NotifyLoad(found->id, /*refresh=*/false);
  return absl::OkStatus();
}

}  // namespace elanus::coord
