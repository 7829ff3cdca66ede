#include "proxy/json_check.h"

#include <simdjson.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace elanus::proxy {
namespace {
constexpr size_t kJsonBytesMax = 65536;
constexpr int kDepthMax = 1024;  // What simdjson admits; deeper values would exhaust stacks.

int Depth(std::string_view json) {
  int depth = 0;
  int deepest = 0;
  bool in_string = false;
  for (size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      deepest = std::max(deepest, ++depth);
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return deepest;
}

// simdjson refuses integers of more than 64 bits, which are fine as JSON.
bool IsJsonForOthers(std::string_view json) {
  return Depth(json) <= kDepthMax && nlohmann::json::accept(json);
}

}  // namespace

struct JsonCheck::Parser {
  simdjson::dom::parser dom;
};

JsonCheck::JsonCheck(const schema::FieldSchema& field,
                     const schema::CollectionSchema* static_fields)
    : field_(field), parser_(std::make_unique<Parser>()) {
  if (static_fields == nullptr) return;
  for (const schema::FieldSchema& other : static_fields->fields) {
    if (!other.is_dynamic) static_names_.insert(other.name);
  }
  for (const schema::StructSchema& owner : static_fields->structs) {
    static_names_.insert(owner.name);
  }
}

JsonCheck::~JsonCheck() = default;

absl::Status JsonCheck::operator()(int64_t row, const std::string& value) {
  if (value.size() > kJsonBytesMax) {
    return UserError(ErrorCode::kParameterInvalid,
                     "length of json field exceeds max length: length exceeds max length, field: "
                     "{}, row number: {}, length: {}, max length: {}",
                     field_.name, row, value.size(), kJsonBytesMax);
  }
  if (field_.is_dynamic) return CheckKeys(row, value);
  if (parser_->dom.parse(value).error() == simdjson::SUCCESS) return absl::OkStatus();
  if (IsJsonForOthers(value)) return absl::OkStatus();
  return UserError(ErrorCode::kParameterInvalid,
                   "value of json field is not valid JSON, field: {}, row number: {}", field_.name,
                   row);
}

absl::Status JsonCheck::CheckKey(std::string_view key) const {
  if (key == schema::kDynamicFieldName) {
    return UserError(ErrorCode::kParameterInvalid, "cannot set json key to: {}", key);
  }
  if (static_names_.contains(key)) {
    return UserError(ErrorCode::kParameterInvalid,
                     "dynamic field name cannot include the static field name: {}", key);
  }
  return absl::OkStatus();
}

absl::Status JsonCheck::CheckKeys(int64_t row, const std::string& value) {
  simdjson::dom::element root;
  if (parser_->dom.parse(value).get(root) == simdjson::SUCCESS) {
    simdjson::dom::object object;
    if (root.get(object) == simdjson::SUCCESS) {
      for (const auto& [key, unused] : object) ELANUS_RETURN_IF_ERROR(CheckKey(key));
      return absl::OkStatus();
    }
  } else if (IsJsonForOthers(value)) {
    const nlohmann::json parsed = nlohmann::json::parse(value, nullptr, false);
    if (parsed.is_object()) {
      for (const auto& item : parsed.items()) ELANUS_RETURN_IF_ERROR(CheckKey(item.key()));
      return absl::OkStatus();
    }
  }
  return UserError(ErrorCode::kParameterInvalid,
                   "value of the dynamic field is not a valid JSON object, row number: {}", row);
}

}  // namespace elanus::proxy
