#include "coord/property_rules.h"

#include <algorithm>
#include <charconv>

#include "absl/time/time.h"
#include "meta/row_expiry.h"
#include "schema/validate.h"

namespace elanus::coord {
namespace {

template <typename... Args>
absl::Status Invalid(fmt::format_string<Args...> format, Args&&... args) {
  return UserError(ErrorCode::kParameterInvalid, format, std::forward<Args>(args)...);
}

absl::Status CheckInteger(std::string_view key, std::string_view value, int64_t min, int64_t max) {
  const std::optional<int64_t> number = ParseInteger(value);
  if (number.has_value() && *number >= min && *number <= max) return absl::OkStatus();
  return Invalid("invalid value of property {}: {}, expected an integer in [{}, {}]", key, value,
                 min, max);
}

absl::Status CheckTruth(std::string_view key, std::string_view value) {
  if (schema::ParseBool(value).has_value()) return absl::OkStatus();
  return Invalid("invalid {} value: {}, expected: true, false", key, value);
}

// Only shapes of zone names reach the look-up, which opens files.
absl::Status CheckTimezone(std::string_view value) {
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '+' || c == '/';
  };
  absl::TimeZone zone;
  const bool shaped = !value.empty() && value.size() <= 64 && value.front() != '/' &&
                      std::all_of(value.begin(), value.end(), is_plain);
  if (shaped && absl::LoadTimeZone(std::string(value), &zone)) return absl::OkStatus();
  return Invalid("unknown or invalid IANA Time Zone ID: {}", value.substr(0, 64));
}

bool IsOneOf(std::string_view key, std::initializer_list<std::string_view> keys) {
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

bool IsCollectionWarmup(std::string_view key) {
  return IsOneOf(key, {"warmup.scalarField", "warmup.scalarIndex", "warmup.vectorField",
                       "warmup.vectorIndex"});
}

}  // namespace

absl::Status CheckSetOrDelete(const meta::KeyValues& set,
                              const std::vector<std::string>& delete_keys) {
  if (!set.empty() && !delete_keys.empty()) {
    return Invalid("cannot provide both DeleteKeys and ExtraParams");
  }
  if (set.empty() && delete_keys.empty()) return Invalid("no properties or delete keys provided");
  return absl::OkStatus();
}

absl::Status CheckMmap(std::string_view value) {
  return CheckTruth(kMmapKey, value);
}

absl::Status CheckWarmup(std::string_view key, std::string_view value) {
  if (IsOneOf(value, {"disable", "sync", "async"})) return absl::OkStatus();
  return Invalid("invalid {} value: {}, expected: disable, sync, async", key, value);
}

absl::Status CheckCollectionProperty(std::string_view key, std::string_view value) {
  if (key == meta::kTtlKey) return CheckInteger(key, value, -1, 3155760000);
  if (IsOneOf(key, {kMmapKey, "lazyload.enabled", "collection.autocompaction.enabled",
                    kIsolationKey, kDynamicFieldKey, "allow_insert_auto_id"})) {
    return CheckTruth(key, value);
  }
  if (IsCollectionWarmup(key)) return CheckWarmup(key, value);
  if (key == kReplicaNumberKey) return CheckInteger(key, value, 0, 1024);
  if (key == kTimezoneKey) return CheckTimezone(value);
  if (key == kConsistencyKey) return ParseConsistency(value).status();
  if (key == kQueryModeKey && value != "large_topk" && !value.empty()) {
    return Invalid("invalid query_mode value: {}, expected: large_topk", value);
  }
  return absl::OkStatus();
}

absl::Status CheckExpiry(const meta::Collection& collection) {
  const std::optional<std::string> name = collection.Property(meta::kTtlFieldKey);
  if (!name.has_value()) return absl::OkStatus();
  const schema::FieldSchema* field = collection.schema.Find(*name);
  if (field == nullptr) return Invalid("ttl field not found in schema: {}", *name);
  if (field->type != schema::DataType::kTimestamptz) {
    return Invalid("ttl field must be of type Timestamptz, field {} is of type {}", *name,
                   schema::DataTypeName(field->type));
  }
  if (const auto ttl = collection.Property(meta::kTtlKey);
      ttl.has_value() && ParseInteger(*ttl).value_or(0) > 0) {
    return Invalid("{} and {} cannot be set at the same time", meta::kTtlKey, meta::kTtlFieldKey);
  }
  const std::vector<FieldId>& loaded = collection.load.fields;
  if (collection.load.loaded && !loaded.empty() &&
      std::find(loaded.begin(), loaded.end(), field->id) == loaded.end()) {
    return UserError(ErrorCode::kCollectionLoaded,
                     "ttl field {} is not among the fields that are loaded: release the collection "
                     "first[collection={}]",
                     *name, collection.schema.name);
  }
  return absl::OkStatus();
}

absl::Status CheckDatabaseProperty(std::string_view key, std::string_view value) {
  if (key == kTimezoneKey) return CheckTimezone(value);
  if (key == "database.replica.number") return CheckInteger(key, value, 0, 1024);
  if (key == kDatabaseCollectionsKey) return CheckInteger(key, value, -1, INT64_MAX);
  if (key.starts_with("database.force.deny.")) return CheckTruth(key, value);
  return absl::OkStatus();
}

bool ConcernsLoading(std::string_view key) {
  return key == kMmapKey || key == "lazyload.enabled" || IsCollectionWarmup(key);
}

std::string_view CanonicalKey(std::string_view key) {
  return key == "mmap_enabled" ? kMmapKey : key;
}

void SetProperties(meta::KeyValues& properties, const meta::KeyValues& set) {
  for (const auto& [given_key, value] : set) {
    const std::string_view key = CanonicalKey(given_key);
    const auto it = std::find_if(properties.begin(), properties.end(),
                                 [key](const auto& property) { return property.first == key; });
    if (it != properties.end())
      it->second = value;
    else
      properties.emplace_back(key, value);
  }
}

void DeleteProperties(meta::KeyValues& properties, const std::vector<std::string>& keys) {
  std::erase_if(properties, [&keys](const auto& property) {
    return std::any_of(keys.begin(), keys.end(), [&property](const std::string& key) {
      return CanonicalKey(key) == property.first;
    });
  });
}

absl::StatusOr<meta::ConsistencyLevel> ParseConsistency(std::string_view text) {
  constexpr std::string_view kNames[] = {"Strong", "Session", "Bounded", "Eventually",
                                         "Customized"};
  for (int i = 0; i < 5; ++i) {
    if (text == kNames[i] || text == std::string_view(&"01234"[i], 1)) {
      return static_cast<meta::ConsistencyLevel>(i);
    }
  }
  return Invalid("invalid consistency level: {}", text);
}

std::optional<int64_t> ParseInteger(std::string_view text) {
  int64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || rest != end || text.empty()) return std::nullopt;
  return value;
}

}  // namespace elanus::coord
