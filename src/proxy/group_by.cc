#include "proxy/group_by.h"

#include "proxy/field_path.h"

namespace elanus::proxy {
namespace {

using schema::DataType;

// A JSON pointer: "/a/b", with ~1 for a slash and ~0 for a tilde inside a key.
absl::StatusOr<std::vector<std::string>> ParsePointer(std::string_view text) {
  std::vector<std::string> path;
  if (!text.empty() && text.front() != '/') {
    return UserError(ErrorCode::kParameterInvalid,
                     "json_path [{}] is invalid, it should begin with a slash", text);
  }
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '/') {
      path.emplace_back();
    } else if (text[i] == '~' && i + 1 < text.size() &&
               (text[i + 1] == '0' || text[i + 1] == '1')) {
      path.back() += text[++i] == '0' ? '~' : '/';
    } else {
      path.back() += text[i];
    }
  }
  return path;
}

absl::StatusOr<DataType> ParseJsonType(std::string_view name) {
  if (name.empty()) return DataType::kNone;
  for (const DataType type : {DataType::kBool, DataType::kInt8, DataType::kInt16, DataType::kInt32,
                              DataType::kInt64, DataType::kVarChar}) {
    if (schema::DataTypeName(type) == name) return type;
  }
  return UserError(ErrorCode::kParameterInvalid, "json_type is not supported for group by: {}",
                   name);
}

absl::Status CheckSize(int64_t size, const Settings::Limits& limits) {
  if (size < 1) {
    return UserError(ErrorCode::kParameterInvalid,
                     "input group size:{} is negative or zero, it should be at least 1", size);
  }
  if (size > limits.group_size_max) {
    return UserError(ErrorCode::kParameterInvalid,
                     "input group size:{} exceeds configured max group size:{}", size,
                     limits.group_size_max);
  }
  return absl::OkStatus();
}

absl::Status CheckField(const FieldPath& target) {
  const schema::FieldSchema& field = *target.field;
  const bool json = field.type == DataType::kJson;
  const bool plain = field.type == DataType::kBool || schema::IsInteger(field.type) ||
                     field.type == DataType::kVarChar || field.type == DataType::kTimestamptz;
  if (!json && !plain) {
    return UserError(ErrorCode::kParameterInvalid,
                     "unsupported data type {} for group by operator: field {}",
                     schema::DataTypeName(field.type), field.name);
  }
  if (plain && !target.path.empty()) {
    return UserError(ErrorCode::kParameterInvalid,
                     "field {} of type {} has no JSON path to group by", field.name,
                     schema::DataTypeName(field.type));
  }
  if (json && target.path.empty()) {
    return UserError(ErrorCode::kParameterInvalid,
                     "group by a JSON field needs a path into it: field {}", field.name);
  }
  return absl::OkStatus();
}

// The only field, which may be of JSON.
absl::StatusOr<roles::GroupField> OneField(const GroupByParams& asked,
                                           const schema::CollectionSchema& schema) {
  ELANUS_ASSIGN_OR_RETURN(FieldPath target, ParseFieldPath(asked.fields[0], schema, "groupBy"));
  ELANUS_ASSIGN_OR_RETURN(const auto pointer, ParsePointer(asked.json_path));
  target.path.insert(target.path.end(), pointer.begin(), pointer.end());
  ELANUS_RETURN_IF_ERROR(CheckField(target));
  roles::GroupField field;
  field.field = target.field->id;
  field.path = std::move(target.path);
  ELANUS_ASSIGN_OR_RETURN(field.json_type, ParseJsonType(asked.json_type));
  field.strict_cast = asked.strict_cast;
  return field;
}

// Several fields: of the schema, and not of JSON.
absl::StatusOr<std::vector<roles::GroupField>> SeveralFields(
    const GroupByParams& asked, const schema::CollectionSchema& schema) {
  if (!asked.json_path.empty() || !asked.json_type.empty()) {
    return UserError(ErrorCode::kParameterInvalid,
                     "json_path and json_type are not supported with several group_by_fields");
  }
  std::vector<roles::GroupField> fields;
  for (const std::string& name : asked.fields) {
    const schema::FieldSchema* field = schema.Find(name);
    if (field == nullptr) {
      return UserError(ErrorCode::kFieldNotFound,
                       "groupBy field not found in schema: field not found[field={}]", name);
    }
    if (field->type == DataType::kJson) {
      return UserError(ErrorCode::kParameterInvalid,
                       "unsupported data type JSON for several group_by_fields: field {}", name);
    }
    ELANUS_RETURN_IF_ERROR(CheckField({field, {}}));
    for (const roles::GroupField& other : fields) {
      if (other.field != field->id) continue;
      return UserError(ErrorCode::kParameterInvalid, "group_by_fields names a field twice: {}",
                       name);
    }
    fields.push_back({.field = field->id});
  }
  return fields;
}

}  // namespace

absl::StatusOr<roles::Grouping> GroupingOf(const SearchParams& params,
                                           const meta::Collection& collection,
                                           const schema::FieldSchema& vector,
                                           const Settings::Limits& limits) {
  const GroupByParams& asked = *params.group_by;
  if (params.radius) {
    return UserError(ErrorCode::kParameterInvalid,
                     "Not allowed to do range-search when doing search-group-by");
  }
  if (params.iterator) {
    return UserError(ErrorCode::kParameterInvalid,
                     "Not allowed to do groupBy when doing iteration");
  }
  if (vector.type == DataType::kBinaryVector || vector.element_type == DataType::kBinaryVector) {
    return UserError(ErrorCode::kParameterInvalid,
                     "not support search_group_by operation based on binary vector column: {}",
                     vector.name);
  }
  roles::Grouping grouping;
  if (asked.fields.size() == 1) {
    ELANUS_ASSIGN_OR_RETURN(grouping.fields.emplace_back(), OneField(asked, collection.schema));
  } else {
    ELANUS_ASSIGN_OR_RETURN(grouping.fields, SeveralFields(asked, collection.schema));
  }
  ELANUS_RETURN_IF_ERROR(CheckSize(asked.size, limits));
  grouping.size = asked.size;
  grouping.strict_size = asked.strict_size;
  return grouping;
}

schema::FieldSchema GroupField(const roles::GroupField& grouping,
                               const schema::CollectionSchema& schema,
                               const schema::ColumnType& type) {
  const schema::FieldSchema& field = *schema.Find(grouping.field);
  schema::FieldSchema out;
  out.id = field.id;
  out.name = field.name;
  out.type = type.type;
  out.nullable = field.nullable || field.type == DataType::kJson;
  return out;
}

}  // namespace elanus::proxy
