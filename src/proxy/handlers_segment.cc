// Segments, replicas, and compaction, of which there is nothing to do by hand.
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
    info->set_level(common_pb::L1);
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
    info->set_level(common_pb::L1);
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

// Answers "nothing to do", which clients take for success.
absl::Status ManualCompaction(ProxyContext& proxy, CallContext& call,
                              const milvus_pb::ManualCompactionRequest& request,
                              milvus_pb::ManualCompactionResponse* response) {
  ELANUS_RETURN_IF_ERROR(FindByIdOrName(proxy, call, request.collectionid(), request.db_name(),
                                        request.collection_name())
                             .status());
  response->set_compactionid(kNothingToCompact);
  response->set_compactionplancount(0);
  return absl::OkStatus();
}

absl::Status GetCompactionState(ProxyContext&, CallContext&,
                                const milvus_pb::GetCompactionStateRequest&,
                                milvus_pb::GetCompactionStateResponse* response) {
  // Clients poll until this; also for ids that nobody knows.
  response->set_state(common_pb::Completed);
  return absl::OkStatus();
}

absl::Status GetCompactionStateWithPlans(ProxyContext&, CallContext&,
                                         const milvus_pb::GetCompactionPlansRequest&,
                                         milvus_pb::GetCompactionPlansResponse* response) {
  response->set_state(common_pb::Completed);
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
