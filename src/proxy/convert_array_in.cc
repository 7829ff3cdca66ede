#include "proxy/convert_array_in.h"

#include "proxy/scalar_checks.h"
#include "schema.pb.h"
#include "schema/array_value.h"

namespace elanus::proxy {
namespace {

using schema::ArrayBuilder;
using schema::DataType;
using schema_pb::ScalarField;

}  // namespace

absl::Status CheckCapacity(int64_t count, const schema::FieldSchema& field, int64_t row) {
  if (field.max_capacity() <= 0 || count <= field.max_capacity()) return absl::OkStatus();
  return UserError(ErrorCode::kParameterInvalid,
                   "array length exceeds max capacity, field: {}, row number: {}, length: {}, max "
                   "capacity: {}",
                   field.name, row, count, field.max_capacity());
}

namespace {

template <typename Stored, typename Values>
absl::StatusOr<std::string> Build(const Values& values, const schema::FieldSchema& field,
                                  int64_t row) {
  ELANUS_RETURN_IF_ERROR(CheckCapacity(values.size(), field, row));
  ArrayBuilder builder(field.element_type);
  for (const auto value : values) builder.Append(static_cast<Stored>(value));
  return builder.Finish();
}

template <typename Stored>
absl::StatusOr<std::string> BuildNarrow(const ScalarField& value, const schema::FieldSchema& field,
                                        int64_t row) {
  const auto& values = value.int_data().data();
  ELANUS_RETURN_IF_ERROR(
      CheckRange<Stored>({values.data(), static_cast<size_t>(values.size())}, field.name));
  return Build<Stored>(values, field, row);
}

template <typename Real, typename Values>
absl::StatusOr<std::string> BuildReal(const Values& values, const schema::FieldSchema& field,
                                      int64_t row) {
  ELANUS_RETURN_IF_ERROR(CheckFinite(
      std::span<const Real>(values.data(), static_cast<size_t>(values.size())), field.name));
  return Build<Real>(values, field, row);
}

absl::StatusOr<std::string> BuildText(const ScalarField& value, const schema::FieldSchema& field,
                                      int64_t row) {
  const auto& values = value.string_data().data();
  ELANUS_RETURN_IF_ERROR(CheckCapacity(values.size(), field, row));
  ArrayBuilder builder(field.element_type);
  for (const std::string& text : values) {
    ELANUS_RETURN_IF_ERROR(CheckText(text, field, row));
    builder.AppendRaw(text);
  }
  return builder.Finish();
}

ScalarField::DataCase SlotOf(DataType element) {
  if (element == DataType::kBool) return ScalarField::kBoolData;
  if (element == DataType::kInt64) return ScalarField::kLongData;
  if (schema::IsInteger(element)) return ScalarField::kIntData;
  if (element == DataType::kFloat) return ScalarField::kFloatData;
  if (element == DataType::kDouble) return ScalarField::kDoubleData;
  return ScalarField::kStringData;
}

}  // namespace

absl::StatusOr<std::string> ArrayFromWire(const ScalarField& value,
                                          const schema::FieldSchema& field, int64_t row) {
  if (value.data_case() == ScalarField::DATA_NOT_SET) {
    return ArrayBuilder(field.element_type).Finish();
  }
  if (value.data_case() != SlotOf(field.element_type)) {
    return UserError(ErrorCode::kParameterInvalid,
                     "insert data does not match the element type of array field {}, expected {}, "
                     "row number: {}",
                     field.name, schema::DataTypeName(field.element_type), row);
  }
  switch (field.element_type) {
    case DataType::kBool:
      return Build<uint8_t>(value.bool_data().data(), field, row);
    case DataType::kInt8:
      return BuildNarrow<int8_t>(value, field, row);
    case DataType::kInt16:
      return BuildNarrow<int16_t>(value, field, row);
    case DataType::kInt32:
      return Build<int32_t>(value.int_data().data(), field, row);
    case DataType::kInt64:
      return Build<int64_t>(value.long_data().data(), field, row);
    case DataType::kFloat:
      return BuildReal<float>(value.float_data().data(), field, row);
    case DataType::kDouble:
      return BuildReal<double>(value.double_data().data(), field, row);
    case DataType::kVarChar:
      return BuildText(value, field, row);
    case DataType::kNone:
    case DataType::kArray:
    case DataType::kJson:
    case DataType::kGeometry:
    case DataType::kText:
    case DataType::kTimestamptz:
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
  return UserError(ErrorCode::kParameterInvalid,
                   "element type of array field {} is not supported: {}", field.name,
                   schema::DataTypeName(field.element_type));
}

}  // namespace elanus::proxy
