// What the codecs of all rows share.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "common/timestamp.h"
#include "meta/json_reader.h"
#include "meta/types.h"

namespace elanus::meta {

inline constexpr int64_t kRowVersion = 1;

inline Timestamp ReadTimestamp(JsonReader& reader, const char* name) {
  return Timestamp(reader.Unsigned(name));
}

// [["key","value"],...]: order and repeats are kept.
inline nlohmann::json KeyValuesToJson(const KeyValues& pairs) {
  nlohmann::json out = nlohmann::json::array();
  for (const auto& [key, value] : pairs) out.push_back(nlohmann::json::array({key, value}));
  return out;
}

inline KeyValues ReadKeyValues(JsonReader& reader, const char* name) {
  KeyValues out;
  for (const nlohmann::json& pair : reader.Array(name)) {
    if (!pair.is_array() || pair.size() != 2 || !pair[0].is_string() || !pair[1].is_string()) {
      reader.Fail(fmt::format("{} has something else than pairs of texts", name));
      return {};
    }
    out.emplace_back(pair[0].get_ref<const std::string&>(), pair[1].get_ref<const std::string&>());
  }
  return out;
}

template <typename Id>
nlohmann::json IdsToJson(const std::vector<Id>& ids) {
  nlohmann::json out = nlohmann::json::array();
  for (const Id id : ids) out.push_back(id.value());
  return out;
}

template <typename Id>
std::vector<Id> ReadIds(JsonReader& reader, const char* name) {
  std::vector<Id> out;
  for (const nlohmann::json& id : reader.Array(name)) {
    if (!id.is_number_unsigned() || id.get<uint64_t>() > INT64_MAX) {
      reader.Fail(fmt::format("{} has something else than ids", name));
      return {};
    }
    out.push_back(Id(id.get<int64_t>()));
  }
  return out;
}

// Calls read(reader of the element) for each object of an array.
template <typename Read>
void ReadObjects(JsonReader& reader, const char* name, std::string_view what, const Read& read) {
  for (const nlohmann::json& element : reader.Array(name)) {
    JsonReader part(element, what);
    read(part);
    reader.Merge(part.Finish());
  }
}

inline void CheckVersion(JsonReader& reader) {
  const int64_t version = reader.Int("v");
  if (version != kRowVersion) {
    reader.Fail(fmt::format("row version {}, this server knows {}", version, kRowVersion));
  }
}

}  // namespace elanus::meta
