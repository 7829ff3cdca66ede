#include "proxy/convert_key_values.h"

#include <charconv>

#include "common.pb.h"

namespace elanus::proxy {

meta::KeyValues FromWire(const WireKeyValues& pairs) {
  meta::KeyValues out;
  out.reserve(pairs.size());
  for (const auto& pair : pairs) out.emplace_back(pair.key(), pair.value());
  return out;
}

void ToWire(const meta::KeyValues& pairs, WireKeyValues* out) {
  out->Reserve(out->size() + static_cast<int>(pairs.size()));
  for (const auto& [key, value] : pairs) {
    common_pb::KeyValuePair* pair = out->Add();
    pair->set_key(key);
    pair->set_value(value);
  }
}

std::vector<std::string> FromWire(const WireStrings& texts) {
  return {texts.begin(), texts.end()};
}

std::optional<std::string_view> Find(const meta::KeyValues& pairs, std::string_view key) {
  for (const auto& [name, value] : pairs) {
    if (name == key) return value;
  }
  return std::nullopt;
}

std::optional<bool> ParseBool(std::string_view text) {
  for (const std::string_view yes : {"1", "t", "T", "TRUE", "true", "True"}) {
    if (text == yes) return true;
  }
  for (const std::string_view no : {"0", "f", "F", "FALSE", "false", "False"}) {
    if (text == no) return false;
  }
  return std::nullopt;
}

std::optional<int64_t> ParseInt(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

absl::StatusOr<bool> BoolOf(const meta::KeyValues& pairs, std::string_view key, bool otherwise) {
  const std::optional<std::string_view> text = Find(pairs, key);
  if (!text || text->empty()) return otherwise;
  if (const std::optional<bool> value = ParseBool(*text)) return *value;
  return UserError(ErrorCode::kParameterInvalid, "parse {} failed, not a boolean: {}", key, *text);
}

absl::StatusOr<int64_t> IntOf(const meta::KeyValues& pairs, std::string_view key,
                              int64_t otherwise) {
  const std::optional<std::string_view> text = Find(pairs, key);
  if (!text || text->empty()) return otherwise;
  if (const std::optional<int64_t> value = ParseInt(*text)) return *value;
  return UserError(ErrorCode::kParameterInvalid, "{} [{}] is invalid, not an integer", key, *text);
}

}  // namespace elanus::proxy
