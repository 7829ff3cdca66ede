// Coordinator: flushed segments, and what index builds make of them.
#include <algorithm>
#include <set>

#include "common/check.h"
#include "common/crash_point.h"
#include "coord/change.h"
#include "coord/coordinator.h"
#include "coord/crash_points.h"
#include "meta/implied_indexes.h"
#include "coord/object_keys.h"

namespace elanus::coord {

std::vector<meta::SegmentPtr> Coordinator::Segments(CollectionId collection) {
  return state_.SegmentsOf(collection);
}

std::vector<meta::Delta> Coordinator::Deltas(CollectionId collection) {
  return state_.DeltasOf(collection);
}

std::optional<meta::SegmentPtr> Coordinator::FindSegment(SegmentId id) {
  meta::SegmentPtr segment = state_.FindSegment(id);
  if (segment == nullptr) return std::nullopt;
  return segment;
}

uint64_t Coordinator::ReplayFrom() {
  return state_.ReplayFrom();
}

bool Coordinator::IsFlushed(SegmentId id) {
  return state_.IsFlushed(id);
}

bool Coordinator::BelongsNowhere(const meta::Segment& segment) const {
  const absl::StatusOr<meta::CollectionPtr> collection = state_.FindCollection(segment.collection);
  return !collection.ok() || (*collection)->FindPartition(segment.partition) == nullptr ||
         segment.max_timestamp <= (*collection)->truncated;
}

absl::StatusOr<std::vector<meta::SegmentPtr>> Coordinator::CommitFlush(
    std::vector<meta::Segment> segments, std::vector<meta::Delta> deltas,
    std::optional<uint64_t> replay_from) {
  std::vector<meta::SegmentPtr> committed;
  std::vector<std::pair<SegmentId, IndexId>> builds;
  std::set<CollectionId> deleted_from;
  {
    // Not a Change: a flush tells nobody, and so never waits for those who are being told.
    std::lock_guard lock(ddl_mutex_);
    CatalogChange change;
    std::vector<SegmentId> ids;
    for (meta::Segment& segment : segments) {
      if (BelongsNowhere(segment)) {
        DiscardObjectsOf(segment);
        continue;
      }
      ids.push_back(segment.id);
      if (state_.FindSegment(segment.id) != nullptr) continue;  // Repeated after a lost answer.
      const absl::StatusOr<meta::CollectionPtr> collection =
          state_.FindCollection(segment.collection);
      if (!segment.flushed.valid()) segment.flushed = timestamps_->Next();
      segment.indexes.clear();
      for (const meta::Index& index : meta::AllIndexes(**collection)) {
        ELANUS_ASSIGN_OR_RETURN(meta::SegmentIndex first, FirstState(index, segment));
        if (first.state == meta::BuildState::kPending) builds.emplace_back(segment.id, index.id);
        segment.indexes.push_back(std::move(first));
      }
      ELANUS_RETURN_IF_ERROR(change.Put(std::move(segment)));
    }
    for (const meta::Delta& delta : deltas) {
      const absl::StatusOr<meta::CollectionPtr> collection =
          state_.FindCollection(delta.collection);
      if (!collection.ok() || delta.max_timestamp <= (*collection)->truncated) {
        remover_.Remove({delta.key});
        continue;
      }
      ELANUS_RETURN_IF_ERROR(change.Put(delta));
      deleted_from.insert(delta.collection);
    }
    if (replay_from.has_value() && *replay_from > state_.ReplayFrom()) {
      change.SetReplayFrom(*replay_from);
    }
    CrashPoint(kFlushBefore);
    ELANUS_RETURN_IF_ERROR(CommitLocked(change));
    CrashPoint(kFlushAfter);
    for (const SegmentId id : ids) committed.push_back(state_.FindSegment(id));
  }
  std::set<SegmentId> held;
  const uint64_t now_ms = environment_.clock.MonotonicNs() / 1'000'000;
  {
    std::lock_guard lock(compaction_mutex_);
    flushed_since_.insert(deleted_from.begin(), deleted_from.end());
    for (const meta::SegmentPtr& segment : committed) {
      flushed_since_.insert(segment->collection);
      held_builds_.NoteFlush(segment->collection, now_ms);
      if (MayWaitForMerge(*segment)) held.insert(segment->id);
    }
  }
  if (scheduler_ != nullptr) {
    for (const auto& [segment, index] : builds) {
      if (held.contains(segment)) {
        held_builds_.Hold(state_.FindSegment(segment)->collection, {segment, index}, now_ms);
      } else {
        scheduler_->Add(segment, index);
      }
    }
  }
  return committed;
}

std::optional<roles::BuildTask> Coordinator::PrepareBuild(SegmentId segment_id, IndexId index_id) {
  const meta::SegmentPtr segment = state_.FindSegment(segment_id);
  if (segment == nullptr) return std::nullopt;
  // What it becomes part of gets an index.
  if (compactor_ != nullptr && compactor_->IsBusy(segment_id)) return std::nullopt;
  absl::StatusOr<meta::CollectionPtr> collection = state_.FindCollection(segment->collection);
  if (!collection.ok()) return std::nullopt;
  const auto part = std::find_if(segment->indexes.begin(), segment->indexes.end(),
                                 [&](const auto& i) { return i.index == index_id; });
  const std::vector<meta::Index> indexes = meta::AllIndexes(**collection);
  const auto index =
      std::find_if(indexes.begin(), indexes.end(), [&](const auto& i) { return i.id == index_id; });
  if (part == segment->indexes.end() || index == indexes.end() ||
      part->state != meta::BuildState::kPending) {
    return std::nullopt;
  }
  return roles::BuildTask{part->build, *collection, segment, *index};
}

absl::Status Coordinator::FinishBuild(const roles::BuildTask& task,
                                      const absl::StatusOr<roles::BuildResult>& result) {
  Change change(*this);
  const meta::SegmentPtr old = state_.FindSegment(task.segment->id);
  meta::Segment segment = old != nullptr ? *old : meta::Segment();
  const auto part = std::find_if(segment.indexes.begin(), segment.indexes.end(),
                                 [&](const auto& i) { return i.build == task.build; });
  if (part == segment.indexes.end()) {
    // Dropped while it was built.
    if (result.ok()) remover_.Remove({result->key});
    return absl::OkStatus();
  }
  if (result.ok()) {
    part->state = meta::BuildState::kFinished;
    part->key = result->key;
    part->bytes = result->bytes;
    part->parts = result->parts;
    part->fail_reason.clear();
  } else {
    part->state = meta::BuildState::kFailed;
    part->fail_reason = std::string(MessageOf(result.status()));
  }
  ELANUS_RETURN_IF_ERROR(change.Put(std::move(segment)));
  CrashPoint(kIndexBefore);
  ELANUS_RETURN_IF_ERROR(change.Commit());
  CrashPoint(kIndexAfter);
  change.NotifySegment(task.segment->id);
  return absl::OkStatus();
}

void Coordinator::DiscardObjectsOf(const meta::Segment& segment) {
  if (scheduler_ != nullptr) scheduler_->CancelSegment(segment.id);
  remover_.Remove(KeysOf(segment));
}

// Who forgot the last of several names comes here last: names only go after the commit that takes
// them away, and nothing gets a new name but from one that names it already.
void Coordinator::RemoveUnnamed(std::vector<std::string> keys) {
  std::erase_if(keys, [&](const std::string& key) { return state_.IsNamed(key); });
  remover_.RemoveReplaced(std::move(keys));
}

void Coordinator::RemoveObjectsOf(const std::vector<meta::SegmentPtr>& segments,
                                  const std::vector<meta::Delta>& deltas) {
  std::set<std::string> keys;  // A snapshot may name what a segment does.
  for (const meta::SegmentPtr& segment : segments) {
    if (scheduler_ != nullptr) scheduler_->CancelSegment(segment->id);
    for (std::string& key : KeysOf(*segment)) keys.insert(std::move(key));
  }
  for (const meta::Delta& delta : deltas) keys.insert(delta.key);
  RemoveUnnamed({keys.begin(), keys.end()});
}

}  // namespace elanus::coord
