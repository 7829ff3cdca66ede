// Rows of the catalog as JSON text, each with the version of its layout: {"v":1, ...}.
//
// Encoding fails only for text that is not UTF-8. Decoding trusts nothing: a row that is not
// exactly what Encode writes gives kDataIntegrity with `key`, the name of the row.
#pragma once

#include <string>
#include <string_view>

#include "common/status.h"
#include "meta/types.h"

namespace elanus::meta {

// Which catalog this is. A server refuses a format that it does not know.
struct Format {
  int64_t format = 1;
  std::string instance;  // Random, made once: names this installation's data.
  friend bool operator==(const Format&, const Format&) = default;
};
inline constexpr int64_t kCatalogFormat = 1;

absl::StatusOr<std::string> Encode(const Format& format);
absl::StatusOr<std::string> Encode(const Database& database);
absl::StatusOr<std::string> Encode(const Collection& collection);
absl::StatusOr<std::string> Encode(const Segment& segment);
absl::StatusOr<std::string> Encode(const Delta& delta);
absl::StatusOr<std::string> Encode(const Snapshot& snapshot);  // Without its content.
absl::StatusOr<std::string> Encode(const RestoreJob& job);     // Without the database's name.
std::string EncodeNumber(uint64_t number);

absl::StatusOr<Format> DecodeFormat(std::string_view key, std::string_view value);
absl::StatusOr<Database> DecodeDatabase(std::string_view key, std::string_view value);
absl::StatusOr<Collection> DecodeCollection(std::string_view key, std::string_view value);
absl::StatusOr<Segment> DecodeSegment(std::string_view key, std::string_view value);
absl::StatusOr<Delta> DecodeDelta(std::string_view key, std::string_view value);
absl::StatusOr<Snapshot> DecodeSnapshot(std::string_view key, std::string_view value);
absl::StatusOr<RestoreJob> DecodeRestoreJob(std::string_view key, std::string_view value);
absl::StatusOr<uint64_t> DecodeNumber(std::string_view key, std::string_view value);

}  // namespace elanus::meta
