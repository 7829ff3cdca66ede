#include "proxy/convert_column_in.h"

#include "geometry/wkt_reader.h"
#include "proxy/convert_array_in.h"
#include "proxy/convert_struct.h"
#include "proxy/convert_vector_in.h"
#include "proxy/json_check.h"
#include "proxy/scalar_checks.h"
#include "proxy/validity.h"
#include "schema.pb.h"
#include "schema/timestamptz.h"

namespace elanus::proxy {
namespace {

using schema::Column;
using schema::DataType;
using schema_pb::ScalarField;

// Makes room for the rows as well, but only when so many were really sent: num_rows is the client's
// word.
absl::Status CheckCount(int64_t values, const schema::FieldSchema& field, const Validity& validity,
                        Column& column) {
  if (values == validity.num_valid()) {
    column.Reserve(validity.num_rows());
    return absl::OkStatus();
  }
  if (!validity.all_valid()) {
    return UserError(ErrorCode::kParameterInvalid,
                     "the length of field is wrong: field({}) has {} values for {} valid rows",
                     field.name, values, validity.num_valid());
  }
  return UserError(ErrorCode::kParameterInvalid,
                   "the num_rows ({}) of field ({}) is not equal to passed num_rows ({})", values,
                   field.name, validity.num_rows());
}

absl::Status WrongType(const schema::FieldSchema& field) {
  return UserError(ErrorCode::kParameterInvalid,
                   "the data type of field ({}) does not match the schema, expected {}", field.name,
                   schema::DataTypeName(field.type));
}

// Values that are stored as they travel.
template <typename T>
absl::Status AppendSame(const google::protobuf::RepeatedField<T>& values,
                        const schema::FieldSchema& field, const Validity& validity,
                        Column& column) {
  ELANUS_RETURN_IF_ERROR(CheckCount(values.size(), field, validity, column));
  if (validity.all_valid()) {
    column.AppendFixedRows(values.data(), values.size());
    return absl::OkStatus();
  }
  return validity.ForEach(
      [&](int64_t, int64_t position) {
        column.Append(values[static_cast<int>(position)]);
        return absl::OkStatus();
      },
      NullFiller(field, column));
}

// 32-bit integers on the wire, stored as T.
template <typename T>
absl::Status AppendNarrow(const google::protobuf::RepeatedField<int32_t>& values,
                          const schema::FieldSchema& field, const Validity& validity,
                          Column& column) {
  ELANUS_RETURN_IF_ERROR(CheckCount(values.size(), field, validity, column));
  ELANUS_RETURN_IF_ERROR(
      CheckRange<T>({values.data(), static_cast<size_t>(values.size())}, field.name));
  return validity.ForEach(
      [&](int64_t, int64_t position) {
        column.Append(static_cast<T>(values[static_cast<int>(position)]));
        return absl::OkStatus();
      },
      NullFiller(field, column));
}

// Values of any length; `check(row, value)` says whether one is fine.
template <typename Values, typename Check>
absl::Status AppendChecked(const Values& values, const schema::FieldSchema& field,
                           const Validity& validity, Column& column, Check&& check) {
  ELANUS_RETURN_IF_ERROR(CheckCount(values.size(), field, validity, column));
  int64_t num_bytes = 0;
  for (const std::string& value : values) num_bytes += static_cast<int64_t>(value.size());
  column.Reserve(validity.num_rows(), num_bytes);
  return validity.ForEach(
      [&](int64_t row, int64_t position) {
        const std::string& value = values[static_cast<int>(position)];
        ELANUS_RETURN_IF_ERROR(check(row, value));
        column.AppendRaw(value);
        return absl::OkStatus();
      },
      NullFiller(field, column));
}

absl::Status AppendTimes(const schema_pb::FieldData& data, const schema::FieldSchema& field,
                         const Validity& validity, absl::TimeZone zone, Column& column) {
  if (data.scalars().has_timestamptz_data()) {
    return AppendSame(data.scalars().timestamptz_data().data(), field, validity, column);
  }
  const auto& values = data.scalars().string_data().data();
  ELANUS_RETURN_IF_ERROR(CheckCount(values.size(), field, validity, column));
  return validity.ForEach(
      [&](int64_t, int64_t position) -> absl::Status {
        ELANUS_ASSIGN_OR_RETURN(const int64_t micros,
                                schema::ParseTimestamptz(values[static_cast<int>(position)], zone));
        column.Append(micros);
        return absl::OkStatus();
      },
      NullFiller(field, column));
}

// WKT, stored as WKB.
absl::Status AppendShapes(const schema_pb::FieldData& data, const schema::FieldSchema& field,
                          const Validity& validity, Column& column) {
  const auto& values = data.scalars().geometry_wkt_data().data();
  ELANUS_RETURN_IF_ERROR(CheckCount(values.size(), field, validity, column));
  geometry::WktReader reader;
  return validity.ForEach(
      [&](int64_t row, int64_t position) -> absl::Status {
        const absl::StatusOr<std::string> wkb = reader.Read(values[static_cast<int>(position)]);
        if (!wkb.ok()) {
          return UserError(ErrorCode::kParameterInvalid, "{}, field {}, row {}",
                           MessageOf(wkb.status()), field.name, row);
        }
        column.AppendRaw(*wkb);
        return absl::OkStatus();
      },
      NullFiller(field, column));
}

absl::Status AppendArrays(const schema_pb::FieldData& data, const schema::FieldSchema& field,
                          const Validity& validity, Column& column) {
  const auto& values = data.scalars().array_data().data();
  ELANUS_RETURN_IF_ERROR(CheckCount(values.size(), field, validity, column));
  return validity.ForEach(
      [&](int64_t row, int64_t position) -> absl::Status {
        ELANUS_ASSIGN_OR_RETURN(const std::string bytes,
                                ArrayFromWire(values[static_cast<int>(position)], field, row));
        column.AppendRaw(bytes);
        return absl::OkStatus();
      },
      NullFiller(field, column));
}

// The slot that values of this type travel in.
ScalarField::DataCase SlotOf(DataType type) {
  switch (type) {
    case DataType::kBool:
      return ScalarField::kBoolData;
    case DataType::kInt8:
    case DataType::kInt16:
    case DataType::kInt32:
      return ScalarField::kIntData;
    case DataType::kInt64:
      return ScalarField::kLongData;
    case DataType::kFloat:
      return ScalarField::kFloatData;
    case DataType::kDouble:
      return ScalarField::kDoubleData;
    case DataType::kVarChar:
    case DataType::kText:
    case DataType::kTimestamptz:
      return ScalarField::kStringData;
    case DataType::kArray:
      return ScalarField::kArrayData;
    case DataType::kJson:
      return ScalarField::kJsonData;
    case DataType::kGeometry:
      return ScalarField::kGeometryWktData;
    case DataType::kNone:
    case DataType::kBinaryVector:
    case DataType::kFloatVector:
    case DataType::kFloat16Vector:
    case DataType::kBFloat16Vector:
    case DataType::kSparseFloatVector:
    case DataType::kInt8Vector:
    case DataType::kArrayOfVector:
    case DataType::kArrayOfStruct:
      break;
  }
  return ScalarField::DATA_NOT_SET;
}

absl::Status CheckSlot(const schema_pb::FieldData& data, const schema::FieldSchema& field) {
  if (data.has_vectors() || data.has_struct_arrays()) return WrongType(field);
  const ScalarField::DataCase slot = data.scalars().data_case();
  // No data at all is a column without values, as for a column of nulls.
  if (slot == ScalarField::DATA_NOT_SET || slot == SlotOf(field.type)) return absl::OkStatus();
  const bool raw_time =
      field.type == DataType::kTimestamptz && slot == ScalarField::kTimestamptzData;
  return raw_time ? absl::OkStatus() : WrongType(field);
}

absl::Status AppendScalars(const schema_pb::FieldData& data, const schema::FieldSchema& field,
                           const ColumnInOptions& options, const Validity& validity,
                           Column& column) {
  ELANUS_RETURN_IF_ERROR(CheckSlot(data, field));
  const ScalarField& scalars = data.scalars();
  switch (field.type) {
    case DataType::kBool:
      return AppendSame(scalars.bool_data().data(), field, validity, column);
    case DataType::kInt8:
      return AppendNarrow<int8_t>(scalars.int_data().data(), field, validity, column);
    case DataType::kInt16:
      return AppendNarrow<int16_t>(scalars.int_data().data(), field, validity, column);
    case DataType::kInt32:
      return AppendSame(scalars.int_data().data(), field, validity, column);
    case DataType::kInt64:
      return AppendSame(scalars.long_data().data(), field, validity, column);
    case DataType::kFloat: {
      const auto& values = scalars.float_data().data();
      ELANUS_RETURN_IF_ERROR(
          CheckFinite({values.data(), static_cast<size_t>(values.size())}, field.name));
      return AppendSame(values, field, validity, column);
    }
    case DataType::kDouble: {
      const auto& values = scalars.double_data().data();
      ELANUS_RETURN_IF_ERROR(CheckFinite(
          std::span<const double>(values.data(), static_cast<size_t>(values.size())), field.name));
      return AppendSame(values, field, validity, column);
    }
    case DataType::kVarChar:
    case DataType::kText:
      return AppendChecked(
          scalars.string_data().data(), field, validity, column,
          [&field](int64_t row, const std::string& value) { return CheckText(value, field, row); });
    case DataType::kGeometry:
      return AppendShapes(data, field, validity, column);
    case DataType::kJson: {
      JsonCheck check(field, options.static_fields);
      return AppendChecked(
          scalars.json_data().data(), field, validity, column,
          [&check](int64_t row, const std::string& value) { return check(row, value); });
    }
    case DataType::kTimestamptz:
      return AppendTimes(data, field, validity, options.zone, column);
    case DataType::kArray:
      return AppendArrays(data, field, validity, column);
    case DataType::kNone:
    case DataType::kBinaryVector:
    case DataType::kFloatVector:
    case DataType::kFloat16Vector:
    case DataType::kBFloat16Vector:
    case DataType::kSparseFloatVector:
    case DataType::kInt8Vector:
    case DataType::kArrayOfVector:
    case DataType::kArrayOfStruct:
      break;
  }
  return WrongType(field);
}

}  // namespace

absl::StatusOr<Column> ColumnFromWire(const schema_pb::FieldData& data,
                                      const schema::FieldSchema& field,
                                      const ColumnInOptions& options) {
  ELANUS_ASSIGN_OR_RETURN(const Validity validity, Validity::Of(data, field, options.num_rows));
  Column column(field.column_type());
  if (!schema::IsVector(field.type)) {
    ELANUS_RETURN_IF_ERROR(AppendScalars(data, field, options, validity, column));
    return column;
  }
  if (data.has_scalars() || data.has_struct_arrays()) return WrongType(field);
  if (field.type == DataType::kArrayOfVector) {
    const bool other = data.vectors().data_case() != schema_pb::VectorField::DATA_NOT_SET &&
                       !data.vectors().has_vector_array();
    if (other) return WrongType(field);
    ELANUS_RETURN_IF_ERROR(
        CheckCount(data.vectors().vector_array().data_size(), field, validity, column));
    ELANUS_RETURN_IF_ERROR(AppendLists(data, field, validity, column));
    return column;
  }
  ELANUS_RETURN_IF_ERROR(CheckVectorDim(data, field, validity.num_valid()));
  ELANUS_ASSIGN_OR_RETURN(const VectorBytes vectors, VectorsFromWire(data.vectors(), field));
  ELANUS_RETURN_IF_ERROR(CheckCount(vectors.num_rows, field, validity, column));
  ELANUS_RETURN_IF_ERROR(AppendVectors(vectors, field, validity, column));
  return column;
}

}  // namespace elanus::proxy
