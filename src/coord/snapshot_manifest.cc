#include "coord/snapshot_manifest.h"

#include <fmt/format.h>

#include "coord/object_keys.h"
#include "meta/codec.h"
#include "meta/json_reader.h"
#include "storage/crc32c.h"

namespace elanus::coord {
namespace {

using nlohmann::json;

constexpr int64_t kVersion = 1;
constexpr std::string_view kLastLine = "\ncrc32c ";
constexpr size_t kLastLineBytes = kLastLine.size() + 8 + 1;

absl::Status Damaged(std::string_view name, std::string_view problem) {
  return InternalError(ErrorCode::kDataIntegrity, "manifest of a snapshot is damaged: {}: {}", name,
                       problem);
}

std::string LastLineOf(std::string_view text) {
  return fmt::format("{}{:08x}\n", kLastLine, storage::Crc32c(text));
}

// Puts the rows of the catalog that are texts of a list into `out`.
template <typename Row, typename Decode>
absl::Status ReadRows(meta::JsonReader& reader, const char* member, std::string_view name,
                      Decode decode, std::vector<Row>& out) {
  for (const json& row : reader.Array(member)) {
    if (!row.is_string())
      return Damaged(name, fmt::format("{} has something else than rows", member));
    ELANUS_ASSIGN_OR_RETURN(Row decoded, decode(name, row.get_ref<const std::string&>()));
    out.push_back(std::move(decoded));
  }
  return absl::OkStatus();
}

}  // namespace

std::string ExportedKey(std::string_view key) {
  return fmt::format("data/{}", key);
}

std::vector<std::string> KeysOf(const meta::SnapshotContent& content) {
  std::vector<std::string> keys;
  for (const meta::SegmentPtr& segment : content.segments) {
    for (std::string& key : KeysOf(*segment)) keys.push_back(std::move(key));
  }
  for (const meta::Delta& delta : content.deltas) keys.push_back(delta.key);
  return keys;
}

absl::StatusOr<std::string> EncodeManifest(const SnapshotManifest& manifest) {
  const meta::SnapshotContent& content = *manifest.snapshot->content;
  ELANUS_ASSIGN_OR_RETURN(const std::string snapshot, meta::Encode(*manifest.snapshot));
  ELANUS_ASSIGN_OR_RETURN(const std::string collection, meta::Encode(*content.collection));
  json segments = json::array(), deltas = json::array(), objects = json::array();
  for (const meta::SegmentPtr& segment : content.segments) {
    ELANUS_ASSIGN_OR_RETURN(std::string row, meta::Encode(*segment));
    segments.push_back(std::move(row));
  }
  for (const meta::Delta& delta : content.deltas) {
    ELANUS_ASSIGN_OR_RETURN(std::string row, meta::Encode(delta));
    deltas.push_back(std::move(row));
  }
  for (const auto& [key, object] : manifest.objects) {
    objects.push_back({{"key", key}, {"bytes", object.bytes}, {"crc", object.crc}});
  }
  ELANUS_ASSIGN_OR_RETURN(std::string text, meta::WriteJson({{"v", kVersion},
                                                             {"cluster", manifest.cluster},
                                                             {"snapshot", snapshot},
                                                             {"collection", collection},
                                                             {"segments", std::move(segments)},
                                                             {"deltas", std::move(deltas)},
                                                             {"objects", std::move(objects)}},
                                                            "manifest of a snapshot"));
  return text + LastLineOf(text);
}

absl::StatusOr<SnapshotManifest> DecodeManifest(std::string_view name, std::string_view bytes) {
  if (bytes.size() < kLastLineBytes) return Damaged(name, "it is cut short");
  const std::string_view text = bytes.substr(0, bytes.size() - kLastLineBytes);
  if (bytes.substr(text.size()) != LastLineOf(text)) return Damaged(name, "its checksum differs");
  ELANUS_ASSIGN_OR_RETURN(const json object, meta::ParseJson(text, name));
  meta::JsonReader reader(object, name);
  const int64_t version = reader.Int("v", 1);
  if (version > kVersion) {
    return Damaged(name, fmt::format("version {}, this server knows {}", version, kVersion));
  }
  SnapshotManifest out;
  out.cluster = reader.String("cluster");
  ELANUS_ASSIGN_OR_RETURN(meta::Snapshot snapshot,
                          meta::DecodeSnapshot(name, reader.String("snapshot")));
  ELANUS_ASSIGN_OR_RETURN(meta::Collection collection,
                          meta::DecodeCollection(name, reader.String("collection")));
  meta::SnapshotContent content;
  content.collection = std::make_shared<const meta::Collection>(std::move(collection));
  std::vector<meta::Segment> segments;
  ELANUS_RETURN_IF_ERROR(ReadRows(reader, "segments", name, &meta::DecodeSegment, segments));
  for (meta::Segment& segment : segments) {
    content.segments.push_back(std::make_shared<const meta::Segment>(std::move(segment)));
  }
  ELANUS_RETURN_IF_ERROR(ReadRows(reader, "deltas", name, &meta::DecodeDelta, content.deltas));
  for (const json& listed : reader.Array("objects")) {
    meta::JsonReader part(listed, name);
    SnapshotManifest::Object& one = out.objects[part.String("key")];
    one.bytes = part.Int("bytes", 0);
    one.crc = static_cast<uint32_t>(part.Int("crc", 0, UINT32_MAX));
    ELANUS_RETURN_IF_ERROR(part.Finish());
  }
  ELANUS_RETURN_IF_ERROR(reader.Finish());
  for (const std::string& key : KeysOf(content)) {
    if (!out.objects.contains(key)) return Damaged(name, fmt::format("{} is not listed", key));
  }
  snapshot.content = std::make_shared<const meta::SnapshotContent>(std::move(content));
  out.snapshot = std::make_shared<const meta::Snapshot>(std::move(snapshot));
  return out;
}

}  // namespace elanus::coord
