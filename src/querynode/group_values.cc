#include "querynode/group_values.h"

#include <charconv>
#include <limits>

namespace elanus::querynode {
namespace {

using expr::JsonType;
using expr::JsonValue;
using schema::DataType;

template <typename T>
bool CastInt(const JsonValue& value, std::string& bytes) {
  if (value.type != JsonType::kInt || value.integer < std::numeric_limits<T>::min() ||
      value.integer > std::numeric_limits<T>::max()) {
    return false;
  }
  const auto number = static_cast<T>(value.integer);
  bytes.assign(reinterpret_cast<const char*>(&number), sizeof(number));
  return true;
}

template <typename T>
std::string NumberText(T number) {
  char buffer[32];
  const auto [end, error] = std::to_chars(buffer, buffer + sizeof(buffer), number);
  return {buffer, end};
}

}  // namespace

GroupValues::GroupValues(const roles::GroupField& grouping, const schema::FieldSchema& field)
    : grouping_(grouping),
      type_(field.column_type()),
      is_json_(field.type == DataType::kJson),
      readings_(grouping.path) {
  if (!is_json_) return;
  const bool casts = grouping.json_type != DataType::kNone;
  type_ = {.type = casts ? grouping.json_type : DataType::kVarChar};
}

absl::StatusOr<std::optional<std::string_view>> GroupValues::Of(const schema::ColumnView& column,
                                                                int64_t row) {
  if (!column.IsValid(row)) return std::nullopt;
  if (is_json_) return OfJson(column.Bytes(row));
  return column.Raw(row);
}

absl::StatusOr<std::optional<std::string_view>> GroupValues::OfJson(std::string_view json) {
  if (grouping_.path.empty() && grouping_.json_type == DataType::kNone) return json;
  const JsonValue* value = readings_.Find(json);
  if (value != nullptr && Cast(*value)) return bytes_;
  if (grouping_.strict_cast) {
    return UserError(ErrorCode::kParameterInvalid,
                     "a JSON value to group by is missing or not of type {} (strict_cast)",
                     schema::DataTypeName(type_.type));
  }
  return std::nullopt;
}

bool GroupValues::Cast(const JsonValue& value) {
  const bool is_text = value.type == JsonType::kString;
  switch (grouping_.json_type) {
    case DataType::kInt8:
      return CastInt<int8_t>(value, bytes_);
    case DataType::kInt16:
      return CastInt<int16_t>(value, bytes_);
    case DataType::kInt32:
      return CastInt<int32_t>(value, bytes_);
    case DataType::kInt64:
      return CastInt<int64_t>(value, bytes_);
    case DataType::kBool:
      bytes_.assign(1, value.type == JsonType::kBool && value.boolean ? '\1' : '\0');
      return value.type == JsonType::kBool;
    case DataType::kVarChar:
      if (is_text) bytes_ = expr::JsonText(value, scratch_);
      return is_text;
    default:
      break;
  }
  switch (value.type) {  // No cast: any value by its text.
    case JsonType::kBool:
      bytes_ = value.boolean ? "true" : "false";
      return true;
    case JsonType::kInt:
      bytes_ = NumberText(value.integer);
      return true;
    case JsonType::kUnsigned:
      bytes_ = NumberText(value.unsigned_integer);
      return true;
    case JsonType::kDouble:
      bytes_ = NumberText(value.number);
      return true;
    case JsonType::kString:
      bytes_ = expr::JsonText(value, scratch_);
      return true;
    case JsonType::kArray:
    case JsonType::kObject:
      bytes_ = value.text;
      return true;
    case JsonType::kNull:
    case JsonType::kMissing:
      return false;
  }
  return false;
}

}  // namespace elanus::querynode
