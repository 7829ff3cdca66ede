#include "text/options.h"

namespace elanus::text {

absl::StatusOr<Definition> ReadDefinition(const nlohmann::json& definition, std::string_view kind) {
  static const nlohmann::json* const kNoOptions = new nlohmann::json(nlohmann::json::object());
  if (definition.is_string()) return Definition{definition.get<std::string>(), kNoOptions};
  if (definition.is_object() && definition.contains("type") && definition["type"].is_string()) {
    return Definition{definition["type"].get<std::string>(), &definition};
  }
  return UserError(ErrorCode::kParameterInvalid,
                   "analyzer {} must be a name or an object with a type", kind);
}

const nlohmann::json* Options::Take(std::string_view key) {
  taken_.emplace(key);
  const auto found = object_.find(std::string(key));
  return found == object_.end() ? nullptr : &*found;
}

absl::Status Options::Wrong(std::string_view key, std::string_view expected) const {
  return UserError(ErrorCode::kParameterInvalid, "analyzer option {} of {} must be {}", key, owner_,
                   expected);
}

absl::Status Options::Missing(std::string_view key) const {
  return UserError(ErrorCode::kParameterInvalid, "analyzer option {} of {} must be set", key,
                   owner_);
}

absl::StatusOr<std::optional<std::string>> Options::String(std::string_view key) {
  const nlohmann::json* value = Take(key);
  if (value == nullptr) return std::optional<std::string>();
  if (!value->is_string()) return Wrong(key, "a string");
  return std::optional<std::string>(value->get<std::string>());
}

absl::StatusOr<std::optional<int64_t>> Options::Integer(std::string_view key) {
  const nlohmann::json* value = Take(key);
  if (value == nullptr) return std::optional<int64_t>();
  if (!value->is_number_integer()) return Wrong(key, "an integer");
  if (value->is_number_unsigned() && value->get<uint64_t>() > INT64_MAX) {
    return Wrong(key, "below 2^63");
  }
  return std::optional<int64_t>(value->get<int64_t>());
}

absl::StatusOr<std::optional<std::vector<std::string>>> Options::Strings(std::string_view key) {
  const nlohmann::json* value = Take(key);
  if (value == nullptr) return std::optional<std::vector<std::string>>();
  if (!value->is_array()) return Wrong(key, "a list of strings");
  std::vector<std::string> strings;
  for (const nlohmann::json& item : *value) {
    if (!item.is_string()) return Wrong(key, "a list of strings");
    strings.push_back(item.get<std::string>());
  }
  return std::optional<std::vector<std::string>>(std::move(strings));
}

absl::StatusOr<bool> Options::Bool(std::string_view key, bool otherwise) {
  const nlohmann::json* value = Take(key);
  if (value == nullptr) return otherwise;
  if (!value->is_boolean()) return Wrong(key, "true or false");
  return value->get<bool>();
}

absl::Status Options::Refuse(std::string_view key, std::string_view why) {
  if (Take(key) == nullptr) return absl::OkStatus();
  return UserError(ErrorCode::kParameterInvalid, "analyzer option {} of {}: {}", key, owner_, why);
}

absl::Status Options::Finish() const {
  for (const auto& [key, value] : object_.items()) {
    if (!taken_.contains(key)) {
      return UserError(ErrorCode::kParameterInvalid, "unknown analyzer option key {} of {}",
                       key.substr(0, 64), owner_);
    }
  }
  return absl::OkStatus();
}

}  // namespace elanus::text
