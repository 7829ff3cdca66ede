// Segments, replicas and compaction.
#include <algorithm>

#include "milvus.pb.h"
#include "proxy/describe_collection.h"
#include "proxy/resource_group.h"
#include "proxy/rpc_rows.h"

namespace elanus::proxy {
namespace {

constexpr int64_t kNothingToCompact = -1;

absl::Status GetPersistentSegmentInfo(ProxyContext& proxy, CallContext& call,
                                      const milvus_pb::GetPersistentSegmentInfoRequest& request,
                                      milvus_pb::GetPersistentSegmentInfoResponse* response) {
  ELANUS_ASSIGN_OR_RETURN(const meta::CollectionPtr collection,
                          FindCollection(proxy, call, request.dbname(), request.collectionname()));
  for (const meta::SegmentPtr& segment : proxy.coordinator->Segments(collection->id)) {
    milvus_pb::PersistentSegmentInfo* info = response->add_infos();
    info->set_segmentid(segment->id.value());
    info->set_collectionid(collection->id.value());
    info->set_partitionid(segment->partition.value());
    info->set_num_rows(segment->num_rows);
    info->set_state(common_pb::Flushed);
    info->set_level(segment->merged ? common_pb::L2 : common_pb::L1);
    info->set_is_sorted(true);
  }
  return absl::OkStatus();
}

absl::Status GetQuerySegmentInfo(ProxyContext& proxy, CallContext& call,
                                 const milvus_pb::GetQuerySegmentInfoRequest& request,
                                 milvus_pb::GetQuerySegmentInfoResponse* response) {
  ELANUS_ASSIGN_OR_RETURN(const meta::CollectionPtr collection,
                          FindCollection(proxy, call, request.dbname(), request.collectionname()));
  for (const roles::QuerySegment& segment : proxy.query_node->LoadedSegments(collection->id)) {
    milvus_pb::QuerySegmentInfo* info = response->add_infos();
    info->set_segmentid(segment.id.value());
    info->set_collectionid(collection->id.value());
    info->set_partitionid(segment.partition.value());
    info->set_mem_size(segment.memory_bytes);
    info->set_num_rows(segment.num_rows);
    info->set_state(segment.growing ? common_pb::Growing : common_pb::Sealed);
    const bool merged = segment.sealed != nullptr && segment.sealed->merged;
    info->set_level(merged ? common_pb::L2 : common_pb::L1);
    info->set_is_sorted(!segment.growing);
    info->set_nodeid(proxy.node_id);
    info->add_nodeids(proxy.node_id);
    for (const meta::Index& index : collection->indexes) {
      if (segment.indexes.empty() || index.id != segment.indexes.front()) continue;
      info->set_index_name(index.name);
      info->set_indexid(index.id.value());
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<meta::CollectionPtr> FindByIdOrName(ProxyContext& proxy, const CallContext& call,
                                                   int64_t id, const std::string& database,
                                                   const std::string& name) {
  if (id != 0) return proxy.coordinator->GetCollection(CollectionId(id));
  return FindCollection(proxy, call, database, name);
}

absl::Status GetReplicas(ProxyContext& proxy, CallContext& call,
                         const milvus_pb::GetReplicasRequest& request,
                         milvus_pb::GetReplicasResponse* response) {
  ELANUS_ASSIGN_OR_RETURN(const meta::CollectionPtr collection,
                          FindByIdOrName(proxy, call, request.collectionid(), request.db_name(),
                                         request.collection_name()));
  if (!collection->load.loaded) return absl::OkStatus();
  milvus_pb::ReplicaInfo* replica = response->add_replicas();
  // There is one replica of each collection, so the collection's id names it as well.
  replica->set_replicaid(collection->id.value());
  replica->set_collectionid(collection->id.value());
  for (const meta::Partition& partition : collection->partitions) {
    replica->add_partition_ids(partition.id.value());
  }
  replica->add_node_ids(proxy.node_id);
  replica->set_resource_group_name(std::string(kDefaultResourceGroup));
  for (int32_t shard = 0; shard < collection->num_shards; ++shard) {
    milvus_pb::ShardReplica* leader = replica->add_shard_replicas();
    leader->set_leaderid(proxy.node_id);
    leader->set_leader_addr(proxy.address);
    leader->set_dm_channel_name(VirtualChannel(proxy, *collection, shard));
    if (request.with_shard_nodes()) leader->add_node_ids(proxy.node_id);
  }
  return absl::OkStatus();
}

absl::Status ManualCompaction(ProxyContext& proxy, CallContext& call,
                              const milvus_pb::ManualCompactionRequest& request,
                              milvus_pb::ManualCompactionResponse* response) {
  ELANUS_ASSIGN_OR_RETURN(const meta::CollectionPtr collection,
                          FindByIdOrName(proxy, call, request.collectionid(), request.db_name(),
                                         request.collection_name()));
  if (!proxy.settings->Current()->compaction.enabled) {
    return UserError(ErrorCode::kParameterInvalid,
                     "compaction is turned off: dataCoord.enableCompaction");
  }
  constexpr int64_t kMegabytesMax = 1 << 20;
  if (request.target_size() < 0 || request.target_size() > kMegabytesMax) {
    return UserError(ErrorCode::kParameterInvalid,
                     "target_size [{}] is invalid, it should be in range [0, {}] megabytes",
                     request.target_size(), kMegabytesMax);
  }
  roles::CompactionRequest wanted;
  wanted.collection = collection->id;
  if (request.partition_id() > 0) {
    wanted.partition = PartitionId(request.partition_id());
    if (collection->FindPartition(wanted.partition) == nullptr) {
      return UserError(ErrorCode::kPartitionNotFound, "partition not found[partition={}]",
                       request.partition_id());
    }
  }
  for (const int64_t id : request.segment_ids()) wanted.segments.emplace_back(id);
  wanted.target_bytes = request.target_size() << 20;
  wanted.deletes_only = request.l0compaction();
  wanted.clusters = request.majorcompaction();
  ELANUS_ASSIGN_OR_RETURN(const roles::CompactionJob job, proxy.coordinator->Compact(wanted));
  response->set_compactionid(job.plans.empty() ? kNothingToCompact : job.id);
  response->set_compactionplancount(static_cast<int32_t>(job.plans.size()));
  return absl::OkStatus();
}

// An id that nobody knows is done: clients poll until that.
absl::Status GetCompactionState(ProxyContext& proxy, CallContext&,
                                const milvus_pb::GetCompactionStateRequest& request,
                                milvus_pb::GetCompactionStateResponse* response) {
  using State = roles::CompactionPlan::State;
  int64_t executing = 0, done = 0, failed = 0;
  if (const auto job = proxy.coordinator->FindCompaction(request.compactionid())) {
    for (const roles::CompactionPlan& plan : job->plans) {
      ++(plan.state == State::kDone ? done : plan.state == State::kFailed ? failed : executing);
    }
  }
  response->set_state(executing > 0 ? common_pb::Executing : common_pb::Completed);
  response->set_executingplanno(executing);
  response->set_completedplanno(done);
  response->set_failedplanno(failed);
  return absl::OkStatus();
}

absl::Status GetCompactionStateWithPlans(ProxyContext& proxy, CallContext&,
                                         const milvus_pb::GetCompactionPlansRequest& request,
                                         milvus_pb::GetCompactionPlansResponse* response) {
  using State = roles::CompactionPlan::State;
  response->set_state(common_pb::Completed);
  const auto job = proxy.coordinator->FindCompaction(request.compactionid());
  if (!job.has_value()) return absl::OkStatus();
  for (const roles::CompactionPlan& plan : job->plans) {
    const bool ended = plan.state == State::kDone || plan.state == State::kFailed;
    if (!ended) response->set_state(common_pb::Executing);
    // One for each segment made; one as well while or if there is none.
    for (size_t i = 0; i < std::max<size_t>(plan.targets.size(), 1); ++i) {
      milvus_pb::CompactionMergeInfo* info = response->add_mergeinfos();
      for (const SegmentId source : plan.sources) info->add_sources(source.value());
      info->set_target(i < plan.targets.size() ? plan.targets[i].value() : 0);
    }
  }
  return absl::OkStatus();
}

}  // namespace

void AddSegmentRows(ProxyContext& proxy, std::vector<RpcRow>& rows) {
  rows.push_back(
      Row(proxy, "GetPersistentSegmentInfo", Pool::kBlocking, &GetPersistentSegmentInfo));
  rows.push_back(Row(proxy, "GetQuerySegmentInfo", Pool::kBlocking, &GetQuerySegmentInfo));
  rows.push_back(Row(proxy, "GetReplicas", Pool::kBlocking, &GetReplicas));
  rows.push_back(Row(proxy, "ManualCompaction", Pool::kBlocking, &ManualCompaction));
  rows.push_back(Row(proxy, "GetCompactionState", Pool::kBlocking, &GetCompactionState));
  rows.push_back(
      Row(proxy, "GetCompactionStateWithPlans", Pool::kBlocking, &GetCompactionStateWithPlans));
}

}  // namespace elanus::proxy
