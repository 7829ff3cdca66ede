#include "proxy/convert_templates.h"

#include <nlohmann/json.hpp>

#include "schema.pb.h"

namespace elanus::proxy {
namespace {

using expr::TemplateValue;
using schema_pb::TemplateArrayValue;

constexpr int kDepthMax = 32;  // Of lists in lists.

absl::Status BadValue(std::string_view what) {
  return UserError(ErrorCode::kParameterInvalid, "invalid expression template value: {}", what);
}

absl::StatusOr<TemplateValue> FromJson(const nlohmann::json& json, int depth) {
  if (depth > kDepthMax) return BadValue("nested too deeply");
  if (json.is_boolean()) return TemplateValue{json.get<bool>()};
  if (json.is_number_unsigned() && json.get<uint64_t>() > INT64_MAX) {
    return TemplateValue{json.get<double>()};
  }
  if (json.is_number_integer()) return TemplateValue{json.get<int64_t>()};
  if (json.is_number()) return TemplateValue{json.get<double>()};
  if (json.is_string()) return TemplateValue{json.get<std::string>()};
  if (!json.is_array()) return BadValue("neither a boolean, a number, a string nor a list");
  TemplateValue::List list;
  for (const nlohmann::json& item : json) {
    ELANUS_ASSIGN_OR_RETURN(TemplateValue value, FromJson(item, depth + 1));
    list.push_back(std::move(value));
  }
  return TemplateValue{std::move(list)};
}

absl::StatusOr<TemplateValue> FromJsonText(const std::string& text, int depth) {
  // Text of few bytes nests deeply, and freeing what it gives must not exhaust the stack.
  if (text.size() > (1 << 20)) return BadValue("too long");
  const nlohmann::json json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) return BadValue("not JSON");
  return FromJson(json, depth);
}

template <typename Element, typename Values>
TemplateValue::List ListOf(const Values& values) {
  TemplateValue::List list;
  list.reserve(values.size());
  for (const auto& value : values) list.push_back(TemplateValue{Element(value)});
  return list;
}

absl::StatusOr<TemplateValue> ArrayFromWire(const TemplateArrayValue& array, int depth) {
  if (depth > kDepthMax) return BadValue("nested too deeply");
  TemplateValue::List list;
  switch (array.data_case()) {
    case TemplateArrayValue::kBoolData:
      list = ListOf<bool>(array.bool_data().data());
      break;
    case TemplateArrayValue::kLongData:
      list = ListOf<int64_t>(array.long_data().data());
      break;
    case TemplateArrayValue::kDoubleData:
      list = ListOf<double>(array.double_data().data());
      break;
    case TemplateArrayValue::kStringData:
      list = ListOf<std::string>(array.string_data().data());
      break;
    case TemplateArrayValue::kArrayData:
      for (const TemplateArrayValue& item : array.array_data().data()) {
        ELANUS_ASSIGN_OR_RETURN(TemplateValue value, ArrayFromWire(item, depth + 1));
        list.push_back(std::move(value));
      }
      break;
    case TemplateArrayValue::kJsonData:
      for (const std::string& item : array.json_data().data()) {
        ELANUS_ASSIGN_OR_RETURN(TemplateValue value, FromJsonText(item, depth + 1));
        list.push_back(std::move(value));
      }
      break;
    case TemplateArrayValue::DATA_NOT_SET:
      break;
  }
  return TemplateValue{std::move(list)};
}

}  // namespace

absl::StatusOr<TemplateValue> TemplateFromWire(const schema_pb::TemplateValue& value) {
  switch (value.val_case()) {
    case schema_pb::TemplateValue::kBoolVal:
      return TemplateValue{value.bool_val()};
    case schema_pb::TemplateValue::kInt64Val:
      return TemplateValue{value.int64_val()};
    case schema_pb::TemplateValue::kFloatVal:
      return TemplateValue{value.float_val()};
    case schema_pb::TemplateValue::kStringVal:
      return TemplateValue{value.string_val()};
    case schema_pb::TemplateValue::kArrayVal:
      return ArrayFromWire(value.array_val(), 0);
    case schema_pb::TemplateValue::kBytesVal:
      return TemplateValue{value.bytes_val()};
    case schema_pb::TemplateValue::VAL_NOT_SET:
      break;
  }
  return BadValue("no value");
}

}  // namespace elanus::proxy
