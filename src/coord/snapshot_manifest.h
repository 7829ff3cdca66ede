// What describes a snapshot outside of its cluster: docs/formats/snapshot_export.md.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/status.h"
#include "meta/types.h"

namespace elanus::coord {

// Where an exported snapshot keeps the object that its cluster has under this key.
std::string ExportedKey(std::string_view key);

struct SnapshotManifest {
  struct Object {
    int64_t bytes = 0;
    uint32_t crc = 0;  // CRC32C.
  };
  std::string cluster;                    // That it was taken in.
  meta::SnapshotPtr snapshot;             // With its content.
  std::map<std::string, Object> objects;  // All that the content names, by key.
};

absl::StatusOr<std::string> EncodeManifest(const SnapshotManifest& manifest);
// `name` is for errors: kDataIntegrity unless every byte is as it was written and each object that
// the content names is listed.
absl::StatusOr<SnapshotManifest> DecodeManifest(std::string_view name, std::string_view bytes);

// All objects of a snapshot's content, by key.
std::vector<std::string> KeysOf(const meta::SnapshotContent& content);

}  // namespace elanus::coord
