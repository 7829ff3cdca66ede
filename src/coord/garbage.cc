// Coordinator: objects that no metadata names.
#include "coord/garbage.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "common/crash_point.h"
#include "common/logging.h"
#include "coord/coordinator.h"
#include "coord/crash_points.h"
#include "coord/object_keys.h"
#include "coord/store_stamp.h"

namespace elanus::coord {
namespace {

constexpr std::string_view kPrefixes[] = {"insert_log/", "delta_log/", "stats_log/",
                                          "index_files/"};

}  // namespace

// What the catalog names, and what it knows of the rest.
struct Coordinator::Named {
  std::unordered_set<std::string> keys;
  // A build that the last process began is done again under its old number: its object may come any
  // moment, and its key looks old.
  std::unordered_set<BuildId> pending;
};

Coordinator::Named Coordinator::NamedObjects() const {
  Named out;
  for (const meta::CollectionPtr& collection : state_.Collections()) {
    for (const meta::SegmentPtr& segment : state_.SegmentsOf(collection->id)) {
      for (const meta::FieldFile& file : segment->files) out.keys.insert(file.key);
      for (const meta::SegmentIndex& index : segment->indexes) {
        out.keys.insert(index.key);
        if (index.state == meta::BuildState::kPending) out.pending.insert(index.build);
      }
    }
    for (const meta::Delta& delta : state_.DeltasOf(collection->id)) out.keys.insert(delta.key);
  }
  for (const meta::SnapshotPtr& snapshot : state_.Snapshots()) {
    for (const meta::SegmentPtr& segment : snapshot->content->segments) {
      for (std::string& key : KeysOf(*segment)) out.keys.insert(std::move(key));
    }
    for (const meta::Delta& delta : snapshot->content->deltas) out.keys.insert(delta.key);
  }
  return out;
}

// Of an object that the catalog does not name.
std::string Coordinator::WhyGarbage(std::string_view key) const {
  const std::vector<std::string_view> parts = PartsOf(key);
  if (parts[0] == "index_files") return fmt::format("no segment has the index of this build");
  const CollectionId collection(parts.size() > 1 ? NumberIn(parts[1]) : 0);
  if (!state_.FindCollection(collection).ok()) {
    return fmt::format("collection {} is not in the catalog", collection);
  }
  if (parts[0] == "delta_log") return "the catalog does not list these deletes";
  const SegmentId segment(parts.size() > 3 ? NumberIn(parts[3]) : 0);
  if (state_.FindSegment(segment) == nullptr) {
    return fmt::format("segment {} is not in the catalog", segment);
  }
  return fmt::format("segment {} does not list this file", segment);
}

// Lists what may be garbage by its key. `report` gets the sums.
absl::StatusOr<std::vector<storage::FileInfo>> Coordinator::ListSettled(GarbageReport& report) {
  // Before the listing, in this order: what is written under younger ids may be listed yet.
  const int64_t next = ids_->next();
  const int64_t settled_below = held_ids_.OldestOr(next);
  std::vector<storage::FileInfo> out;
  for (const std::string_view prefix : kPrefixes) {
    ELANUS_ASSIGN_OR_RETURN(std::vector<storage::FileInfo> objects,
                            environment_.objects->List(std::string(prefix)));
    for (storage::FileInfo& object : objects) {
      if (object.is_directory) continue;
      // Stores differ in whether they repeat the prefix.
      if (!object.name.starts_with(prefix)) object.name = std::string(prefix) + object.name;
      ++report.num_objects;
      report.num_bytes += object.size;
      const int64_t newest = NewestIdIn(object.name);
      if (newest >= ids_->next()) {
        return InternalError(
            ErrorCode::kDataIntegrity,
            "the object store is ahead of the catalog: object {} has an id that the catalog never "
            "gave. Is the catalog of an older backup? Nothing is removed",
            object.name);
      }
      if (newest > 0 && newest < settled_below) out.push_back(std::move(object));
    }
  }
  return out;
}

absl::StatusOr<GarbageReport> Coordinator::FindGarbage() {
  if (environment_.objects == nullptr) return GarbageReport();
  ELANUS_RETURN_IF_ERROR(VerifyStoreStamp(*environment_.objects, instance_));
  GarbageReport report;
  report.at_ms = environment_.clock.WallMs();
  ELANUS_ASSIGN_OR_RETURN(const std::vector<storage::FileInfo> settled, ListSettled(report));
  // After the listing: what was committed meanwhile is in the catalog by now.
  const Named named = NamedObjects();
  std::unordered_map<std::string, uint64_t> first_seen;
  std::lock_guard lock(garbage_mutex_);
  for (const storage::FileInfo& object : settled) {
    const std::string& key = object.name;
    if (named.keys.contains(key) || named.pending.contains(BuildOf(key))) continue;
    GarbageObject& found = report.garbage.emplace_back();
    found.key = key;
    found.bytes = object.size;
    found.reason = WhyGarbage(key);
    uint64_t since_ms = static_cast<uint64_t>(std::max<int64_t>(object.modified_s, 0)) * 1000;
    if (since_ms == 0) {
      // The store does not say; it is at least as old as we know it.
      const auto seen = unnamed_since_.find(key);
      since_ms = seen == unnamed_since_.end() ? report.at_ms : seen->second;
      first_seen.emplace(key, since_ms);
    }
    // What was replaced leaves by itself.
    const std::optional<uint64_t> replaced_ms = remover_.WaitingSince(key);
    if (replaced_ms.has_value()) {
      since_ms = *replaced_ms;
      found.reason = "was dropped or replaced; " + found.reason;
    }
    found.age_ms = report.at_ms > since_ms ? report.at_ms - since_ms : 0;
    found.removable =
        !replaced_ms.has_value() && found.age_ms >= garbage_rules_.missing_tolerance_ms;
  }
  unnamed_since_ = std::move(first_seen);
  return report;
}

absl::StatusOr<int64_t> Coordinator::CollectGarbage() {
  ELANUS_ASSIGN_OR_RETURN(const GarbageReport report, FindGarbage());
  std::vector<std::string> keys;
  for (const GarbageObject& object : report.garbage) {
    if (object.removable && !IsGarbagePaused(object.key)) keys.push_back(object.key);
  }
  {
    std::lock_guard lock(garbage_mutex_);
    ++garbage_statistics_.num_rounds;
  }
  const auto found = static_cast<int64_t>(keys.size());
  remover_.Remove(std::move(keys));
  return found;
}

void Coordinator::SetGarbageRules(const GarbageRules& rules) {
  {
    std::lock_guard lock(garbage_mutex_);
    garbage_rules_ = rules;
  }
  remover_.SetGrace(rules.enabled ? std::optional(rules.drop_tolerance_ms) : std::nullopt);
}

void Coordinator::MaintainGarbage() {
  if (environment_.objects == nullptr) return;
  const uint64_t now_ns = environment_.clock.MonotonicNs();
  bool due = false, scan = false;
  {
    std::lock_guard lock(garbage_mutex_);
    if (!garbage_rules_.enabled) return;
    const auto passed = [&](uint64_t since_ns, uint64_t period_ms) {
      return now_ns - since_ns >= period_ms * 1'000'000;
    };
    due = passed(replaced_removed_ns_,
                 std::min(garbage_rules_.interval_ms,
                          std::max<uint64_t>(garbage_rules_.drop_tolerance_ms, 1)));
    scan = passed(scanned_ns_, garbage_rules_.scan_interval_ms);
    // What could not be removed is looked for again before that.
    const int64_t num_failed = remover_.statistics().num_failed;
    scan = scan || (num_failed > failures_seen_ && passed(scanned_ns_, garbage_rules_.interval_ms));
    scan = scan && !scanning_;
    if (scan) failures_seen_ = num_failed;
    if (due) replaced_removed_ns_ = now_ns;
    if (scan) scanned_ns_ = now_ns;
    scanning_ = scanning_ || scan;
  }
  if (due && !IsGarbagePaused("")) remover_.RemoveDue();
  remover_.Continue();
  if (scan) StartScan();
}

void Coordinator::StartScan() {
  const bool runs = cleanup_.Run(environment_.run_cleanup, [this] {
    const absl::StatusOr<int64_t> removed = CollectGarbage();
    if (!removed.ok()) {
      ELANUS_LOG(Warn, "no garbage is collected", Field("reason", removed.status()));
    } else if (*removed > 0) {
      ELANUS_LOG(Info, "left-over files are removed", Field("files", *removed));
    }
    std::lock_guard lock(garbage_mutex_);
    scanning_ = false;
  });
  if (runs) return;
  std::lock_guard lock(garbage_mutex_);
  scanning_ = false;
}

Coordinator::GarbageAnswer Coordinator::AskForGarbage(uint64_t fresh_ms) {
  GarbageAnswer answer;
  bool begin = false;
  {
    std::lock_guard lock(garbage_mutex_);
    const uint64_t now_ms = environment_.clock.WallMs();
    // The wall clock may have stepped back.
    const bool fresh = garbage_report_ != nullptr && garbage_report_->at_ms <= now_ms &&
                       now_ms - garbage_report_->at_ms < fresh_ms;
    if (fresh) {
      answer.report = garbage_report_;
      return answer;
    }
    answer.failure = std::exchange(garbage_failure_, absl::OkStatus());
    begin = !asked_ && answer.failure.ok();
    asked_ = asked_ || begin;
    answer.listing = asked_;
  }
  if (!begin) return answer;
  const bool runs = cleanup_.Run(environment_.run_cleanup, [this] {
    absl::StatusOr<GarbageReport> report = FindGarbage();
    std::lock_guard lock(garbage_mutex_);
    asked_ = false;
    garbage_failure_ = report.status();
    if (report.ok()) {
      garbage_report_ = std::make_shared<const GarbageReport>(*std::move(report));
    }
  });
  if (runs) return answer;
  std::lock_guard lock(garbage_mutex_);
  asked_ = false;
  answer.listing = false;
  return answer;
}

int64_t Coordinator::PauseGarbage(uint64_t pause_ms, std::optional<CollectionId> collection) {
  std::lock_guard lock(garbage_mutex_);
  const int64_t ticket = ++last_ticket_;
  const uint64_t until_ns = environment_.clock.MonotonicNs() + pause_ms * 1'000'000;
  garbage_pauses_[ticket] = {until_ns, collection};
  return ticket;
}

bool Coordinator::ResumeGarbage(int64_t ticket) {
  std::lock_guard lock(garbage_mutex_);
  return garbage_pauses_.erase(ticket) > 0;
}

// Whether a pause concerns the key; "": all of them.
bool Coordinator::IsGarbagePaused(std::string_view key) const {
  const std::vector<std::string_view> parts = PartsOf(key);
  std::lock_guard lock(garbage_mutex_);
  const uint64_t now_ns = environment_.clock.MonotonicNs();
  return std::any_of(garbage_pauses_.begin(), garbage_pauses_.end(), [&](const auto& entry) {
    const GarbagePause& pause = entry.second;
    if (pause.until_ns <= now_ns) return false;
    // Keys of index files do not tell the collection.
    return !pause.collection.has_value() || parts.size() < 2 || parts[0] == "index_files" ||
           CollectionId(NumberIn(parts[1])) == *pause.collection;
  });
}

GarbageStatistics Coordinator::garbage_statistics() const {
  GarbageStatistics out;
  {
    std::lock_guard lock(garbage_mutex_);
    out = garbage_statistics_;
  }
  out.paused = IsGarbagePaused("");
  const ObjectRemover::Statistics removed = remover_.statistics();
  out.num_removed = removed.num_removed;
  out.num_failed = removed.num_failed;
  out.num_waiting = removed.num_waiting;
  return out;
}

}  // namespace elanus::coord
