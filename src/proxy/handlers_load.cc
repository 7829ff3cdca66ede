// Load and release.
#include "milvus.pb.h"
#include "proxy/convert_key_values.h"
#include "proxy/resource_group.h"
#include "proxy/row_routing.h"
#include "proxy/rpc_rows.h"

namespace elanus::proxy {
namespace {

absl::Status CheckLoadPartitions(const meta::Collection& collection, int num_names,
                                 std::string_view action) {
  if (num_names == 0) {
    return UserError(ErrorCode::kParameterInvalid, "due to no partition specified");
  }
  if (HasPartitionKey(collection)) {
    return UserError(ErrorCode::kParameterInvalid,
                     "disable {} partitions if partition key mode is used", action);
  }
  return absl::OkStatus();
}

template <typename Request>
absl::StatusOr<roles::LoadRequest> LoadRequestOf(const CallContext& call, const Request& request) {
  roles::LoadRequest load;
  load.db = DatabaseOf(call, request.db_name());
  load.collection = request.collection_name();
  load.fields = FromWire(request.load_fields());
  load.skip_dynamic_field = request.skip_load_dynamic_field();
  load.replica_number = request.replica_number();
  load.refresh = request.refresh();
  for (const std::string& group : request.resource_groups()) {
    ELANUS_RETURN_IF_ERROR(CheckResourceGroup(group));
  }
  return load;
}

absl::Status LoadCollection(ProxyContext& proxy, CallContext& call,
                            const milvus_pb::LoadCollectionRequest& request, common_pb::Status*) {
  ELANUS_ASSIGN_OR_RETURN(const roles::LoadRequest load, LoadRequestOf(call, request));
  return proxy.coordinator->Load(load);
}

absl::Status LoadPartitions(ProxyContext& proxy, CallContext& call,
                            const milvus_pb::LoadPartitionsRequest& request, common_pb::Status*) {
  ELANUS_ASSIGN_OR_RETURN(
      const meta::CollectionPtr collection,
      FindCollection(proxy, call, request.db_name(), request.collection_name()));
  ELANUS_RETURN_IF_ERROR(CheckLoadPartitions(*collection, request.partition_names_size(), "load"));
  ELANUS_ASSIGN_OR_RETURN(roles::LoadRequest load, LoadRequestOf(call, request));
  load.whole_collection = false;
  load.partitions = FromWire(request.partition_names());
  return proxy.coordinator->Load(load);
}

absl::Status ReleaseCollection(ProxyContext& proxy, CallContext& call,
                               const milvus_pb::ReleaseCollectionRequest& request,
                               common_pb::Status*) {
  return proxy.coordinator->ReleaseCollection(DatabaseOf(call, request.db_name()),
                                              request.collection_name());
}

absl::Status ReleasePartitions(ProxyContext& proxy, CallContext& call,
                               const milvus_pb::ReleasePartitionsRequest& request,
                               common_pb::Status*) {
  ELANUS_ASSIGN_OR_RETURN(
      const meta::CollectionPtr collection,
      FindCollection(proxy, call, request.db_name(), request.collection_name()));
  ELANUS_RETURN_IF_ERROR(
      CheckLoadPartitions(*collection, request.partition_names_size(), "release"));
  return proxy.coordinator->ReleasePartitions(DatabaseOf(call, request.db_name()),
                                              request.collection_name(),
                                              FromWire(request.partition_names()));
}

absl::StatusOr<std::vector<PartitionId>> PartitionsOf(const meta::Collection& collection,
                                                      const WireStrings& names) {
  std::vector<PartitionId> out;
  for (const std::string& name : names) {
    const meta::Partition* partition = collection.FindPartition(name);
    if (partition == nullptr) {
      return UserError(ErrorCode::kPartitionNotFound, "partition not found[partition={}]", name);
    }
    out.push_back(partition->id);
  }
  return out;
}

absl::Status GetLoadingProgress(ProxyContext& proxy, CallContext& call,
                                const milvus_pb::GetLoadingProgressRequest& request,
                                milvus_pb::GetLoadingProgressResponse* response) {
  ELANUS_ASSIGN_OR_RETURN(
      const meta::CollectionPtr collection,
      FindCollection(proxy, call, request.db_name(), request.collection_name()));
  ELANUS_ASSIGN_OR_RETURN(const std::vector<PartitionId> partitions,
                          PartitionsOf(*collection, request.partition_names()));
  const roles::LoadStatus load = proxy.query_node->GetLoadStatus(collection->id, partitions);
  if (load.state == roles::LoadState::kNotLoaded) {
    if (partitions.empty()) {
      return UserError(ErrorCode::kCollectionNotLoaded, "collection not loaded[collection={}]",
                       request.collection_name());
    }
    return UserError(ErrorCode::kPartitionNotLoaded, "partition not loaded[partition={}]",
                     request.partition_names(0));
  }
  if (load.state == roles::LoadState::kLoading && !load.failure.ok()) {
    // Clients poll this until all is there: without the error they would wait for ever.
    return WithContext(load.failure,
                       fmt::format("collection {} failed to load", request.collection_name()));
  }
  response->set_progress(load.percent);
  response->set_refresh_progress(load.refresh_percent);
  return absl::OkStatus();
}

common_pb::LoadState StateToWire(roles::LoadState state) {
  switch (state) {
    case roles::LoadState::kNotLoaded:
      return common_pb::LoadStateNotLoad;
    case roles::LoadState::kLoading:
      return common_pb::LoadStateLoading;
    case roles::LoadState::kLoaded:
      return common_pb::LoadStateLoaded;
  }
  return common_pb::LoadStateNotLoad;
}

// An unknown collection or partition is a state here, not an error.
absl::Status GetLoadState(ProxyContext& proxy, CallContext& call,
                          const milvus_pb::GetLoadStateRequest& request,
                          milvus_pb::GetLoadStateResponse* response) {
  response->set_state(common_pb::LoadStateNotExist);
  const absl::StatusOr<meta::CollectionPtr> collection =
      FindCollection(proxy, call, request.db_name(), request.collection_name());
  if (!collection.ok()) {
    const bool unknown = CodeOf(collection.status()) == ErrorCode::kCollectionNotFound;
    return unknown ? absl::OkStatus() : collection.status();
  }
  const absl::StatusOr<std::vector<PartitionId>> partitions =
      PartitionsOf(**collection, request.partition_names());
  if (!partitions.ok()) return absl::OkStatus();
  response->set_state(
      StateToWire(proxy.query_node->GetLoadStatus((*collection)->id, *partitions).state));
  return absl::OkStatus();
}

}  // namespace

void AddLoadRows(ProxyContext& proxy, std::vector<RpcRow>& rows) {
  rows.push_back(Row(proxy, "LoadCollection", Pool::kBlocking, &LoadCollection));
  rows.push_back(Row(proxy, "LoadPartitions", Pool::kBlocking, &LoadPartitions));
  rows.push_back(Row(proxy, "ReleaseCollection", Pool::kBlocking, &ReleaseCollection));
  rows.push_back(Row(proxy, "ReleasePartitions", Pool::kBlocking, &ReleasePartitions));
  rows.push_back(Row(proxy, "GetLoadingProgress", Pool::kBlocking, &GetLoadingProgress));
  rows.push_back(Row(proxy, "GetLoadState", Pool::kBlocking, &GetLoadState));
}

}  // namespace elanus::proxy
