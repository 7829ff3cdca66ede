#include "proxy/convert_default_value.h"

#include <cmath>
#include <limits>

#include "geometry/wkt_reader.h"
#include "schema.pb.h"
#include "schema/timestamptz.h"

namespace elanus::proxy {
namespace {

using schema::DataType;
using schema::DefaultValue;
using schema_pb::ValueField;

bool AdmitsDefault(const schema::FieldSchema& field) {
  return !schema::IsVector(field.type) && field.type != DataType::kArray &&
         field.type != DataType::kArrayOfStruct && field.type != DataType::kJson &&
         field.type != DataType::kNone;
}

absl::Status WrongSlot(const schema::FieldSchema& field) {
  return UserError(ErrorCode::kParameterInvalid,
                   "type of default_value does not match the type of field: type ({}) of field "
                   "({})",
                   schema::DataTypeName(field.type), field.name);
}

// Clients put a plain integer into either slot, whatever the width of the field.
template <typename T>
absl::StatusOr<DefaultValue> Integer(const ValueField& value, const schema::FieldSchema& field) {
  if (value.data_case() != ValueField::kIntData && value.data_case() != ValueField::kLongData) {
    return WrongSlot(field);
  }
  const int64_t number =
      value.data_case() == ValueField::kIntData ? value.int_data() : value.long_data();
  if (number < std::numeric_limits<T>::min() || number > std::numeric_limits<T>::max()) {
    return UserError(ErrorCode::kParameterInvalid,
                     "[{}] out of range {} <= value <= {}, default value of field {}", number,
                     std::numeric_limits<T>::min(), std::numeric_limits<T>::max(), field.name);
  }
  return DefaultValue(number);
}

absl::StatusOr<DefaultValue> Real(double value, const schema::FieldSchema& field) {
  if (!std::isfinite(value)) {
    return UserError(ErrorCode::kParameterInvalid,
                     "default value is not a number or infinity, field: {}", field.name);
  }
  return DefaultValue(value);
}

absl::StatusOr<DefaultValue> Text(const ValueField& value, const schema::FieldSchema& field) {
  const std::string& text = value.string_data();
  if (field.max_length() > 0 && static_cast<int64_t>(text.size()) > field.max_length()) {
    return UserError(ErrorCode::kParameterInvalid,
                     "the length ({}) of string exceeds max length ({}), default value of field {}",
                     text.size(), field.max_length(), field.name);
  }
  return DefaultValue(text);
}

// Kept as it was written; what reads defaults makes WKB of it.
absl::StatusOr<DefaultValue> Shape(const ValueField& value, const schema::FieldSchema& field) {
  const absl::Status status = geometry::WktReader().Read(value.string_data()).status();
  if (!status.ok()) return WithContext(status, "default value of field " + field.name);
  return DefaultValue(value.string_data());
}

absl::StatusOr<DefaultValue> Time(const ValueField& value, const schema::FieldSchema& field,
                                  absl::TimeZone zone) {
  if (value.data_case() == ValueField::kTimestamptzData) {
    return DefaultValue(value.timestamptz_data());
  }
  if (value.data_case() != ValueField::kStringData) return WrongSlot(field);
  ELANUS_ASSIGN_OR_RETURN(const int64_t micros,
                          schema::ParseTimestamptz(value.string_data(), zone));
  return DefaultValue(micros);
}

}  // namespace

absl::StatusOr<DefaultValue> DefaultFromWire(const ValueField& value,
                                             const schema::FieldSchema& field,
                                             absl::TimeZone zone) {
  if (value.data_case() == ValueField::DATA_NOT_SET) return DefaultValue();
  if (!AdmitsDefault(field)) {
    return UserError(ErrorCode::kParameterInvalid,
                     "type not support default_value, type: {}, name: {}",
                     schema::DataTypeName(field.type), field.name);
  }
  if (field.is_primary_key) {
    return UserError(ErrorCode::kParameterInvalid,
                     "primary field not support default_value, type not support default_value, "
                     "name: {}",
                     field.name);
  }
  const auto slot = value.data_case();
  switch (field.type) {
    case DataType::kBool:
      if (slot != ValueField::kBoolData) return WrongSlot(field);
      return DefaultValue(value.bool_data());
    case DataType::kInt8:
      return Integer<int8_t>(value, field);
    case DataType::kInt16:
      return Integer<int16_t>(value, field);
    case DataType::kInt32:
      return Integer<int32_t>(value, field);
    case DataType::kInt64:
      return Integer<int64_t>(value, field);
    case DataType::kFloat:
    case DataType::kDouble:
      if (slot == ValueField::kFloatData) return Real(value.float_data(), field);
      if (slot == ValueField::kDoubleData) return Real(value.double_data(), field);
      return WrongSlot(field);
    case DataType::kVarChar:
    case DataType::kText:
      if (slot != ValueField::kStringData) return WrongSlot(field);
      return Text(value, field);
    case DataType::kGeometry:
      if (slot != ValueField::kStringData) return WrongSlot(field);
      return Shape(value, field);
    case DataType::kTimestamptz:
      return Time(value, field, zone);
    case DataType::kNone:
    case DataType::kArray:
    case DataType::kJson:
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
  return WrongSlot(field);
}

void DefaultToWire(const schema::FieldSchema& field, absl::TimeZone zone, ValueField* out) {
  if (const auto* flag = std::get_if<bool>(&field.default_value)) {
    out->set_bool_data(*flag);
  } else if (const auto* text = std::get_if<std::string>(&field.default_value)) {
    out->set_string_data(*text);
  } else if (const auto* real = std::get_if<double>(&field.default_value)) {
    if (field.type == DataType::kFloat) {
      out->set_float_data(static_cast<float>(*real));
    } else {
      out->set_double_data(*real);
    }
  } else if (const auto* number = std::get_if<int64_t>(&field.default_value)) {
    if (field.type == DataType::kTimestamptz) {
      out->set_string_data(schema::FormatTimestamptz(*number, zone));
    } else if (field.type == DataType::kInt64) {
      out->set_long_data(*number);
    } else {
      out->set_int_data(static_cast<int32_t>(*number));
    }
  }
}

}  // namespace elanus::proxy
