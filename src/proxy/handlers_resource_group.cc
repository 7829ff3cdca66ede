// Resource groups: the default one holds the one node.
#include "milvus.pb.h"
#include "proxy/resource_group.h"
#include "proxy/rpc_rows.h"

namespace elanus::proxy {
namespace {

absl::Status ListResourceGroups(ProxyContext&, CallContext&,
                                const milvus_pb::ListResourceGroupsRequest&,
                                milvus_pb::ListResourceGroupsResponse* response) {
  response->add_resource_groups(std::string(kDefaultResourceGroup));
  return absl::OkStatus();
}

absl::Status DescribeResourceGroup(ProxyContext& proxy, CallContext&,
                                   const milvus_pb::DescribeResourceGroupRequest& request,
                                   milvus_pb::DescribeResourceGroupResponse* response) {
  ELANUS_RETURN_IF_ERROR(CheckResourceGroup(request.resource_group()));
  milvus_pb::ResourceGroup* group = response->mutable_resource_group();
  group->set_name(request.resource_group());
  group->set_capacity(1);
  group->set_num_available_node(1);
  for (const meta::CollectionPtr& collection : proxy.coordinator->AllCollections()) {
    if (!collection->load.loaded) continue;
    (*group->mutable_num_loaded_replica())[collection->schema.name] =
        collection->load.replica_number;
  }
  group->mutable_config()->mutable_requests()->set_node_num(1);
  group->mutable_config()->mutable_limits()->set_node_num(1);
  common_pb::NodeInfo* node = group->add_nodes();
  node->set_node_id(proxy.node_id);
  node->set_address(proxy.address);
  return absl::OkStatus();
}

}  // namespace

void AddResourceGroupRows(ProxyContext& proxy, std::vector<RpcRow>& rows) {
  rows.push_back(Row(proxy, "ListResourceGroups", Pool::kBlocking, &ListResourceGroups));
  rows.push_back(Row(proxy, "DescribeResourceGroup", Pool::kBlocking, &DescribeResourceGroup));
}

}  // namespace elanus::proxy
