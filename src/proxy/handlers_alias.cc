// Aliases.
#include "milvus.pb.h"
#include "proxy/rpc_rows.h"

namespace elanus::proxy {
namespace {

absl::Status CreateAlias(ProxyContext& proxy, CallContext& call,
                         const milvus_pb::CreateAliasRequest& request, common_pb::Status*) {
  return proxy.coordinator->CreateAlias(DatabaseOf(call, request.db_name()),
                                        request.collection_name(), request.alias());
}

absl::Status DropAlias(ProxyContext& proxy, CallContext& call,
                       const milvus_pb::DropAliasRequest& request, common_pb::Status*) {
  return proxy.coordinator->DropAlias(DatabaseOf(call, request.db_name()), request.alias());
}

absl::Status AlterAlias(ProxyContext& proxy, CallContext& call,
                        const milvus_pb::AlterAliasRequest& request, common_pb::Status*) {
  return proxy.coordinator->AlterAlias(DatabaseOf(call, request.db_name()),
                                       request.collection_name(), request.alias());
}

absl::Status DescribeAlias(ProxyContext& proxy, CallContext& call,
                           const milvus_pb::DescribeAliasRequest& request,
                           milvus_pb::DescribeAliasResponse* response) {
  if (request.alias().empty()) {
    return UserError(ErrorCode::kParameterMissing, "missing parameter[param=alias]");
  }
  const std::string database = DatabaseOf(call, request.db_name());
  ELANUS_ASSIGN_OR_RETURN(const meta::CollectionPtr collection,
                          proxy.coordinator->DescribeAlias(database, request.alias()));
  response->set_db_name(database);
  response->set_alias(request.alias());
  response->set_collection(collection->schema.name);
  return absl::OkStatus();
}

absl::Status ListAliases(ProxyContext& proxy, CallContext& call,
                         const milvus_pb::ListAliasesRequest& request,
                         milvus_pb::ListAliasesResponse* response) {
  const std::string database = DatabaseOf(call, request.db_name());
  response->set_db_name(database);
  response->set_collection_name(request.collection_name());
  std::vector<meta::CollectionPtr> collections;
  if (request.collection_name().empty()) {
    ELANUS_ASSIGN_OR_RETURN(collections, proxy.coordinator->ListCollections(database));
  } else {
    ELANUS_ASSIGN_OR_RETURN(
        meta::CollectionPtr collection,
        FindCollection(proxy, call, request.db_name(), request.collection_name()));
    collections.push_back(std::move(collection));
  }
  for (const meta::CollectionPtr& collection : collections) {
    for (const std::string& alias : collection->aliases) response->add_aliases(alias);
  }
  return absl::OkStatus();
}

}  // namespace

void AddAliasRows(ProxyContext& proxy, std::vector<RpcRow>& rows) {
  rows.push_back(Row(proxy, "CreateAlias", Pool::kBlocking, &CreateAlias));
  rows.push_back(Row(proxy, "DropAlias", Pool::kBlocking, &DropAlias));
  rows.push_back(Row(proxy, "AlterAlias", Pool::kBlocking, &AlterAlias));
  rows.push_back(Row(proxy, "DescribeAlias", Pool::kBlocking, &DescribeAlias));
  rows.push_back(Row(proxy, "ListAliases", Pool::kBlocking, &ListAliases));
}

}  // namespace elanus::proxy
