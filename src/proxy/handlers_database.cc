// Databases.
#include "milvus.pb.h"
#include "proxy/convert_key_values.h"
#include "proxy/rpc_rows.h"

namespace elanus::proxy {
namespace {

absl::Status CreateDatabase(ProxyContext& proxy, CallContext&,
                            const milvus_pb::CreateDatabaseRequest& request, common_pb::Status*) {
  return proxy.coordinator->CreateDatabase(request.db_name(), FromWire(request.properties()));
}

absl::Status DropDatabase(ProxyContext& proxy, CallContext&,
                          const milvus_pb::DropDatabaseRequest& request, common_pb::Status*) {
  if (request.db_name().empty()) {
    return UserError(ErrorCode::kDatabaseInvalidName, "database name couldn't be empty");
  }
  return proxy.coordinator->DropDatabase(request.db_name());
}

absl::Status AlterDatabase(ProxyContext& proxy, CallContext& call,
                           const milvus_pb::AlterDatabaseRequest& request, common_pb::Status*) {
  const bool sets = request.properties_size() > 0;
  const bool deletes = request.delete_keys_size() > 0;
  if (sets && deletes) {
    return UserError(ErrorCode::kParameterInvalid,
                     "alter database cannot modify properties and delete properties at the same "
                     "time");
  }
  if (!sets && !deletes) {
    return UserError(ErrorCode::kParameterInvalid,
                     "alter database requires either properties or deletekeys to modify or delete "
                     "keys, both cannot be empty");
  }
  return proxy.coordinator->AlterDatabase(DatabaseOf(call, request.db_name()),
                                          FromWire(request.properties()),
                                          FromWire(request.delete_keys()));
}

absl::Status DescribeDatabase(ProxyContext& proxy, CallContext& call,
                              const milvus_pb::DescribeDatabaseRequest& request,
                              milvus_pb::DescribeDatabaseResponse* response) {
  ELANUS_ASSIGN_OR_RETURN(const meta::Database database,
                          proxy.coordinator->DescribeDatabase(DatabaseOf(call, request.db_name())));
  response->set_db_name(database.name);
  response->set_dbid(database.id.value());
  response->set_created_timestamp(database.created.value());
  ToWire(database.properties, response->mutable_properties());
  return absl::OkStatus();
}

absl::Status ListDatabases(ProxyContext& proxy, CallContext&,
                           const milvus_pb::ListDatabasesRequest&,
                           milvus_pb::ListDatabasesResponse* response) {
  for (const meta::Database& database : proxy.coordinator->ListDatabases()) {
    response->add_db_names(database.name);
    response->add_created_timestamp(database.created.value());
    response->add_db_ids(database.id.value());
  }
  return absl::OkStatus();
}

}  // namespace

void AddDatabaseRows(ProxyContext& proxy, std::vector<RpcRow>& rows) {
  rows.push_back(Row(proxy, "CreateDatabase", Pool::kBlocking, &CreateDatabase));
  rows.push_back(Row(proxy, "DropDatabase", Pool::kBlocking, &DropDatabase));
  rows.push_back(Row(proxy, "AlterDatabase", Pool::kBlocking, &AlterDatabase));
  rows.push_back(Row(proxy, "DescribeDatabase", Pool::kBlocking, &DescribeDatabase));
  rows.push_back(Row(proxy, "ListDatabases", Pool::kBlocking, &ListDatabases));
}

}  // namespace elanus::proxy
