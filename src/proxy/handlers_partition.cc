// Partitions.
#include "milvus.pb.h"
#include "proxy/row_routing.h"
#include "proxy/rpc_rows.h"
#include "proxy/statistics.h"

namespace elanus::proxy {
namespace {

absl::Status RefuseWithPartitionKey(const meta::Collection& collection, std::string_view action) {
  if (!HasPartitionKey(collection)) return absl::OkStatus();
  return UserError(ErrorCode::kParameterInvalid,
                   "disable {} partition if partition key mode is used", action);
}

absl::Status CreatePartition(ProxyContext& proxy, CallContext& call,
                             const milvus_pb::CreatePartitionRequest& request, common_pb::Status*) {
  ELANUS_ASSIGN_OR_RETURN(
      const meta::CollectionPtr collection,
      FindCollection(proxy, call, request.db_name(), request.collection_name()));
  ELANUS_RETURN_IF_ERROR(RefuseWithPartitionKey(*collection, "create"));
  return proxy.coordinator->CreatePartition(DatabaseOf(call, request.db_name()),
                                            request.collection_name(), request.partition_name());
}

absl::Status DropPartition(ProxyContext& proxy, CallContext& call,
                           const milvus_pb::DropPartitionRequest& request, common_pb::Status*) {
  ELANUS_ASSIGN_OR_RETURN(
      const meta::CollectionPtr collection,
      FindCollection(proxy, call, request.db_name(), request.collection_name()));
  ELANUS_RETURN_IF_ERROR(RefuseWithPartitionKey(*collection, "drop"));
  return proxy.coordinator->DropPartition(DatabaseOf(call, request.db_name()),
                                          request.collection_name(), request.partition_name());
}

absl::Status HasPartition(ProxyContext& proxy, CallContext& call,
                          const milvus_pb::HasPartitionRequest& request,
                          milvus_pb::BoolResponse* response) {
  ELANUS_ASSIGN_OR_RETURN(
      const meta::CollectionPtr collection,
      FindCollection(proxy, call, request.db_name(), request.collection_name()));
  response->set_value(collection->FindPartition(request.partition_name()) != nullptr);
  return absl::OkStatus();
}

absl::Status ShowOne(ProxyContext& proxy, const meta::Collection& collection,
                     const meta::Partition& partition, bool in_memory,
                     milvus_pb::ShowPartitionsResponse* response) {
  if (in_memory) {
    const roles::LoadStatus load = proxy.query_node->GetLoadStatus(collection.id, {partition.id});
    if (load.state == roles::LoadState::kNotLoaded) return absl::OkStatus();
    response->add_inmemory_percentages(load.percent);
  }
  response->add_partition_names(partition.name);
  response->add_partitionids(partition.id.value());
  response->add_created_timestamps(partition.created.value());
  response->add_created_utc_timestamps(PhysicalMs(partition.created));
  return absl::OkStatus();
}

absl::Status ShowPartitions(ProxyContext& proxy, CallContext& call,
                            const milvus_pb::ShowPartitionsRequest& request,
                            milvus_pb::ShowPartitionsResponse* response) {
  const bool by_id = request.collection_name().empty() && request.collectionid() != 0;
  ELANUS_ASSIGN_OR_RETURN(
      const meta::CollectionPtr collection,
      by_id ? proxy.coordinator->GetCollection(CollectionId(request.collectionid()))
            : FindCollection(proxy, call, request.db_name(), request.collection_name()));
  const bool in_memory = request.type() == milvus_pb::InMemory;
  for (const std::string& name : request.partition_names()) {
    const meta::Partition* partition = collection->FindPartition(name);
    if (partition == nullptr) {
      return UserError(ErrorCode::kPartitionNotFound, "partition not found[partition={}]", name);
    }
    ELANUS_RETURN_IF_ERROR(ShowOne(proxy, *collection, *partition, in_memory, response));
  }
  if (request.partition_names_size() > 0) return absl::OkStatus();
  for (const meta::Partition& partition : collection->partitions) {
    ELANUS_RETURN_IF_ERROR(ShowOne(proxy, *collection, partition, in_memory, response));
  }
  return absl::OkStatus();
}

absl::Status GetPartitionStatistics(ProxyContext& proxy, CallContext& call,
                                    const milvus_pb::GetPartitionStatisticsRequest& request,
                                    milvus_pb::GetPartitionStatisticsResponse* response) {
  ELANUS_ASSIGN_OR_RETURN(
      const meta::CollectionPtr collection,
      FindCollection(proxy, call, request.db_name(), request.collection_name()));
  const meta::Partition* partition = collection->FindPartition(request.partition_name());
  if (partition == nullptr) {
    return UserError(ErrorCode::kPartitionNotFound, "partition not found[partition={}]",
                     request.partition_name());
  }
  common_pb::KeyValuePair* stat = response->add_stats();
  stat->set_key("row_count");
  stat->set_value(std::to_string(CountRows(proxy, collection->id, partition->id)));
  return absl::OkStatus();
}

}  // namespace

void AddPartitionRows(ProxyContext& proxy, std::vector<RpcRow>& rows) {
  rows.push_back(Row(proxy, "CreatePartition", Pool::kBlocking, &CreatePartition));
  rows.push_back(Row(proxy, "DropPartition", Pool::kBlocking, &DropPartition));
  rows.push_back(Row(proxy, "HasPartition", Pool::kBlocking, &HasPartition));
  rows.push_back(Row(proxy, "ShowPartitions", Pool::kBlocking, &ShowPartitions));
  rows.push_back(Row(proxy, "GetPartitionStatistics", Pool::kBlocking, &GetPartitionStatistics));
}

}  // namespace elanus::proxy
