#include "meta/schema_codec.h"

#include <set>

#include "meta/json_reader.h"

namespace elanus::meta {
namespace {

using nlohmann::json;
using schema::DataType;
using schema::FieldSchema;

// Far above any limit that validation admits; keeps sizes computed from a damaged row in range.
constexpr int64_t kDimensionMax = int64_t{1} << 24;

json DefaultToJson(const schema::DefaultValue& value) {
  json out = json::object();
  if (const auto* b = std::get_if<bool>(&value)) out["bool"] = *b;
  if (const auto* i = std::get_if<int64_t>(&value)) out["int"] = *i;
  if (const auto* d = std::get_if<double>(&value)) out["double"] = *d;
  if (const auto* s = std::get_if<std::string>(&value)) out["text"] = *s;
  return out;
}

schema::DefaultValue DefaultFromJson(JsonReader& field, std::string_view what) {
  schema::DefaultValue out;
  JsonReader reader(field.Object("default"), what);
  if (reader.Has("bool")) {
    out = reader.Bool("bool");
  } else if (reader.Has("int")) {
    out = reader.Int("int");
  } else if (reader.Has("double")) {
    out = reader.Double("double");
  } else if (reader.Has("text")) {
    out = reader.String("text");
  }
  field.Merge(reader.Finish());
  return out;
}

schema::Properties PropertiesFromJson(JsonReader& owner, const char* name) {
  schema::Properties out;
  for (const auto& [key, value] : owner.Object(name).items()) {
    if (!value.is_string())
      owner.Fail(fmt::format("{} of {} is not a text", key, name));
    else
      out[key] = value.get_ref<const std::string&>();
  }
  return out;
}

DataType TypeFromJson(JsonReader& field, const char* name, bool may_be_none) {
  const auto number = static_cast<int32_t>(field.Int(name, 0, INT32_MAX));
  if (number == 0 && may_be_none) return DataType::kNone;
  const std::optional<DataType> type = schema::DataTypeFromWire(number);
  if (!type.has_value()) field.Fail(fmt::format("{} {} is unknown", name, number));
  return type.value_or(DataType::kNone);
}

json FieldToJson(const FieldSchema& field) {
  json out = {{"id", field.id.value()},
              {"name", field.name},
              {"description", field.description},
              {"type", static_cast<int32_t>(field.type)},
              {"element_type", static_cast<int32_t>(field.element_type)},
              {"primary_key", field.is_primary_key},
              {"auto_id", field.auto_id},
              {"partition_key", field.is_partition_key},
              {"clustering_key", field.is_clustering_key},
              {"dynamic", field.is_dynamic},
              {"nullable", field.nullable},
              {"function_output", field.is_function_output},
              {"default", DefaultToJson(field.default_value)},
              {"type_params", field.type_params},
              {"index_params", field.index_params}};
  // Only where there is one, so that other rows are as they always were.
  if (!field.struct_name.empty()) out["struct"] = field.struct_name;
  return out;
}

json StructToJson(const schema::StructSchema& owner) {
  return {{"id", owner.id.value()},
          {"name", owner.name},
          {"description", owner.description},
          {"nullable", owner.nullable},
          {"type_params", owner.type_params}};
}

schema::StructSchema StructFromJson(JsonReader& schema, const json& object, std::string_view what) {
  JsonReader reader(object, what);
  schema::StructSchema owner;
  owner.id = reader.PositiveId<FieldId>("id");
  owner.name = reader.String("name");
  owner.description = reader.String("description");
  owner.nullable = reader.Bool("nullable");
  owner.type_params = PropertiesFromJson(reader, "type_params");
  schema.Merge(reader.Finish());
  return owner;
}

FieldSchema FieldFromJson(JsonReader& schema, const json& object, std::string_view what) {
  JsonReader reader(object, what);
  FieldSchema field;
  field.id = reader.PositiveId<FieldId>("id");
  field.name = reader.String("name");
  field.description = reader.String("description");
  field.type = TypeFromJson(reader, "type", false);
  field.element_type = TypeFromJson(reader, "element_type", true);
  field.is_primary_key = reader.Bool("primary_key");
  field.auto_id = reader.Bool("auto_id");
  field.is_partition_key = reader.Bool("partition_key");
  field.is_clustering_key = reader.Bool("clustering_key");
  field.is_dynamic = reader.Bool("dynamic");
  field.nullable = reader.Bool("nullable");
  field.is_function_output = reader.Bool("function_output");
  field.default_value = DefaultFromJson(reader, what);
  field.type_params = PropertiesFromJson(reader, "type_params");
  field.index_params = PropertiesFromJson(reader, "index_params");
  if (reader.Has("struct")) field.struct_name = reader.String("struct");
  const bool lists = field.type == DataType::kArrayOfVector;
  if (lists && !schema::IsDenseVector(field.element_type)) {
    reader.Fail(fmt::format("field {} has lists of something else than vectors", field.name));
  }
  if ((lists || schema::IsDenseVector(field.type)) &&
      (field.dim() < 1 || field.dim() > kDimensionMax)) {
    reader.Fail(fmt::format("field {} has dimension {}", field.name, field.dim()));
  }
  schema.Merge(reader.Finish());
  return field;
}

void CheckFieldsTogether(JsonReader& reader, const schema::CollectionSchema& schema) {
  std::set<FieldId> ids;
  std::set<std::string_view> names;
  int num_keys = 0;
  for (const FieldSchema& field : schema.fields) {
    if (!ids.insert(field.id).second) reader.Fail("two fields of one id");
    if (!names.insert(field.name).second) reader.Fail("two fields of one name");
    if (!field.struct_name.empty()) {
      const schema::StructSchema* owner = schema.FindStruct(field.struct_name);
      const std::string name = schema::SubFieldName(field.struct_name, field.short_name());
      if (owner == nullptr || field.name != name) reader.Fail("a sub-field without its struct");
    }
    if (!field.is_primary_key) continue;
    ++num_keys;
    if (field.type != DataType::kInt64 && field.type != DataType::kVarChar) {
      reader.Fail("the primary key is neither Int64 nor VarChar");
    }
  }
  for (const schema::StructSchema& owner : schema.structs) {
    if (!ids.insert(owner.id).second) reader.Fail("two fields of one id");
    if (!names.insert(owner.name).second) reader.Fail("two fields of one name");
  }
  if (num_keys != 1) reader.Fail("not exactly one primary key");
}

}  // namespace

json SchemaToJson(const schema::CollectionSchema& schema) {
  json fields = json::array();
  for (const FieldSchema& field : schema.fields) fields.push_back(FieldToJson(field));
  json out = {{"name", schema.name},
              {"description", schema.description},
              {"dynamic", schema.enable_dynamic_field},
              {"fields", std::move(fields)},
              {"properties", schema.properties}};
  for (const schema::StructSchema& owner : schema.structs) {
    out["structs"].push_back(StructToJson(owner));
  }
  return out;
}

absl::StatusOr<schema::CollectionSchema> SchemaFromJson(const json& object, std::string_view what) {
  JsonReader reader(object, what);
  schema::CollectionSchema schema;
  schema.name = reader.String("name");
  schema.description = reader.String("description");
  schema.enable_dynamic_field = reader.Bool("dynamic");
  for (const json& field : reader.Array("fields")) {
    schema.fields.push_back(FieldFromJson(reader, field, what));
  }
  if (reader.Has("structs")) {
    for (const json& owner : reader.Array("structs")) {
      schema.structs.push_back(StructFromJson(reader, owner, what));
    }
  }
  schema.properties = PropertiesFromJson(reader, "properties");
  CheckFieldsTogether(reader, schema);
  ELANUS_RETURN_IF_ERROR(reader.Finish());
  return schema;
}

}  // namespace elanus::meta
