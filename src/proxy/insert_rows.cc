#include "proxy/insert_rows.h"

#include <utility>

#include "absl/container/flat_hash_set.h"
#include "proxy/convert_column_in.h"
#include "proxy/convert_key_values.h"
#include "proxy/convert_struct.h"
#include "proxy/search_params.h"
#include "schema.pb.h"
#include "schema/primary_key.h"

namespace elanus::proxy {
namespace {

// The field that a sent column is for.
absl::StatusOr<const schema::FieldSchema*> FieldOf(const schema_pb::FieldData& data,
                                                   const meta::Collection& collection) {
  const schema::CollectionSchema& schema = collection.schema;
  if (data.is_dynamic() || data.field_name() == schema::kDynamicFieldName) {
    if (schema.dynamic_field() != nullptr) return schema.dynamic_field();
    return UserError(ErrorCode::kParameterInvalid,
                     "without dynamic schema enabled, the field name cannot be set to {}",
                     schema::kDynamicFieldName);
  }
  const schema::FieldSchema* field = schema.Find(data.field_name());
  if (field != nullptr && !field->struct_name.empty()) {
    return UserError(ErrorCode::kParameterInvalid,
                     "field {} is a part of the struct array {}, which is written as a whole",
                     field->name, field->struct_name);
  }
  if (field == nullptr) {
    return UserError(ErrorCode::kParameterInvalid,
                     "more fieldData has pass in, field {} is not in the schema of collection {}",
                     data.field_name(), schema.name);
  }
  if (field->is_function_output) {
    return UserError(ErrorCode::kParameterInvalid,
                     "can not assign data to the output field of a function: {}", field->name);
  }
  return field;
}

}  // namespace

absl::StatusOr<schema::RowBatch> ReadSentColumns(const WireColumns& columns, int64_t num_rows,
                                                 const meta::Collection& collection, bool partial) {
  if (num_rows <= 0) {
    return UserError(ErrorCode::kParameterInvalid, "num_rows should be greater than 0, but got {}",
                     num_rows);
  }
  ELANUS_ASSIGN_OR_RETURN(const absl::TimeZone zone, ZoneOf("", collection));
  ColumnInOptions options;
  options.num_rows = num_rows;
  options.zone = zone;
  if (!partial) options.static_fields = &collection.schema;
  schema::RowBatch rows;
  rows.num_rows = num_rows;
  rows.columns.reserve(collection.schema.fields.size());
  for (const schema_pb::FieldData& data : columns) {
    if (const auto* owner = collection.schema.FindStruct(data.field_name()); owner != nullptr) {
      ELANUS_RETURN_IF_ERROR(StructFromWire(data, *owner, collection.schema, options, rows));
      continue;
    }
    ELANUS_ASSIGN_OR_RETURN(const schema::FieldSchema* field, FieldOf(data, collection));
    if (rows.Find(field->id) != nullptr) {
      return UserError(ErrorCode::kParameterInvalid, "duplicated field {} found", field->name);
    }
    ELANUS_ASSIGN_OR_RETURN(schema::Column column, ColumnFromWire(data, *field, options));
    rows.columns.emplace_back(field->id, std::move(column));
  }
  // Without a column nothing backs num_rows up.
  if (rows.columns.empty()) {
    return UserError(ErrorCode::kParameterInvalid,
                     "fieldSchema({}) has no corresponding fieldData pass in",
                     collection.schema.primary_key().name);
  }
  return rows;
}

absl::Status AddMissingColumns(const schema::CollectionSchema& schema, schema::RowBatch& rows) {
  schema::RowBatch complete;
  complete.num_rows = rows.num_rows;
  complete.columns.reserve(schema.fields.size());
  for (const schema::FieldSchema& field : schema.fields) {
    schema::Column* sent = nullptr;
    for (auto& [id, column] : rows.columns) {
      if (id == field.id) sent = &column;
    }
    if (sent != nullptr) {
      complete.columns.emplace_back(field.id, std::move(*sent));
    } else if (field.nullable || field.has_default() || field.is_dynamic) {
      complete.columns.emplace_back(field.id, schema::DefaultColumn(field, rows.num_rows));
    } else {
      return UserError(ErrorCode::kParameterInvalid,
                       "fieldSchema({}) has no corresponding fieldData pass in",
                       field.struct_name.empty() ? field.name : field.struct_name);
    }
  }
  rows = std::move(complete);
  return absl::OkStatus();
}

schema::Column AutoIdColumn(const schema::FieldSchema& primary_key, int64_t first, int64_t count) {
  schema::Column column(primary_key.column_type());
  column.Reserve(count, count * 20);
  for (int64_t id = first; id < first + count; ++id) {
    if (primary_key.type == schema::DataType::kInt64) {
      column.Append(id);
    } else {
      column.AppendRaw(fmt::format_int(id).c_str());
    }
  }
  return column;
}

bool MayAssignKeys(const meta::Collection& collection) {
  const std::optional<std::string> value = collection.Property("allow_insert_auto_id");
  return value && ParseBool(*value).value_or(false);
}

absl::Status CheckDistinctKeys(const schema::Column& keys) {
  const schema::ColumnView view = keys.View();
  absl::flat_hash_set<schema::PrimaryKeyView> seen;
  seen.reserve(view.num_rows);
  for (int64_t row = 0; row < view.num_rows; ++row) {
    if (!seen.insert(schema::PrimaryKeyView::Of(view, row)).second) {
      return UserError(ErrorCode::kParameterInvalid,
                       "duplicate primary keys are not allowed in the same batch");
    }
  }
  return absl::OkStatus();
}

}  // namespace elanus::proxy
