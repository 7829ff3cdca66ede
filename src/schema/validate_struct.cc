#include "schema/validate_struct.h"

#include "schema/names.h"
#include "schema/validate_field.h"

namespace elanus::schema {
namespace {

template <typename... Args>
absl::Status Invalid(fmt::format_string<Args...> format, Args&&... args) {
  return UserError(ErrorCode::kParameterInvalid, format, std::forward<Args>(args)...);
}

// All arrays of a row have one length, so that they have one bound too.
absl::Status CheckCapacity(const StructSchema& owner, const FieldSchema& field, int64_t capacity) {
  if (field.max_capacity() == capacity) return absl::OkStatus();
  return Invalid(
      "max_capacity of the fields of struct array {} should be the same, but {} has {}, others {}",
      owner.name, field.name, field.max_capacity(), capacity);
}

absl::Status ValidateStruct(const StructSchema& owner, CollectionSchema& schema,
                            const SchemaLimits& limits) {
  ELANUS_RETURN_IF_ERROR(CheckFieldName(owner.name, limits));
  int64_t capacity = 0;
  for (FieldSchema& field : schema.fields) {
    if (field.struct_name != owner.name) continue;
    if (field.nullable && !owner.nullable) {
      return Invalid(
          "nullable is declared on the struct array and not on its fields, field name = {}",
          field.name);
    }
    field.nullable = owner.nullable;
    if (capacity == 0) capacity = field.max_capacity();
    ELANUS_RETURN_IF_ERROR(CheckCapacity(owner, field, capacity));
  }
  if (capacity == 0) return Invalid("struct array field {} has no fields", owner.name);
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckSubField(const FieldSchema& field) {
  if (field.type != DataType::kArray && field.type != DataType::kArrayOfVector) {
    return Invalid(
        "fields in a struct array can only be array or array of vector, but field {} is {}",
        field.name, DataTypeName(field.type));
  }
  const bool is_key = field.is_primary_key || field.is_partition_key || field.is_clustering_key;
  if (is_key || field.auto_id || field.is_dynamic || field.is_function_output) {
    return Invalid(
        "a field of a struct array can be neither a key nor dynamic nor a function output, field "
        "name = {}",
        field.name);
  }
  if (field.has_default()) {
    return Invalid("default values are not supported for fields in a struct array, field name = {}",
                   field.name);
  }
  return absl::OkStatus();
}

absl::Status ValidateStructs(CollectionSchema& schema, const SchemaLimits& limits) {
  for (const StructSchema& owner : schema.structs) {
    ELANUS_RETURN_IF_ERROR(ValidateStruct(owner, schema, limits));
  }
  for (const FieldSchema& field : schema.fields) {
    if (!field.struct_name.empty() && schema.FindStruct(field.struct_name) == nullptr) {
      return Invalid("field {} is of a struct array that is not there", field.name);
    }
  }
  return absl::OkStatus();
}

}  // namespace elanus::schema
