// Coordinator: merging segments, and leaving out what is deleted.
#include <algorithm>
#include <map>
#include <set>

#include "common/crash_point.h"
#include "common/logging.h"
#include "coord/change.h"
#include "coord/coordinator.h"
#include "coord/crash_points.h"
#include "meta/catalog_keys.h"
#include "meta/implied_indexes.h"
#include "meta/row_expiry.h"

namespace elanus::coord {
namespace {

// Reads of the past see rows for so long after they were deleted, unless a client asks for a
// compaction.
constexpr uint64_t kDeletedKeptMs = 60'000;
constexpr int64_t kBytesMin = 1 << 20;

bool NeedsDelta(const meta::Segment& segment, const meta::Delta& delta) {
  return delta.max_timestamp >= segment.min_timestamp &&
         delta.max_timestamp > segment.deletes_applied;
}

bool HasDeletes(const meta::Segment& segment, const std::vector<meta::Delta>& deltas) {
  return std::any_of(deltas.begin(), deltas.end(),
                     [&](const meta::Delta& delta) { return NeedsDelta(segment, delta); });
}

// What the sources were made of, as far as the log may still be replayed from before its end.
std::vector<meta::ReplacedSegment> ReplacedBy(const std::vector<meta::SegmentPtr>& sources,
                                              uint64_t replay_from) {
  std::vector<meta::ReplacedSegment> out;
  for (const meta::SegmentPtr& source : sources) {
    out.push_back({source->id, source->log_end});
    for (const meta::ReplacedSegment& older : source->replaces) {
      if (older.log_end > replay_from) out.push_back(older);
    }
  }
  return out;
}

// Of a clustering the protocol has words of its own for what failed.
absl::Status AsClusteringError(const Compactor::Task& task, ErrorCode code, std::string_view what,
                               absl::Status status) {
  if (status.ok() || !task.cluster_by.valid()) return status;
  return RetryableError(code, "{}: {}", what, MessageOf(status));
}

}  // namespace

std::vector<CompactionCandidate> Coordinator::Candidates(const meta::Collection& collection,
                                                         Timestamp now) const {
  const meta::RowExpiry expiry = meta::ExpiryOf(collection, options_.default_ttl_s);
  std::map<SegmentId, int64_t> deleted;
  if (query_node_ != nullptr) {
    for (const roles::QuerySegment& loaded : query_node_->LoadedSegments(collection.id)) {
      deleted[loaded.id] = loaded.num_deleted;
    }
  }
  const std::set<SegmentId> kept = ProtectedSegments(collection.id);
  const std::vector<meta::Delta> deltas = state_.DeltasOf(collection.id);
  std::vector<CompactionCandidate> out;
  for (meta::SegmentPtr& segment : state_.SegmentsOf(collection.id)) {
    if (kept.contains(segment->id)) continue;
    if (compactor_->IsBusy(segment->id) || IsUndecided(segment->id)) continue;
    const auto it = deleted.find(segment->id);
    CompactionCandidate& candidate = out.emplace_back();
    if (it != deleted.end()) candidate.num_deleted = it->second;
    candidate.num_delta_files =
        std::count_if(deltas.begin(), deltas.end(),
                      [&](const meta::Delta& delta) { return NeedsDelta(*segment, delta); });
    candidate.num_expired = meta::ExpiredRows(*segment, expiry, now);
    candidate.first_expiry_ms = meta::FirstExpiryMs(*segment, expiry);
    candidate.segment = std::move(segment);
  }
  return out;
}

bool Coordinator::IsUndecided(SegmentId segment) const {
  std::lock_guard lock(compaction_mutex_);
  return undecided_.contains(segment);
}

void Coordinator::SetCompactionRules(const CompactionRules& rules) {
  std::lock_guard lock(compaction_mutex_);
  compaction_rules_ = rules;
}

void Coordinator::SetDeltaMergeRules(const DeltaMergeRules& rules) {
  std::lock_guard lock(compaction_mutex_);
  delta_merge_rules_ = rules;
}

bool Coordinator::MayWaitForMerge(const meta::Segment& segment) const {
  const CompactionRules& rules = compaction_rules_;
  const auto small_bytes =
      static_cast<int64_t>(static_cast<double>(rules.segment_bytes_max) * rules.small_share);
  const auto is_small = [&](const meta::Segment& one) {
    return one.bytes() >= rules.held_bytes_min && one.bytes() < small_bytes;
  };
  if (!rules.automatic || compactor_ == nullptr || rules.hold_build_ms == 0 || !is_small(segment)) {
    return false;
  }
  // The first of its kind has nothing to be merged with, and somebody may be waiting for its index.
  const std::vector<meta::SegmentPtr> all = state_.SegmentsOf(segment.collection);
  const bool has_partner = std::any_of(all.begin(), all.end(), [&](const meta::SegmentPtr& other) {
    return other->id != segment.id && other->partition == segment.partition &&
           other->shard == segment.shard && is_small(*other);
  });
  if (!has_partner) return false;
  const absl::StatusOr<meta::CollectionPtr> collection = state_.FindCollection(segment.collection);
  return collection.ok() && WantsCompaction(**collection);
}

void Coordinator::MaintainSegments() {
  if (compactor_ == nullptr) return;
  if (scheduler_ != nullptr) {
    uint64_t rest_ms = 0;
    {
      std::lock_guard lock(compaction_mutex_);
      rest_ms = compaction_rules_.hold_build_ms;
    }
    const uint64_t now_ms = environment_.clock.MonotonicNs() / 1'000'000;
    for (const auto& [segment, index] : held_builds_.TakeDue(rest_ms, now_ms)) {
      scheduler_->Add(segment, index);
    }
  }
  MaintainClusters();
  CompactionRules rules;
  DeltaMergeRules delta_rules;
  std::set<CollectionId> look;
  const uint64_t now_ms = environment_.clock.WallMs();
  {
    std::lock_guard lock(compaction_mutex_);
    rules = compaction_rules_;
    delta_rules = delta_merge_rules_;
    look.swap(flushed_since_);
    if (!rules.automatic) return;
    // The wall clock may have stepped back.
    const bool all = now_ms >= looked_at_ms_ + rules.interval_ms || now_ms < looked_at_ms_;
    if (all) {
      looked_at_ms_ = now_ms;
      for (const meta::CollectionPtr& collection : state_.Collections()) {
        look.insert(collection->id);
      }
    }
  }
  for (const CollectionId id : look) {
    const absl::StatusOr<meta::CollectionPtr> collection = state_.FindCollection(id);
    if (!collection.ok() || !WantsCompaction(**collection)) continue;
    std::vector<Compactor::Task> tasks;
    const Timestamp now = timestamps_->Next();
    for (SegmentGroup& group :
         PlanCompactions(rules, Candidates(**collection, now), PhysicalMs(now))) {
      tasks.push_back({.collection = id, .sources = std::move(group)});
    }
    std::vector<meta::Delta> deltas = PlanDeltaMerge(delta_rules, state_.DeltasOf(id));
    if (!deltas.empty() && !compactor_->MergesDeltas(id)) {
      tasks.push_back({.collection = id, .deltas = std::move(deltas)});
    }
    (void)Enqueue(std::move(tasks));
  }
}

absl::StatusOr<roles::CompactionJob> Coordinator::Enqueue(std::vector<Compactor::Task> tasks) {
  if (tasks.empty()) return roles::CompactionJob();
  ELANUS_ASSIGN_OR_RETURN(const int64_t job, ids_->Allocate(1));
  for (Compactor::Task& task : tasks) task.job = job;
  return compactor_->Add(std::move(tasks));
}

absl::StatusOr<roles::CompactionJob> Coordinator::Compact(const roles::CompactionRequest& request) {
  if (compactor_ == nullptr) {
    return UserError(ErrorCode::kServiceUnavailable, "no data node to compact segments");
  }
  const Timestamp now = timestamps_->Next();
  ELANUS_ASSIGN_OR_RETURN(const meta::CollectionPtr collection,
                          state_.FindCollection(request.collection));
  int64_t target_bytes = request.target_bytes;
  if (target_bytes <= 0) {
    std::lock_guard lock(compaction_mutex_);
    target_bytes = compaction_rules_.segment_bytes_max;
  }
  if (!request.clusters) target_bytes = std::max(target_bytes, kBytesMin);
  if (request.clusters) ELANUS_RETURN_IF_ERROR(ClusteringKey(*collection).status());
  std::vector<CompactionCandidate> candidates = Candidates(*collection, now);
  std::erase_if(candidates, [&](const CompactionCandidate& candidate) {
    const meta::Segment& segment = *candidate.segment;
    const bool named = request.segments.empty() ||
                       std::find(request.segments.begin(), request.segments.end(), segment.id) !=
                           request.segments.end();
    return !named || (request.partition.value() >= 0 && segment.partition != request.partition);
  });
  if (candidates.empty() && !ProtectedSegments(request.collection).empty()) {
    return RetryableError(ErrorCode::kCompactionBlocked,
                          "compaction blocked by snapshot protection[collection={}]",
                          collection->schema.name);
  }
  if (request.clusters) return Cluster(*collection, std::move(candidates), target_bytes);
  std::set<SegmentId> expired;
  for (const CompactionCandidate& candidate : candidates) {
    if (candidate.first_expiry_ms <= PhysicalMs(now)) expired.insert(candidate.segment->id);
  }
  const std::vector<meta::Delta> deltas = state_.DeltasOf(request.collection);
  std::vector<Compactor::Task> tasks;
  std::vector<meta::SegmentPtr> as_they_are;
  // Alone in its group is what no other segment fits to; `deletes_only` leaves all alone.
  const int64_t group_bytes = request.deletes_only ? 0 : target_bytes;
  for (SegmentGroup& group : PlanForcedMerge(std::move(candidates), group_bytes)) {
    if (group.size() > 1 || HasDeletes(*group.front(), deltas) ||
        expired.contains(group.front()->id)) {
      tasks.push_back(
          {.collection = request.collection, .sources = std::move(group), .asked_for = true});
    } else if (!request.deletes_only && !group.front()->merged) {
      as_they_are.push_back(group.front());
    }
  }
  ELANUS_ASSIGN_OR_RETURN(roles::CompactionJob job, Enqueue(std::move(tasks)));
  return WithFinished(std::move(job), request.collection, as_they_are);
}

// A segment that is as it would be made is a plan too, which is done.
absl::StatusOr<roles::CompactionJob> Coordinator::WithFinished(
    roles::CompactionJob job, CollectionId collection,
    const std::vector<meta::SegmentPtr>& segments) {
  if (segments.empty()) return job;
  {
    Change change(*this);
    for (const meta::SegmentPtr& listed : segments) {
      const meta::SegmentPtr current = state_.FindSegment(listed->id);
      if (current == nullptr) continue;
      meta::Segment segment = *current;
      segment.merged = true;
      ELANUS_RETURN_IF_ERROR(change.Put(std::move(segment)));
      job.plans.push_back({.sources = {listed->id},
                           .targets = {listed->id},
                           .state = roles::CompactionPlan::State::kDone});
    }
    ELANUS_RETURN_IF_ERROR(change.Commit());
  }
  if (job.id == 0) {
    ELANUS_ASSIGN_OR_RETURN(job.id, ids_->Allocate(1));
    job.collection = collection;
  }
  compactor_->AddFinished(job);
  return job;
}

std::optional<roles::CompactionJob> Coordinator::FindCompaction(int64_t job) {
  return compactor_ == nullptr ? std::nullopt : compactor_->Find(job);
}

absl::StatusOr<std::vector<SegmentId>> Coordinator::RunCompaction(
    const Compactor::Task& task, const Cancellation& cancellation) {
  if (!task.deltas.empty()) {
    ELANUS_RETURN_IF_ERROR(MergeDeltas(task, cancellation));
    return std::vector<SegmentId>();
  }
  absl::StatusOr<std::vector<SegmentId>> made = MergeAndCommit(task, cancellation);
  if (!made.ok() && scheduler_ != nullptr) {
    // Builds stood back for the segments that were to go.
    for (const meta::SegmentPtr& source : task.sources) {
      const meta::SegmentPtr current = state_.FindSegment(source->id);
      if (current == nullptr) continue;
      for (const meta::SegmentIndex& index : current->indexes) {
        if (index.state == meta::BuildState::kPending) scheduler_->Add(current->id, index.index);
      }
    }
  }
  return made;
}

absl::StatusOr<std::vector<SegmentId>> Coordinator::MergeAndCommit(
    const Compactor::Task& task, const Cancellation& cancellation) {
  const uint64_t begin_ns = environment_.clock.MonotonicNs();
  const std::shared_ptr<void> hold = HoldIds();
  // Before the collection: what is expired now was so by the properties that it has then.
  const Timestamp now = timestamps_->Next();
  // Asked after the sources were listed, so that it knows every field of theirs.
  const absl::StatusOr<meta::CollectionPtr> found = state_.FindCollection(task.collection);
  if (!found.ok()) {
    return AsClusteringError(task, ErrorCode::kClusteringNoCollection,
                             "fail to get collection in compaction", found.status());
  }
  const meta::CollectionPtr& collection = *found;
  ELANUS_ASSIGN_OR_RETURN(const int64_t id, ids_->Allocate(1));
  const uint64_t kept_ms = task.asked_for ? 0 : kDeletedKeptMs;
  ELANUS_ASSIGN_OR_RETURN(
      std::vector<meta::Segment> made,
      data_node_->Compact(
          {.collection = collection,
           .sources = task.sources,
           .target = SegmentId(id),
           .cluster_by = task.cluster_by,
           .segment_bytes = task.segment_bytes,
           .drop_until = kept_ms == 0 ? now : MakeTimestamp(PhysicalMs(now) - kept_ms),
           .expiry = meta::ExpiryOf(*collection, options_.default_ttl_s),
           .now = now},
          cancellation));
  std::vector<SegmentId> made_ids;
  for (const meta::Segment& segment : made) made_ids.push_back(segment.id);
  absl::Status status;
  for (meta::Segment& segment : made) {
    segment.merged = task.asked_for;
    if (made.size() > 1) segment.siblings = made_ids;
    if (task.cluster_by.valid()) {
      segment.clustered_by = task.cluster_by;
      segment.clustering = id;
    } else if (task.sources.size() == 1) {  // Fewer rows of the same range.
      segment.clustered_by = task.sources.front()->clustered_by;
      segment.clustering = task.sources.front()->clustering;
    }
    if (status.ok()) status = BuildIndexes(*collection, segment, cancellation);
  }
  if (status.ok()) status = cancellation.Check();
  std::vector<meta::SegmentPtr> sources = task.sources;
  if (status.ok()) {
    status = AsClusteringError(task, ErrorCode::kClusteringNotCommitted,
                               "fail to update meta in clustering compaction",
                               CommitCompaction(task.collection, sources, made));
  }
  if (!status.ok()) {
    if (IsUndecided(task.sources.front()->id)) {
      std::lock_guard lock(garbage_mutex_);
      undecided_holds_.push_back(hold);
    } else {
      for (const meta::Segment& segment : made) DiscardObjectsOf(segment);
    }
    return status;
  }
  std::vector<meta::SegmentPtr> listed;
  for (const SegmentId made_id : made_ids) {
    // It may be dropped by now.
    if (meta::SegmentPtr segment = state_.FindSegment(made_id))
      listed.push_back(std::move(segment));
  }
  std::vector<SegmentId> replaced;
  for (const meta::SegmentPtr& source : task.sources) replaced.push_back(source->id);
  if (query_node_ != nullptr) query_node_->OnSegmentsMerged(task.collection, replaced, listed);
  RemoveObjectsOf(sources, {});
  int64_t rows = 0, bytes = 0;
  for (const meta::Segment& segment : made) {
    rows += segment.num_rows;
    bytes += segment.bytes();
  }
  int64_t left_out = -rows;
  for (const meta::SegmentPtr& source : task.sources) left_out += source->num_rows;
  CompactionMetrics(environment_.metrics).LeavesOut(left_out);
  ELANUS_LOG(Info, "segments compacted", Field("collection", collection->schema.name),
             Field("sources", task.sources.size()), Field("segments", made.size()),
             Field("first", id), Field("rows", rows), Field("bytes", bytes),
             Field("clustered", task.cluster_by.valid()),
             Field("ms", (environment_.clock.MonotonicNs() - begin_ns) / 1'000'000));
  return made_ids;
}

absl::Status Coordinator::BuildIndexes(const meta::Collection& collection, meta::Segment& made,
                                       const Cancellation& cancellation) {
  if (index_node_ == nullptr) return absl::OkStatus();
  for (const meta::Index& index : meta::AllIndexes(collection)) {
    ELANUS_ASSIGN_OR_RETURN(meta::SegmentIndex part, FirstState(index, made));
    if (part.state == meta::BuildState::kPending) {
      const roles::BuildTask task{part.build, std::make_shared<const meta::Collection>(collection),
                                  std::make_shared<const meta::Segment>(made), index};
      const absl::StatusOr<roles::BuildResult> built = index_node_->Build(task, cancellation, {});
      // What cannot be built now is left to the scheduler, which knows when to try again.
      if (built.ok()) {
        part.state = meta::BuildState::kFinished;
        part.key = built->key;
        part.bytes = built->bytes;
        part.parts = built->parts;
      } else if (CodeOf(built.status()) == ErrorCode::kCancelled) {
        return built.status();
      }
    }
    made.indexes.push_back(std::move(part));
  }
  return absl::OkStatus();
}

absl::Status Coordinator::RenewIndexes(const meta::Collection& collection, meta::Segment& made,
                                       std::vector<std::string>& dropped) {
  std::vector<meta::SegmentIndex> parts;
  for (const meta::Index& index : meta::AllIndexes(collection)) {
    const auto part = std::find_if(made.indexes.begin(), made.indexes.end(),
                                   [&](const auto& p) { return p.index == index.id; });
    if (part == made.indexes.end()) {
      ELANUS_ASSIGN_OR_RETURN(meta::SegmentIndex first, FirstState(index, made));
      parts.push_back(std::move(first));
    } else {
      parts.push_back(*part);
    }
  }
  for (const meta::SegmentIndex& part : made.indexes) {
    const bool wanted = std::any_of(parts.begin(), parts.end(),
                                    [&](const auto& p) { return p.index == part.index; });
    if (!wanted) dropped.push_back(part.key);
  }
  made.indexes = std::move(parts);
  return absl::OkStatus();
}

absl::Status Coordinator::CommitCompaction(CollectionId collection_id,
                                           std::vector<meta::SegmentPtr>& sources,
                                           std::vector<meta::Segment>& made) {
  const Timestamp all_flushed = AllFlushedUpTo(collection_id);
  std::vector<std::string> dropped_indexes;
  std::vector<meta::Delta> spent;
  {
    // Like a flush it tells nobody under the lock: the query node is told by who asked for it.
    std::lock_guard lock(ddl_mutex_);
    CatalogChange change;
    // As they are now: an index build may have ended meanwhile.
    for (meta::SegmentPtr& source : sources) {
      const meta::SegmentPtr current = state_.FindSegment(source->id);
      if (current == nullptr) {
        return UserError(ErrorCode::kSegmentNotFound, "segment not found[segment={}]", source->id);
      }
      source = current;
      change.Remove(*source);
    }
    ELANUS_ASSIGN_OR_RETURN(const meta::CollectionPtr collection,
                            state_.FindCollection(collection_id));
    for (meta::Segment& segment : made) {
      if (BelongsNowhere(segment)) {
        return UserError(ErrorCode::kSegmentNotFound,
                         "partition dropped or truncated[partition={}]", segment.partition);
      }
      segment.flushed = timestamps_->Next();
      segment.replaces = ReplacedBy(sources, state_.ReplayFrom());
      // Indexes may have come and gone meanwhile.
      ELANUS_RETURN_IF_ERROR(RenewIndexes(*collection, segment, dropped_indexes));
      ELANUS_RETURN_IF_ERROR(change.Put(segment));
    }
    spent = SpentDeltas(collection_id, sources, made, all_flushed);
    for (const meta::Delta& delta : spent) change.Remove(delta);
    CrashPoint(kCompactBefore);
    const absl::Status committed = CommitLocked(change);
    if (!committed.ok()) {
      ELANUS_ASSIGN_OR_RETURN(const bool done,
                              WasCommitted(collection_id, sources, made, committed));
      if (!done) return committed;
      state_.Apply(change.effect());
    }
    CrashPoint(kCompactAfter);
  }
  remover_.Remove(std::move(dropped_indexes));
  RemoveObjectsOf({}, spent);
  if (scheduler_ == nullptr) return absl::OkStatus();
  for (const meta::Segment& segment : made) {
    for (const meta::SegmentIndex& part : segment.indexes) {
      if (part.state == meta::BuildState::kPending) scheduler_->Add(segment.id, part.index);
    }
  }
  return absl::OkStatus();
}

// A commit that failed may have been done all the same, and a second try would make the rows twice.
absl::StatusOr<bool> Coordinator::WasCommitted(CollectionId collection,
                                               const std::vector<meta::SegmentPtr>& sources,
                                               const std::vector<meta::Segment>& made,
                                               const absl::Status& failure) {
  const auto row = environment_.store.Get(
      meta::SegmentKey(collection, made.empty() ? sources.front()->id : made.front().id));
  if (row.ok()) return row->has_value() == !made.empty();
  std::lock_guard lock(compaction_mutex_);
  for (const meta::SegmentPtr& source : sources) undecided_.insert(source->id);
  return failure;
}

Timestamp Coordinator::AllFlushedUpTo(CollectionId collection) const {
  Timestamp out;
  std::vector<meta::Delta> deltas = state_.DeltasOf(collection);
  std::sort(deltas.begin(), deltas.end(),
            [](const auto& a, const auto& b) { return a.max_timestamp < b.max_timestamp; });
  for (const meta::Delta& delta : deltas) {
    if (!data_node_->IsFlushed(collection, delta.max_timestamp)) break;
    out = delta.max_timestamp;
  }
  return out;
}

std::vector<meta::Delta> Coordinator::SpentDeltas(CollectionId collection,
                                                  const std::vector<meta::SegmentPtr>& sources,
                                                  const std::vector<meta::Segment>& made,
                                                  Timestamp all_flushed) const {
  std::vector<meta::Delta> out;
  std::vector<meta::SegmentPtr> others = state_.SegmentsOf(collection);
  std::erase_if(others, [&](const meta::SegmentPtr& segment) {
    return std::find(sources.begin(), sources.end(), segment) != sources.end();
  });
  for (const meta::Delta& delta : state_.DeltasOf(collection)) {
    // A growing row may be older than a delete in a file.
    if (delta.max_timestamp > all_flushed) continue;
    const bool needed =
        std::any_of(made.begin(), made.end(),
                    [&](const meta::Segment& segment) { return NeedsDelta(segment, delta); }) ||
        std::any_of(others.begin(), others.end(),
                    [&](const meta::SegmentPtr& segment) { return NeedsDelta(*segment, delta); });
    if (!needed) out.push_back(delta);
  }
  return out;
}

}  // namespace elanus::coord
