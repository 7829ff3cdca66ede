// Coordinator: rows are put together by the clustering key.
#include <algorithm>

#include "coord/coordinator.h"

namespace elanus::coord {
namespace {

// Of one plan, in segments: what is written anew, and has its indexes built, before anything of it
// is committed.
constexpr int64_t kSegmentsAPlan = 64;

}  // namespace

void Coordinator::SetClusteringRules(const ClusteringRules& rules) {
  std::lock_guard lock(compaction_mutex_);
  clustering_rules_ = rules;
}

absl::StatusOr<FieldId> Coordinator::ClusteringKey(const meta::Collection& collection) const {
  ClusteringRules rules;
  {
    std::lock_guard lock(compaction_mutex_);
    rules = clustering_rules_;
  }
  if (!rules.enabled) {
    return UserError(ErrorCode::kClusteringOff,
                     "milvus cluster not support clustering compaction: "
                     "dataCoord.compaction.clustering.enable");
  }
  const FieldId key = ClusteringKeyOf(rules, collection.schema);
  if (!key.valid()) {
    return UserError(ErrorCode::kClusteringKeyMissing,
                     "collection not support clustering compaction: no clustering key"
                     "[collection={}]",
                     collection.schema.name);
  }
  if (compactor_->Clusters(collection.id)) {
    return UserError(ErrorCode::kClusteringRuns, "collection is compacting[collection={}]",
                     collection.schema.name);
  }
  return key;
}

absl::StatusOr<roles::CompactionJob> Coordinator::Cluster(
    const meta::Collection& collection, std::vector<CompactionCandidate> candidates,
    int64_t segment_bytes) {
  ELANUS_ASSIGN_OR_RETURN(const FieldId key, ClusteringKey(collection));
  std::vector<Compactor::Task> tasks;
  for (SegmentGroup& group :
       PlanClustering(key, kSegmentsAPlan * segment_bytes, std::move(candidates))) {
    tasks.push_back({.collection = collection.id,
                     .sources = std::move(group),
                     .asked_for = true,
                     .cluster_by = key,
                     .segment_bytes = segment_bytes});
  }
  absl::StatusOr<roles::CompactionJob> job = Enqueue(std::move(tasks));
  if (!job.ok()) {
    return RetryableError(ErrorCode::kClusteringNotSubmitted, "fail to submit task: {}",
                          MessageOf(job.status()));
  }
  return job;
}

void Coordinator::MaintainClusters() {
  ClusteringRules rules;
  int64_t segment_bytes = 0;
  const uint64_t wall_ms = environment_.clock.WallMs();
  {
    std::lock_guard lock(compaction_mutex_);
    rules = clustering_rules_;
    segment_bytes = compaction_rules_.segment_bytes_max;
    if (!compaction_rules_.automatic || !rules.enabled || !rules.automatic) return;
    // The wall clock may have stepped back.
    if (wall_ms < clusters_looked_at_ms_ + rules.look_ms && wall_ms >= clusters_looked_at_ms_) {
      return;
    }
    clusters_looked_at_ms_ = wall_ms;
  }
  for (const meta::CollectionPtr& collection : state_.Collections()) {
    const FieldId key = ClusteringKeyOf(rules, collection->schema);
    if (!key.valid() || !WantsCompaction(*collection) || compactor_->Clusters(collection->id)) {
      continue;
    }
    const Timestamp now = timestamps_->Next();
    std::vector<Compactor::Task> tasks;
    for (SegmentGroup& group : WorthClustering(
             rules,
             PlanClustering(key, kSegmentsAPlan * segment_bytes, Candidates(*collection, now)),
             PhysicalMs(now))) {
      tasks.push_back({.collection = collection->id,
                       .sources = std::move(group),
                       .cluster_by = key,
                       .segment_bytes = segment_bytes});
    }
    (void)Enqueue(std::move(tasks));
  }
}

}  // namespace elanus::coord
