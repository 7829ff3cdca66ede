#include "coord/object_keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace elanus::coord {

std::vector<std::string_view> PartsOf(std::string_view key) {
  std::vector<std::string_view> out;
  while (!key.empty()) {
    out.push_back(key.substr(0, key.find('/')));
    key.remove_prefix(std::min(key.size(), out.back().size() + 1));
  }
  return out;
}

int64_t NumberIn(std::string_view part) {
  int64_t id = 0;
  (void)std::from_chars(part.data(), part.data() + part.size(), id);
  return id;
}

int64_t NewestIdIn(std::string_view key) {
  int64_t newest = 0;
  for (const std::string_view part : PartsOf(key)) newest = std::max(newest, NumberIn(part));
  return newest;
}

BuildId BuildOf(std::string_view key) {
  constexpr std::string_view kPrefix = "index_files/";
  return BuildId(key.starts_with(kPrefix) ? NumberIn(key.substr(kPrefix.size())) : 0);
}

// delta_log/COLLECTION/-1/DELTA/DELTA.
CollectionId DeletesOf(std::string_view key) {
  const std::vector<std::string_view> parts = PartsOf(key);
  return CollectionId(parts.size() > 1 && parts[0] == "delta_log" ? NumberIn(parts[1]) : 0);
}

// insert_log/COLLECTION/PARTITION/SEGMENT/FIELD/FILE and stats_log alike;
// index_files/BUILD/VERSION/PARTITION/SEGMENT/TYPE.
SegmentId SegmentOf(std::string_view key) {
  const std::vector<std::string_view> parts = PartsOf(key);
  if (parts.empty() || parts[0] == "delta_log") return SegmentId();
  const size_t at = parts[0] == "index_files" ? 4 : 3;
  return SegmentId(parts.size() > at ? NumberIn(parts[at]) : 0);
}

std::string KeyFor(const meta::Segment& segment, const meta::FieldFile& file, int64_t file_id) {
  const std::string_view folder = PartsOf(file.key).front();
  return fmt::format("{}/{}/{}/{}/{}/{}", folder, segment.collection, segment.partition, segment.id,
                     file.field, file_id);
}

std::string KeyFor(const meta::Segment& segment, const meta::SegmentIndex& index, BuildId build) {
  const std::vector<std::string_view> parts = PartsOf(index.key);
  return fmt::format("{}/{}/{}/{}/{}/{}", parts[0], build, parts.size() > 2 ? parts[2] : "1",
                     segment.partition, segment.id, parts.back());
}

std::vector<std::string> KeysOf(const meta::Segment& segment) {
  std::vector<std::string> keys;
  for (const meta::FieldFile& file : segment.files) keys.push_back(file.key);
  for (const meta::SegmentIndex& index : segment.indexes) {
    if (!index.key.empty()) keys.push_back(index.key);
  }
  return keys;
}

}  // namespace elanus::coord
