// Insert.
#include <utility>

#include "milvus.pb.h"
#include "proxy/insert_rows.h"
#include "proxy/mutation_result.h"
#include "proxy/request_metrics.h"
#include "proxy/row_routing.h"
#include "proxy/rpc_rows.h"

namespace elanus::proxy {
namespace {

// Gives auto-id collections their keys.
absl::Status AddKeys(ProxyContext& proxy, const meta::Collection& collection,
                     schema::RowBatch& rows) {
  const schema::FieldSchema& primary_key = collection.schema.primary_key();
  if (!primary_key.auto_id) return absl::OkStatus();
  if (rows.Find(primary_key.id) != nullptr) {
    if (MayAssignKeys(collection)) return absl::OkStatus();
    return UserError(ErrorCode::kParameterInvalid,
                     "can not assign primary field data when auto id enabled and "
                     "allow_insert_auto_id is false {}",
                     primary_key.name);
  }
  ELANUS_ASSIGN_OR_RETURN(const int64_t first, proxy.coordinator->AllocateIds(rows.num_rows));
  rows.columns.emplace_back(primary_key.id, AutoIdColumn(primary_key, first, rows.num_rows));
  return absl::OkStatus();
}

absl::Status CheckSize(const ProxyContext& proxy, const CallContext& call) {
  const int64_t bytes_max = proxy.Now()->limits.insert_bytes_max;
  if (bytes_max < 0 || static_cast<int64_t>(call.request_bytes) <= bytes_max) {
    return absl::OkStatus();
  }
  return UserError(ErrorCode::kParameterTooLarge, "insert request size exceeds maxInsertSize: {}",
                   bytes_max);
}

absl::Status TryInsert(ProxyContext& proxy, CallContext& call,
                       const milvus_pb::InsertRequest& request,
                       milvus_pb::MutationResult* response) {
  ELANUS_RETURN_IF_ERROR(CheckSize(proxy, call));
  ELANUS_ASSIGN_OR_RETURN(
      const meta::CollectionPtr collection,
      FindCollection(proxy, call, request.db_name(), request.collection_name()));
  ELANUS_RETURN_IF_ERROR(
      CheckSchemaTimestamp(request.schema_timestamp(), *collection, request.collection_name()));
  if (!request.namespace_().empty()) {
    return UserError(ErrorCode::kParameterInvalid, "namespace is not supported by this version: {}",
                     request.namespace_());
  }
  ELANUS_ASSIGN_OR_RETURN(const meta::Partition* partition,
                          WritePartition(*collection, request.partition_name()));
  ELANUS_ASSIGN_OR_RETURN(
      schema::RowBatch rows,
      ReadSentColumns(request.fields_data(), request.num_rows(), *collection, /*partial=*/false));
  ELANUS_RETURN_IF_ERROR(AddKeys(proxy, *collection, rows));
  ELANUS_RETURN_IF_ERROR(AddMissingColumns(collection->schema, rows));
  // The answer holds the keys, and the rows go away with the write.
  const schema::Column keys = *rows.Find(collection->schema.primary_key().id);
  roles::WriteRequest write;
  write.inserts = RouteRows(*collection, partition, std::move(rows));
  write.collection = collection;
  ELANUS_ASSIGN_OR_RETURN(const Timestamp timestamp, proxy.data_node->Write(std::move(write)));
  FillRowsResult(keys, timestamp, response);
  response->set_insert_cnt(keys.num_rows());
  return absl::OkStatus();
}

absl::Status Insert(ProxyContext& proxy, CallContext& call, const milvus_pb::InsertRequest& request,
                    milvus_pb::MutationResult* response) {
  const RequestTimer timer(proxy, call, request.db_name(), request.collection_name());
  const absl::Status result = TryInsert(proxy, call, request, response);
  if (result.ok()) {
    timer.Mutated(Mutation::kInsert, response->insert_cnt());
  } else {
    FillFailedRows(result, request.num_rows(), response);
  }
  return absl::OkStatus();
}

}  // namespace

void AddInsertRows(ProxyContext& proxy, std::vector<RpcRow>& rows) {
  rows.push_back(Row(proxy, "Insert", Pool::kBlocking, &Insert));
}

}  // namespace elanus::proxy
