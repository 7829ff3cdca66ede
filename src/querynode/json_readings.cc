#include "querynode/json_readings.h"

#include <charconv>

namespace elanus::querynode {
namespace {

constexpr size_t kReadingsMax = 64;

std::vector<expr::JsonPath> ReadingsOf(const std::vector<std::string>& path) {
  std::vector<expr::JsonPath> readings(1);
  for (const std::string& text : path) {
    const size_t count = readings.size();
    int64_t index = 0;
    const char* end = text.data() + text.size();
    const auto [at, error] = std::from_chars(text.data(), end, index);
    const bool is_index = error == std::errc() && at == end && index >= 0;
    for (size_t i = 0; i < count; ++i) {
      if (is_index && readings.size() < kReadingsMax) {
        readings.push_back(readings[i]);
        readings.back().push_back({.is_index = true, .index = index, .key = {}});
      }
      readings[i].push_back({.is_index = false, .index = 0, .key = text});
    }
  }
  return readings;
}

}  // namespace

JsonReadings::JsonReadings(const std::vector<std::string>& path) {
  for (const expr::JsonPath& reading : ReadingsOf(path)) paths_.Add(reading);
  found_.resize(paths_.num_paths());
}

const expr::JsonValue* JsonReadings::Find(std::string_view json) {
  paths_.Find(json, found_.data(), 1);
  const expr::JsonValue* value = nullptr;
  for (const expr::JsonValue& candidate : found_) {
    if (candidate.type != expr::JsonType::kMissing) value = &candidate;
  }
  return value != nullptr && value->type != expr::JsonType::kNull ? value : nullptr;
}

}  // namespace elanus::querynode
