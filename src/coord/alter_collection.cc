// Coordinator: altering collections and their fields.
#include <algorithm>

#include "coord/change.h"
#include "coord/coordinator.h"
#include "coord/property_rules.h"
#include "schema/validate.h"

namespace elanus::coord {
namespace {

template <typename... Args>
absl::Status Invalid(fmt::format_string<Args...> format, Args&&... args) {
  return UserError(ErrorCode::kParameterInvalid, format, std::forward<Args>(args)...);
}

bool HasVectorIndex(const meta::Collection& collection) {
  return std::any_of(collection.indexes.begin(), collection.indexes.end(),
                     [&collection](const meta::Index& index) {
                       const schema::FieldSchema* field = collection.schema.Find(index.field);
                       return field != nullptr && schema::IsVector(field->type);
                     });
}

absl::Status CheckNotLoaded(const meta::Collection& collection, std::string_view key) {
  if (!ConcernsLoading(key) || !collection.load.loaded) return absl::OkStatus();
  return UserError(ErrorCode::kCollectionLoaded,
                   "can not alter mmap properties if collection loaded[collection={}]",
                   collection.schema.name);
}

// Properties that the vector indexes were built for.
absl::Status CheckNotIndexed(const meta::Collection& collection, std::string_view key) {
  if ((key != kIsolationKey && key != kQueryModeKey) || !HasVectorIndex(collection)) {
    return absl::OkStatus();
  }
  return UserError(ErrorCode::kIndexDuplicate,
                   "can not alter {} if the collection already has a vector index. Please drop the "
                   "index first",
                   key);
}

absl::Status CheckIsolation(const meta::Collection& collection, std::string_view key,
                            std::string_view value) {
  if (key != kIsolationKey || !*schema::ParseBool(value) ||
      collection.schema.partition_key() != nullptr) {
    return absl::OkStatus();
  }
  return Invalid("partition key isolation mode is enabled but no partition key field is set");
}

bool IsFieldKey(std::string_view key, const schema::FieldSchema& field) {
  if (key == "max_length") {
    return field.type == schema::DataType::kVarChar ||
           (field.type == schema::DataType::kArray &&
            field.element_type == schema::DataType::kVarChar);
  }
  // The fields of a struct array share it.
  if (key == "max_capacity") {
    return field.type == schema::DataType::kArray && field.struct_name.empty();
  }
  return key == kMmapKey || key == kWarmupKey || key == "field.description";
}

}  // namespace

absl::Status Coordinator::EnableDynamicField(meta::Collection& collection) {
  if (collection.schema.enable_dynamic_field) return absl::OkStatus();
  collection.schema.enable_dynamic_field = true;
  // Nullable: rows written before have no such value.
  schema::FieldSchema field = schema::MakeDynamicField();
  field.nullable = true;
  collection.schema.fields.push_back(std::move(field));
  schema::AssignFieldIds(collection.schema);
  return absl::OkStatus();
}

absl::Status Coordinator::ApplyProperties(meta::Collection& collection, const meta::KeyValues& set,
                                          const std::vector<std::string>& delete_keys) {
  meta::KeyValues kept;
  for (const auto& [given_key, value] : set) {
    const std::string_view key = CanonicalKey(given_key);
    ELANUS_RETURN_IF_ERROR(CheckCollectionProperty(key, value));
    ELANUS_RETURN_IF_ERROR(CheckNotLoaded(collection, key));
    ELANUS_RETURN_IF_ERROR(CheckNotIndexed(collection, key));
    ELANUS_RETURN_IF_ERROR(CheckIsolation(collection, key, value));
    if (key == kDynamicFieldKey) {
      if (set.size() != 1) return Invalid("cannot alter {} together with other properties", key);
      if (!*schema::ParseBool(value)) {
        return Invalid("dynamic schema cannot supported to be disabled");
      }
      ELANUS_RETURN_IF_ERROR(EnableDynamicField(collection));
    } else if (key == kDescriptionKey) {
      if (static_cast<int64_t>(value.size()) > limits_.schema.description_bytes_max) {
        return Invalid("the length of a collection description must not exceed {} bytes",
                       limits_.schema.description_bytes_max);
      }
      collection.schema.description = value;
    } else if (key == kConsistencyKey) {
      ELANUS_ASSIGN_OR_RETURN(collection.consistency, ParseConsistency(value));
    } else {
      kept.emplace_back(key, value);
    }
  }
  for (const std::string& key : delete_keys) {
    if (key == kDynamicFieldKey) return Invalid("cannot delete key {}", key);
    ELANUS_RETURN_IF_ERROR(CheckNotLoaded(collection, CanonicalKey(key)));
    ELANUS_RETURN_IF_ERROR(CheckNotIndexed(collection, key));
  }
  SetProperties(collection.properties, kept);
  DeleteProperties(collection.properties, delete_keys);
  return CheckExpiry(collection);
}

absl::Status Coordinator::AlterCollection(const std::string& db, const std::string& name,
                                          const meta::KeyValues& set,
                                          const std::vector<std::string>& delete_keys) {
  Change change(*this);
  ELANUS_ASSIGN_OR_RETURN(const meta::CollectionPtr found, state_.FindCollection(db, name));
  ELANUS_RETURN_IF_ERROR(CheckSetOrDelete(set, delete_keys));
  meta::Collection collection = *found;
  ELANUS_RETURN_IF_ERROR(ApplyProperties(collection, set, delete_keys));
  if (collection.properties == found->properties && collection.schema == found->schema &&
      collection.consistency == found->consistency) {
    return absl::OkStatus();
  }
  collection.updated = timestamps_->Next();
  ELANUS_RETURN_IF_ERROR(change.Put(std::move(collection)));
  ELANUS_RETURN_IF_ERROR(change.Commit());
  change.NotifyChanged(found->id);
  return absl::OkStatus();
}

absl::Status Coordinator::AlterField(const std::string& db, const std::string& collection_name,
                                     const std::string& field_name, const meta::KeyValues& set,
                                     const std::vector<std::string>& delete_keys) {
  Change change(*this);
  ELANUS_ASSIGN_OR_RETURN(const meta::CollectionPtr found,
                          state_.FindCollection(db, collection_name));
  ELANUS_RETURN_IF_ERROR(CheckSetOrDelete(set, delete_keys));
  meta::Collection collection = *found;
  const auto field = std::find_if(
      collection.schema.fields.begin(), collection.schema.fields.end(),
      [&](const schema::FieldSchema& f) { return f.name == field_name && !f.is_dynamic; });
  if (field == collection.schema.fields.end()) {
    return UserError(ErrorCode::kFieldNotFound, "field not found[field={}][collection={}]",
                     field_name, collection_name);
  }
  const auto check_key = [&](std::string_view key) {
    if (!IsFieldKey(key, *field)) {
      return Invalid("{} does not allow update in collection field param", key);
    }
    return key == kMmapKey || key == kWarmupKey ? CheckNotLoaded(*found, kMmapKey)
                                                : absl::OkStatus();
  };
  for (const auto& [given_key, value] : set) {
    const std::string key(CanonicalKey(given_key));
    ELANUS_RETURN_IF_ERROR(check_key(key));
    if (key == kWarmupKey) ELANUS_RETURN_IF_ERROR(CheckWarmup(key, value));
    if (key == "field.description")
      field->description = value;
    else
      field->type_params[key] = value;
  }
  for (const std::string& given_key : delete_keys) {
    const std::string key(CanonicalKey(given_key));
    if (key != kMmapKey && key != kWarmupKey) {
      return Invalid("the key {} of a field cannot be deleted", given_key);
    }
    ELANUS_RETURN_IF_ERROR(check_key(key));
    field->type_params.erase(key);
  }
  ELANUS_RETURN_IF_ERROR(schema::ValidateField(*field, limits_.schema));
  if (collection.schema == found->schema) return absl::OkStatus();
  collection.updated = timestamps_->Next();
  ELANUS_RETURN_IF_ERROR(change.Put(std::move(collection)));
  ELANUS_RETURN_IF_ERROR(change.Commit());
  change.NotifyChanged(found->id);
  return absl::OkStatus();
}

absl::Status Coordinator::AddField(const std::string& db, const std::string& collection_name,
                                   schema::FieldSchema field) {
  Change change(*this);
  ELANUS_ASSIGN_OR_RETURN(const meta::CollectionPtr found,
                          state_.FindCollection(db, collection_name));
  ELANUS_RETURN_IF_ERROR(schema::ValidateAddedField(found->schema, field, limits_.schema));
  meta::Collection collection = *found;
  field.id = collection.schema.NextFieldId();
  collection.schema.fields.push_back(std::move(field));
  collection.updated = timestamps_->Next();
  ELANUS_RETURN_IF_ERROR(change.Put(std::move(collection)));
  ELANUS_RETURN_IF_ERROR(change.Commit());
  change.NotifyChanged(found->id);
  return absl::OkStatus();
}

absl::Status Coordinator::AddStruct(const std::string& db, const std::string& collection_name,
                                    const schema::StructSchema& added,
                                    std::vector<schema::FieldSchema> fields) {
  Change change(*this);
  ELANUS_ASSIGN_OR_RETURN(const meta::CollectionPtr found,
                          state_.FindCollection(db, collection_name));
  ELANUS_RETURN_IF_ERROR(schema::ValidateAddedStruct(found->schema, added, fields, limits_.schema));
  meta::Collection collection = *found;
  collection.schema.structs.push_back(added);
  for (schema::FieldSchema& field : fields) collection.schema.fields.push_back(std::move(field));
  schema::AssignFieldIds(collection.schema);
  collection.updated = timestamps_->Next();
  ELANUS_RETURN_IF_ERROR(change.Put(std::move(collection)));
  ELANUS_RETURN_IF_ERROR(change.Commit());
  change.NotifyChanged(found->id);
  return absl::OkStatus();
}

}  // namespace elanus::coord
