#include "proxy/convert_struct.h"

#include <cstring>

#include "proxy/convert_array_in.h"
#include "proxy/convert_vector_in.h"
#include "schema.pb.h"
#include "schema/array_value.h"

namespace elanus::proxy {
namespace {

using schema::ColumnView;
using schema::DataType;
using schema::FieldSchema;

// The field that a column inside a struct is for; clients name it with or without the struct.
absl::StatusOr<const FieldSchema*> SubFieldOf(const schema_pb::FieldData& data,
                                              const schema::StructSchema& owner,
                                              const schema::CollectionSchema& schema) {
  for (const FieldSchema* field : schema.SubFields(owner)) {
    if (data.field_name() == field->short_name() || data.field_name() == field->name) return field;
  }
  return UserError(ErrorCode::kParameterInvalid,
                   "more fieldData has pass in, field {} is not in the struct array {}",
                   data.field_name(), owner.name);
}

// Rows of one struct hang together: what holds of `first` holds of `other`.
absl::Status CheckSameLengths(const FieldSchema& first, const ColumnView& a,
                              const FieldSchema& other, const ColumnView& b) {
  for (int64_t row = 0; row < a.num_rows; ++row) {
    if (a.IsValid(row) != b.IsValid(row)) {
      return UserError(ErrorCode::kParameterInvalid,
                       "the fields of a struct array are null together, but {} and {} are not in "
                       "row {}",
                       first.name, other.name, row);
    }
    const int64_t length = schema::ElementCount(a, row);
    const int64_t other_length = schema::ElementCount(b, row);
    if (length == other_length) continue;
    return UserError(ErrorCode::kParameterInvalid,
                     "the fields of a struct array should have the same length, but row {} has {} "
                     "elements of {} and {} of {}",
                     row, length, first.name, other_length, other.name);
  }
  return absl::OkStatus();
}

// The field as if its column held single vectors.
FieldSchema ElementField(const FieldSchema& field) {
  FieldSchema element = field;
  element.type = field.element_type;
  element.element_type = DataType::kNone;
  return element;
}

absl::Status CheckDim(int64_t dim, const FieldSchema& field) {
  if (dim == field.dim()) return absl::OkStatus();
  return UserError(ErrorCode::kParameterInvalid,
                   "the dim ({}) of field data({}) is not equal to schema dim ({})", dim,
                   field.name, field.dim());
}

// What a row's vectors travel in.
void SetVectors(std::string_view bytes, DataType type, schema_pb::VectorField* out) {
  if (type == DataType::kFloatVector) {
    auto* values = out->mutable_float_vector()->mutable_data();
    values->Resize(static_cast<int>(bytes.size() / sizeof(float)), 0);
    if (!bytes.empty()) std::memcpy(values->mutable_data(), bytes.data(), bytes.size());
  } else if (type == DataType::kFloat16Vector) {
    out->set_float16_vector(std::string(bytes));
  } else if (type == DataType::kBFloat16Vector) {
    out->set_bfloat16_vector(std::string(bytes));
  } else if (type == DataType::kInt8Vector) {
    out->set_int8_vector(std::string(bytes));
  } else {
    out->set_binary_vector(std::string(bytes));
  }
}

}  // namespace

absl::Status StructFromWire(const schema_pb::FieldData& data, const schema::StructSchema& owner,
                            const schema::CollectionSchema& schema, const ColumnInOptions& options,
                            schema::RowBatch& rows) {
  if (data.has_scalars() || data.has_vectors()) {
    return UserError(ErrorCode::kParameterInvalid,
                     "the data type of field ({}) does not match the schema, expected {}",
                     owner.name, schema::DataTypeName(DataType::kArrayOfStruct));
  }
  const std::vector<const FieldSchema*> fields = schema.SubFields(owner);
  for (const schema_pb::FieldData& part : data.struct_arrays().fields()) {
    ELANUS_ASSIGN_OR_RETURN(const FieldSchema* field, SubFieldOf(part, owner, schema));
    if (rows.Find(field->id) != nullptr) {
      return UserError(ErrorCode::kParameterInvalid, "duplicated field {} found", field->name);
    }
    ELANUS_ASSIGN_OR_RETURN(schema::Column column, ColumnFromWire(part, *field, options));
    rows.columns.emplace_back(field->id, std::move(column));
  }
  for (const FieldSchema* field : fields) {
    if (rows.Find(field->id) != nullptr) continue;
    return UserError(ErrorCode::kParameterInvalid,
                     "fieldSchema({}) has no corresponding fieldData pass in", field->name);
  }
  const ColumnView first = rows.Find(fields.front()->id)->View();
  for (const FieldSchema* field : fields) {
    ELANUS_RETURN_IF_ERROR(
        CheckSameLengths(*fields.front(), first, *field, rows.Find(field->id)->View()));
  }
  return absl::OkStatus();
}

absl::Status AppendLists(const schema_pb::FieldData& data, const FieldSchema& field,
                         const Validity& validity, schema::Column& column) {
  const schema_pb::VectorArray& lists = data.vectors().vector_array();
  if (lists.data_size() > 0) ELANUS_RETURN_IF_ERROR(CheckDim(lists.dim(), field));
  const bool typed = lists.element_type() != schema_pb::None;
  if (typed && static_cast<int>(lists.element_type()) != static_cast<int>(field.element_type)) {
    return UserError(ErrorCode::kParameterInvalid,
                     "the element type {} of field data({}) is not that of the schema, {}",
                     schema_pb::DataType_Name(lists.element_type()), field.name,
                     schema::DataTypeName(field.element_type));
  }
  const FieldSchema element = ElementField(field);
  return validity.ForEach(
      [&](int64_t row, int64_t position) -> absl::Status {
        const schema_pb::VectorField& list = lists.data(static_cast<int>(position));
        if (list.dim() != 0) ELANUS_RETURN_IF_ERROR(CheckDim(list.dim(), field));
        ELANUS_ASSIGN_OR_RETURN(const VectorBytes vectors, VectorsFromWire(list, element));
        ELANUS_RETURN_IF_ERROR(CheckCapacity(vectors.num_rows, field, row));
        const int64_t bytes = vectors.num_rows * field.column_type().element_width();
        ELANUS_RETURN_IF_ERROR(CheckVectorValues(vectors.data, bytes, element));
        column.AppendRaw({reinterpret_cast<const char*>(vectors.data), static_cast<size_t>(bytes)});
        return absl::OkStatus();
      },
      NullFiller(field, column));
}

void ListsToWire(const ColumnView& column, const FieldSchema& field, std::span<const RowRange> rows,
                 schema_pb::VectorArray* out) {
  out->set_dim(field.dim());
  out->set_element_type(static_cast<schema_pb::DataType>(field.element_type));
  for (const RowRange& range : rows) {
    for (int64_t row = range.begin; row < range.begin + range.count; ++row) {
      schema_pb::VectorField* list = out->add_data();
      list->set_dim(field.dim());
      SetVectors(column.Bytes(row), field.element_type, list);
    }
  }
}

void StructToWire(const schema::StructSchema& owner, std::span<const FieldSchema* const> fields,
                  const ColumnOf& column_of, const ColumnOutOptions& options,
                  schema_pb::FieldData* out) {
  out->set_type(schema_pb::ArrayOfStruct);
  out->set_field_name(owner.name);
  out->set_field_id(owner.id.value());
  for (const FieldSchema* field : fields) {
    schema_pb::FieldData* part = out->mutable_struct_arrays()->add_fields();
    ColumnToWire(column_of(*field), *field, options, part);
    part->set_field_name(std::string(field->short_name()));
  }
}

}  // namespace elanus::proxy
