// The keys of the catalog (docs/formats/catalog.md). Ids have 20 digits, so that keys sort as ids
// do.
#pragma once

#include <fmt/core.h>

#include <string>

#include "common/strong_id.h"

namespace elanus::meta {

inline constexpr char kFormatKey[] = "format";         // Format version and instance id.
inline constexpr char kIdBoundKey[] = "lease/id";      // Ids below it may be in use.
inline constexpr char kTimeBoundKey[] = "lease/time";  // Timestamps below it may be in use.
inline constexpr char kReplayKey[] = "replay";         // Where the replay of the log begins.
inline constexpr char kDatabasePrefix[] = "database/";
inline constexpr char kCollectionPrefix[] = "collection/";
inline constexpr char kSegmentPrefix[] = "segment/";
inline constexpr char kDeltaPrefix[] = "delta/";
inline constexpr char kSnapshotPrefix[] = "snapshot/";
inline constexpr char kSnapshotContentPrefix[] = "snapshot_content/";
inline constexpr char kRestorePrefix[] = "restore/";

inline std::string DatabaseKey(DatabaseId id) {
  return fmt::format("{}{:020}", kDatabasePrefix, id.value());
}
inline std::string CollectionKey(CollectionId id) {
  return fmt::format("{}{:020}", kCollectionPrefix, id.value());
}
inline std::string SegmentKey(CollectionId collection, SegmentId segment) {
  return fmt::format("{}{:020}/{:020}", kSegmentPrefix, collection.value(), segment.value());
}
inline std::string DeltaKey(CollectionId collection, int64_t delta) {
  return fmt::format("{}{:020}/{:020}", kDeltaPrefix, collection.value(), delta);
}

inline std::string SnapshotKey(SnapshotId id) {
  return fmt::format("{}{:020}", kSnapshotPrefix, id.value());
}
// Behind it stands the key that the row would have if the collection were like that now.
inline std::string SnapshotContentKey(SnapshotId id, const std::string& row) {
  return fmt::format("{}{:020}/{}", kSnapshotContentPrefix, id.value(), row);
}
inline std::string RestoreKey(int64_t job) {
  return fmt::format("{}{:020}", kRestorePrefix, job);
}

}  // namespace elanus::meta
