#include "proxy/convert_schema.h"

#include <string>

#include "proxy/convert_default_value.h"
#include "proxy/text_fields.h"
#include "schema.pb.h"

namespace elanus::proxy {
namespace {

using schema::DataType;

// Some clients write a parameter as JSON text: "\"128\"" for "128". Objects stay as they are.
std::string WithoutQuotes(const std::string& value) {
  const bool quoted = value.size() >= 2 && value.front() == '"' && value.back() == '"';
  if (!quoted || value.find('\\') != std::string::npos) return value;
  return value.substr(1, value.size() - 2);
}

absl::Status ReadParams(const WireKeyValues& pairs, schema::Properties& out) {
  for (const auto& pair : pairs) {
    // Two spellings of one key.
    const std::string key = pair.key() == "mmap_enabled" ? "mmap.enabled" : pair.key();
    if (!out.emplace(key, WithoutQuotes(pair.value())).second) {
      return UserError(ErrorCode::kParameterInvalid, "duplicated type param key \"{}\"", key);
    }
  }
  return absl::OkStatus();
}

void WriteParams(const schema::Properties& params, WireKeyValues* out) {
  for (const auto& [key, value] : params) {
    common_pb::KeyValuePair* pair = out->Add();
    pair->set_key(key);
    pair->set_value(value);
  }
}

absl::Status NotSupported(std::string_view what, std::string_view name) {
  return UserError(ErrorCode::kParameterInvalid, "{} is not supported by this version: {}", what,
                   name);
}

absl::StatusOr<DataType> TypeFromWire(int32_t number, std::string_view field) {
  // String is the name that old clients have for VarChar.
  if (number == schema_pb::String) return DataType::kVarChar;
  const std::optional<DataType> type = schema::DataTypeFromWire(number);
  if (!type) {
    return UserError(ErrorCode::kParameterInvalid,
                     "field data type: {} is not supported, field: {}", number, field);
  }
  return *type;
}

absl::Status CheckStorable(DataType type, std::string_view field) {
  switch (type) {
    case DataType::kSparseFloatVector:
      return NotSupported(fmt::format("data type {}", schema::DataTypeName(type)), field);
    case DataType::kNone:
    case DataType::kBool:
    case DataType::kInt8:
    case DataType::kInt16:
    case DataType::kInt32:
    case DataType::kInt64:
    case DataType::kFloat:
    case DataType::kDouble:
    case DataType::kVarChar:
    case DataType::kText:
    case DataType::kArray:
    case DataType::kJson:
    case DataType::kGeometry:
    case DataType::kTimestamptz:
    case DataType::kBinaryVector:
    case DataType::kFloatVector:
    case DataType::kFloat16Vector:
    case DataType::kBFloat16Vector:
    case DataType::kInt8Vector:
    case DataType::kArrayOfVector:
    case DataType::kArrayOfStruct:
      return absl::OkStatus();
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<schema::FieldSchema> FieldFromWire(const schema_pb::FieldSchema& wire,
                                                  absl::TimeZone zone) {
  schema::FieldSchema field;
  field.name = wire.name();
  field.description = wire.description();
  ELANUS_ASSIGN_OR_RETURN(field.type, TypeFromWire(wire.data_type(), wire.name()));
  ELANUS_RETURN_IF_ERROR(CheckStorable(field.type, wire.name()));
  if (wire.element_type() != schema_pb::None) {
    ELANUS_ASSIGN_OR_RETURN(field.element_type, TypeFromWire(wire.element_type(), wire.name()));
  }
  field.is_primary_key = wire.is_primary_key();
  field.auto_id = wire.autoid();
  field.is_partition_key = wire.is_partition_key();
  field.is_clustering_key = wire.is_clustering_key();
  field.nullable = wire.nullable();
  if (wire.is_dynamic()) {
    return UserError(ErrorCode::kParameterInvalid,
                     "can not explicitly set a field to be a dynamic field, name: {}", wire.name());
  }
  if (!wire.external_field().empty()) return NotSupported("external field", wire.name());
  ELANUS_RETURN_IF_ERROR(ReadParams(wire.type_params(), field.type_params));
  ELANUS_RETURN_IF_ERROR(ReadParams(wire.index_params(), field.index_params));
  if (wire.has_default_value()) {
    ELANUS_ASSIGN_OR_RETURN(field.default_value,
                            DefaultFromWire(wire.default_value(), field, zone));
  }
  return field;
}

absl::Status StructSchemaFromWire(const schema_pb::StructArrayFieldSchema& wire,
                                  absl::TimeZone zone, schema::CollectionSchema& out) {
  schema::StructSchema owner;
  owner.name = wire.name();
  owner.description = wire.description();
  owner.nullable = wire.nullable();
  ELANUS_RETURN_IF_ERROR(ReadParams(wire.type_params(), owner.type_params));
  // Some clients give it once, for the struct; its fields then lack it.
  const auto capacity = owner.type_params.find("max_capacity");
  for (const schema_pb::FieldSchema& wire_field : wire.fields()) {
    ELANUS_ASSIGN_OR_RETURN(schema::FieldSchema field, FieldFromWire(wire_field, zone));
    field.struct_name = owner.name;
    // Newer clients may send the names that DescribeCollection of older servers gave them.
    const std::string prefix = owner.name + "[";
    if (!field.name.starts_with(prefix) || !field.name.ends_with(']')) {
      field.name = schema::SubFieldName(owner.name, field.name);
    }
    if (capacity != owner.type_params.end()) field.type_params.insert(*capacity);
    out.fields.push_back(std::move(field));
  }
  out.structs.push_back(std::move(owner));
  return absl::OkStatus();
}

absl::StatusOr<schema::CollectionSchema> SchemaFromWire(const schema_pb::CollectionSchema& wire,
                                                        absl::TimeZone zone) {
  schema::CollectionSchema schema;
  schema.name = wire.name();
  schema.description = wire.description();
  schema.enable_dynamic_field = wire.enable_dynamic_field();
  if (wire.functions_size() > 0) {
    return NotSupported("function in a schema", wire.functions(0).name());
  }
  if (!wire.external_source().empty()) return NotSupported("external collection", wire.name());
  if (wire.enable_namespace()) return NotSupported("namespace", wire.name());
  for (const schema_pb::FieldSchema& wire_field : wire.fields()) {
    ELANUS_ASSIGN_OR_RETURN(schema::FieldSchema field, FieldFromWire(wire_field, zone));
    schema.fields.push_back(std::move(field));
  }
  for (const schema_pb::StructArrayFieldSchema& owner : wire.struct_array_fields()) {
    ELANUS_RETURN_IF_ERROR(StructSchemaFromWire(owner, zone, schema));
  }
  ELANUS_RETURN_IF_ERROR(ReadParams(wire.properties(), schema.properties));
  for (const schema::FieldSchema& field : schema.fields) {
    ELANUS_RETURN_IF_ERROR(CheckTextField(field, schema));
  }
  return schema;
}

absl::StatusOr<schema::CollectionSchema> SchemaFromBytes(std::string_view bytes,
                                                         absl::TimeZone zone) {
  schema_pb::CollectionSchema wire;
  if (!wire.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return UserError(ErrorCode::kParameterInvalid, "cannot parse the schema of the collection");
  }
  return SchemaFromWire(wire, zone);
}

absl::StatusOr<schema::FieldSchema> FieldFromBytes(std::string_view bytes, absl::TimeZone zone) {
  schema_pb::FieldSchema wire;
  if (!wire.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return UserError(ErrorCode::kParameterInvalid, "cannot parse the schema of the field");
  }
  return FieldFromWire(wire, zone);
}

namespace {

void FieldToWire(const schema::FieldSchema& field, absl::TimeZone zone,
                 schema_pb::FieldSchema* out) {
  out->set_fieldid(field.id.value());
  out->set_name(std::string(field.short_name()));
  out->set_description(field.description);
  out->set_data_type(static_cast<schema_pb::DataType>(field.type));
  out->set_element_type(static_cast<schema_pb::DataType>(field.element_type));
  out->set_is_primary_key(field.is_primary_key);
  out->set_autoid(field.auto_id);
  out->set_is_partition_key(field.is_partition_key);
  out->set_is_clustering_key(field.is_clustering_key);
  out->set_nullable(field.nullable);
  out->set_is_function_output(field.is_function_output);
  WriteParams(field.type_params, out->mutable_type_params());
  WriteParams(field.index_params, out->mutable_index_params());
  if (field.has_default()) DefaultToWire(field, zone, out->mutable_default_value());
}

void StructSchemaToWire(const schema::StructSchema& owner, const schema::CollectionSchema& schema,
                        absl::TimeZone zone, schema_pb::StructArrayFieldSchema* out) {
  out->set_fieldid(owner.id.value());
  out->set_name(owner.name);
  out->set_description(owner.description);
  out->set_nullable(owner.nullable);
  WriteParams(owner.type_params, out->mutable_type_params());
  for (const schema::FieldSchema* field : schema.SubFields(owner)) {
    FieldToWire(*field, zone, out->add_fields());
  }
}

}  // namespace

void SchemaToWire(const schema::CollectionSchema& schema, absl::TimeZone zone,
                  schema_pb::CollectionSchema* out) {
  out->set_name(schema.name);
  out->set_description(schema.description);
  out->set_enable_dynamic_field(schema.enable_dynamic_field);
  for (const schema::FieldSchema& field : schema.fields) {
    if (field.is_dynamic || !field.struct_name.empty()) continue;
    if (field.is_primary_key) out->set_autoid(field.auto_id);
    FieldToWire(field, zone, out->add_fields());
  }
  for (const schema::StructSchema& owner : schema.structs) {
    StructSchemaToWire(owner, schema, zone, out->add_struct_array_fields());
  }
  WriteParams(schema.properties, out->mutable_properties());
}

}  // namespace elanus::proxy
