// Coordinator: objects that a crash left behind.
#include <algorithm>
#include <charconv>
#include <unordered_set>

#include "common/crash_point.h"
#include "coord/coordinator.h"
#include "coord/crash_points.h"

namespace elanus::coord {
namespace {

constexpr std::string_view kPrefixes[] = {"insert_log/", "delta_log/", "stats_log/",
                                          "index_files/"};

// The build that made an index file; 0 for other objects.
BuildId BuildOf(std::string_view key) {
  constexpr std::string_view kPrefix = "index_files/";
  int64_t id = 0;
  if (key.starts_with(kPrefix)) {
    (void)std::from_chars(key.data() + kPrefix.size(), key.data() + key.size(), id);
  }
  return BuildId(id);
}

// The largest number among the parts of a key. Ids only grow, so it says when the key was made.
int64_t NewestIdIn(std::string_view key) {
  int64_t newest = 0;
  while (!key.empty()) {
    const std::string_view part = key.substr(0, key.find('/'));
    int64_t id = 0;
    const auto [rest, error] = std::from_chars(part.data(), part.data() + part.size(), id);
    if (error == std::errc()) newest = std::max(newest, id);
    key.remove_prefix(std::min(key.size(), part.size() + 1));
  }
  return newest;
}

}  // namespace

absl::StatusOr<int64_t> Coordinator::CollectGarbage() {
  std::vector<std::string> candidates;
  for (const std::string_view prefix : kPrefixes) {
    ELANUS_ASSIGN_OR_RETURN(const std::vector<storage::FileInfo> objects,
                            environment_.objects->List(std::string(prefix)));
    for (const storage::FileInfo& object : objects) {
      // Stores differ in whether they repeat the prefix.
      std::string key =
          object.name.starts_with(prefix) ? object.name : std::string(prefix) + object.name;
      const int64_t newest = NewestIdIn(key);
      if (!object.is_directory && newest > 0 && newest < ids_->first_of_this_process()) {
        candidates.push_back(std::move(key));
      }
    }
  }
  // After the listing: what was committed meanwhile is in the catalog by now.
  std::unordered_set<std::string> listed;
  // A build that the last process began is done again under its old number: its object may come any
  // moment, and its key looks old.
  std::unordered_set<BuildId> pending;
  for (const meta::CollectionPtr& collection : state_.Collections()) {
    for (const meta::SegmentPtr& segment : state_.SegmentsOf(collection->id)) {
      for (const meta::FieldFile& file : segment->files) listed.insert(file.key);
      for (const meta::SegmentIndex& index : segment->indexes) {
        listed.insert(index.key);
        if (index.state == meta::BuildState::kPending) pending.insert(index.build);
      }
    }
    for (const meta::Delta& delta : state_.DeltasOf(collection->id)) listed.insert(delta.key);
  }
  int64_t removed = 0;
  for (const std::string& key : candidates) {
    if (listed.contains(key) || pending.contains(BuildOf(key)) || cleanup_.stopped()) continue;
    CrashPoint(kRemoveBefore);
    ELANUS_RETURN_IF_ERROR(environment_.objects->Remove(key));
    CrashPoint(kRemoveAfter);
    ++removed;
  }
  return removed;
}

}  // namespace elanus::coord
