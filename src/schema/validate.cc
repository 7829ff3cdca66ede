#include "schema/validate.h"

#include <charconv>
#include <set>

#include "schema/names.h"
#include "schema/validate_field.h"
#include "schema/validate_struct.h"

namespace elanus::schema {
namespace {

template <typename... Args>
absl::Status Invalid(fmt::format_string<Args...> format, Args&&... args) {
  return UserError(ErrorCode::kParameterInvalid, format, std::forward<Args>(args)...);
}

absl::Status CheckCounts(const CollectionSchema& schema, const SchemaLimits& limits) {
  if (static_cast<int64_t>(schema.fields.size()) > limits.fields_max) {
    return Invalid("maximum field's number should be limited to {}", limits.fields_max);
  }
  const auto num_vectors = static_cast<int64_t>(schema.vector_fields().size());
  if (num_vectors == 0) return Invalid("schema does not contain vector field");
  if (num_vectors > limits.vector_fields_max) {
    return Invalid("maximum vector field's number should be limited to {}",
                   limits.vector_fields_max);
  }
  return absl::OkStatus();
}

absl::Status CheckNames(const CollectionSchema& schema) {
  std::set<std::string_view> names;
  for (const FieldSchema& field : schema.fields) {
    if (!names.insert(field.name).second) return Invalid("duplicated field name: {}", field.name);
  }
  for (const StructSchema& known : schema.structs) {
    if (!names.insert(known.name).second) return Invalid("duplicated field name: {}", known.name);
  }
  return absl::OkStatus();
}

// At most one field may carry such a flag.
absl::Status CheckOnlyOne(const CollectionSchema& schema, bool FieldSchema::*flag,
                          std::string_view kind) {
  const FieldSchema* first = nullptr;
  for (const FieldSchema& field : schema.fields) {
    if (!(field.*flag)) continue;
    if (first != nullptr) {
      return Invalid("there are more than one {}, field name = {}, {}", kind, first->name,
                     field.name);
    }
    first = &field;
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ValidateSchema(CollectionSchema& schema, const SchemaLimits& limits) {
  ELANUS_RETURN_IF_ERROR(CheckCollectionName(schema.name, limits));
  if (static_cast<int64_t>(schema.description.size()) > limits.description_bytes_max) {
    return Invalid("the length of a collection description must not exceed {} bytes",
                   limits.description_bytes_max);
  }
  for (FieldSchema& field : schema.fields) ELANUS_RETURN_IF_ERROR(ValidateField(field, limits));
  ELANUS_RETURN_IF_ERROR(CheckNames(schema));
  ELANUS_RETURN_IF_ERROR(ValidateStructs(schema, limits));
  ELANUS_RETURN_IF_ERROR(CheckOnlyOne(schema, &FieldSchema::is_primary_key, "primary key"));
  ELANUS_RETURN_IF_ERROR(CheckOnlyOne(schema, &FieldSchema::is_partition_key, "partition key"));
  ELANUS_RETURN_IF_ERROR(CheckOnlyOne(schema, &FieldSchema::is_clustering_key, "clustering key"));
  bool has_primary_key = false;
  for (const FieldSchema& field : schema.fields) has_primary_key |= field.is_primary_key;
  if (!has_primary_key) return Invalid("primary key is not specified");
  if (limits.must_use_partition_key && schema.partition_key() == nullptr) {
    return Invalid("partition key must be set when creating the collection");
  }
  return CheckCounts(schema, limits);
}

absl::Status ValidateAddedField(const CollectionSchema& schema, FieldSchema& field,
                                const SchemaLimits& limits) {
  if (field.is_primary_key) {
    return Invalid("not support to add pk field, field name = {}", field.name);
  }
  if (field.auto_id) {
    return Invalid("only primary field can specify AutoID with true, field name = {}", field.name);
  }
  if (field.is_partition_key) {
    return Invalid("not support to add partition key field, field name = {}", field.name);
  }
  ELANUS_RETURN_IF_ERROR(ValidateField(field, limits));
  if (schema.Find(field.name) != nullptr || schema.FindStruct(field.name) != nullptr) {
    return Invalid("duplicate field name: {}", field.name);
  }
  if (!field.nullable) {
    return Invalid("added field must be nullable, please check it, field name = {}", field.name);
  }
  CollectionSchema grown = schema;
  std::erase_if(grown.fields, [](const FieldSchema& old) { return old.is_dynamic; });
  grown.fields.push_back(field);
  ELANUS_RETURN_IF_ERROR(CheckOnlyOne(grown, &FieldSchema::is_clustering_key, "clustering key"));
  return CheckCounts(grown, limits);
}

absl::Status ValidateAddedStruct(const CollectionSchema& schema, const StructSchema& added,
                                 std::vector<FieldSchema>& fields, const SchemaLimits& limits) {
  if (!added.nullable) {
    return Invalid("added field must be nullable, please check it, field name = {}", added.name);
  }
  if (schema.Find(added.name) != nullptr || schema.FindStruct(added.name) != nullptr) {
    return Invalid("duplicate field name: {}", added.name);
  }
  CollectionSchema grown = schema;
  std::erase_if(grown.fields, [](const FieldSchema& old) { return old.is_dynamic; });
  const size_t first = grown.fields.size();
  for (FieldSchema& field : fields) {
    ELANUS_RETURN_IF_ERROR(ValidateField(field, limits));
    grown.fields.push_back(field);
  }
  grown.structs.push_back(added);
  ELANUS_RETURN_IF_ERROR(CheckNames(grown));
  ELANUS_RETURN_IF_ERROR(ValidateStructs(grown, limits));
  ELANUS_RETURN_IF_ERROR(CheckCounts(grown, limits));
  fields.assign(grown.fields.begin() + static_cast<int64_t>(first), grown.fields.end());
  return absl::OkStatus();
}

void AssignFieldIds(CollectionSchema& schema) {
  for (FieldSchema& field : schema.fields) {
    for (StructSchema& owner : schema.structs) {
      if (owner.name == field.struct_name && !owner.id.valid()) owner.id = schema.NextFieldId();
    }
    if (!field.id.valid()) field.id = schema.NextFieldId();
  }
}

FieldSchema MakeDynamicField() {
  FieldSchema field;
  field.name = kDynamicFieldName;
  field.description = "dynamic schema";
  field.type = DataType::kJson;
  field.is_dynamic = true;
  return field;
}

std::optional<bool> ParseBool(std::string_view text) {
  for (const std::string_view yes : {"1", "t", "T", "TRUE", "true", "True"}) {
    if (text == yes) return true;
  }
  for (const std::string_view no : {"0", "f", "F", "FALSE", "false", "False"}) {
    if (text == no) return false;
  }
  return std::nullopt;
}

}  // namespace elanus::schema
