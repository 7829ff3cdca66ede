// What clients may set as properties of databases, collections, fields and indexes. Keys that are
// not known are kept as given.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/status.h"
#include "meta/isolation.h"
#include "meta/types.h"

namespace elanus::coord {

inline constexpr std::string_view kMmapKey = "mmap.enabled";
inline constexpr std::string_view kWarmupKey = "warmup";
inline constexpr std::string_view kOffsetCacheKey = "indexoffsetcache.enabled";
inline constexpr std::string_view kTimezoneKey = "timezone";
inline constexpr std::string_view kDynamicFieldKey = "dynamicfield.enabled";
inline constexpr std::string_view kDescriptionKey = "collection.description";
inline constexpr std::string_view kConsistencyKey = "consistency_level";
inline constexpr std::string_view kReplicaNumberKey = "collection.replica.number";
using meta::kIsolationKey;
inline constexpr std::string_view kQueryModeKey = "query_mode";
inline constexpr std::string_view kDatabaseCollectionsKey = "database.max.collections";

// A request alters by setting or by deleting, never both and never neither.
absl::Status CheckSetOrDelete(const meta::KeyValues& set,
                              const std::vector<std::string>& delete_keys);
// Range and form of one property.
absl::Status CheckCollectionProperty(std::string_view key, std::string_view value);
// Properties that say when rows expire, together with the fields and each other.
absl::Status CheckExpiry(const meta::Collection& collection);
absl::Status CheckDatabaseProperty(std::string_view key, std::string_view value);
absl::Status CheckMmap(std::string_view value);
absl::Status CheckWarmup(std::string_view key, std::string_view value);
// Whether it decides how data is held in memory, and so cannot change while loaded.
bool ConcernsLoading(std::string_view key);

// Existing keys keep their place, new ones come last; one spelling for "mmap_enabled".
void SetProperties(meta::KeyValues& properties, const meta::KeyValues& set);
void DeleteProperties(meta::KeyValues& properties, const std::vector<std::string>& keys);
std::string_view CanonicalKey(std::string_view key);

absl::StatusOr<meta::ConsistencyLevel> ParseConsistency(std::string_view text);
// A whole decimal number.
std::optional<int64_t> ParseInteger(std::string_view text);

}  // namespace elanus::coord
