#include "meta/json_reader.h"

#include <cmath>

namespace elanus::meta {
namespace {
const nlohmann::json kEmptyArray = nlohmann::json::array();
const nlohmann::json kEmptyObject = nlohmann::json::object();
}  // namespace

JsonReader::JsonReader(const nlohmann::json& json, std::string_view what)
    : json_(json), what_(what) {
  if (!json_.is_object()) Fail("not an object");
}

void JsonReader::Fail(std::string_view problem) {
  if (!status_.ok()) return;
  status_ =
      InternalError(ErrorCode::kDataIntegrity, "the catalog is damaged: {}: {}", what_, problem);
}

bool JsonReader::Has(const char* name) const {
  return json_.is_object() && json_.contains(name);
}

const nlohmann::json* JsonReader::Member(const char* name) {
  if (!json_.is_object()) return nullptr;
  const auto it = json_.find(name);
  if (it == json_.end()) {
    Fail(fmt::format("no member {}", name));
    return nullptr;
  }
  ++num_read_;
  return &*it;
}

int64_t JsonReader::Int(const char* name, int64_t min, int64_t max) {
  const nlohmann::json* member = Member(name);
  if (member == nullptr) return min > 0 ? min : 0;
  const bool fits =
      member->is_number_integer() &&
      !(member->is_number_unsigned() &&
        member->get<uint64_t>() > static_cast<uint64_t>(std::numeric_limits<int64_t>::max()));
  const int64_t value = fits ? member->get<int64_t>() : 0;
  if (fits && value >= min && value <= max) return value;
  Fail(fmt::format("member {} is not an integer in its range", name));
  return min > 0 ? min : 0;
}

uint64_t JsonReader::Unsigned(const char* name) {
  const nlohmann::json* member = Member(name);
  if (member == nullptr) return 0;
  if (member->is_number_unsigned()) return member->get<uint64_t>();
  Fail(fmt::format("member {} is not an unsigned integer", name));
  return 0;
}

double JsonReader::Double(const char* name) {
  const nlohmann::json* member = Member(name);
  if (member == nullptr) return 0;
  const double value = member->is_number() ? member->get<double>() : NAN;
  if (std::isfinite(value)) return value;
  Fail(fmt::format("member {} is not a number", name));
  return 0;
}

bool JsonReader::Bool(const char* name) {
  const nlohmann::json* member = Member(name);
  if (member == nullptr) return false;
  if (member->is_boolean()) return member->get<bool>();
  Fail(fmt::format("member {} is not true or false", name));
  return false;
}

std::string JsonReader::String(const char* name) {
  const nlohmann::json* member = Member(name);
  if (member == nullptr) return "";
  if (member->is_string()) return member->get_ref<const std::string&>();
  Fail(fmt::format("member {} is not a text", name));
  return "";
}

const nlohmann::json& JsonReader::Array(const char* name) {
  const nlohmann::json* member = Member(name);
  if (member == nullptr) return kEmptyArray;
  if (member->is_array()) return *member;
  Fail(fmt::format("member {} is not an array", name));
  return kEmptyArray;
}

const nlohmann::json& JsonReader::Object(const char* name) {
  const nlohmann::json* member = Member(name);
  if (member == nullptr) return kEmptyObject;
  if (member->is_object()) return *member;
  Fail(fmt::format("member {} is not an object", name));
  return kEmptyObject;
}

absl::Status JsonReader::Finish() {
  if (json_.is_object() && num_read_ != json_.size()) Fail("unknown members");
  return status_;
}

absl::StatusOr<nlohmann::json> ParseJson(std::string_view text, std::string_view what) {
  nlohmann::json json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) {
    return InternalError(ErrorCode::kDataIntegrity, "the catalog is damaged: {}: not JSON", what);
  }
  return json;
}

absl::StatusOr<std::string> WriteJson(const nlohmann::json& json, std::string_view what) {
  try {
    return json.dump();
  } catch (const nlohmann::json::exception& error) {
    return UserError(ErrorCode::kParameterInvalid, "{} holds text that is not UTF-8: {}", what,
                     error.what());
  }
}

}  // namespace elanus::meta
