// Upsert: delete and insert under one timestamp.
#include <utility>

#include "milvus.pb.h"
#include "proxy/insert_rows.h"
#include "proxy/mutation_result.h"
#include "proxy/partial_update.h"
#include "proxy/request_metrics.h"
#include "proxy/row_routing.h"
#include "proxy/rpc_rows.h"

namespace elanus::proxy {
namespace {

absl::StatusOr<ArrayOps> OpsOf(const milvus_pb::UpsertRequest& request) {
  ArrayOps ops;
  for (const auto& wire : request.field_ops()) {
    switch (wire.op()) {
      case schema_pb::FieldPartialUpdateOp::REPLACE:
        ops.emplace_back(wire.field_name(), ArrayOp::kReplace);
        break;
      case schema_pb::FieldPartialUpdateOp::ARRAY_APPEND:
        ops.emplace_back(wire.field_name(), ArrayOp::kAppend);
        break;
      case schema_pb::FieldPartialUpdateOp::ARRAY_REMOVE:
        ops.emplace_back(wire.field_name(), ArrayOp::kRemove);
        break;
      default:
        return UserError(ErrorCode::kParameterInvalid, "unknown operation of a partial update: {}",
                         static_cast<int>(wire.op()));
    }
  }
  return ops;
}

bool IsPartial(bool asked, const ArrayOps& ops) {
  for (const auto& [name, op] : ops) asked = asked || op != ArrayOp::kReplace;
  return asked;
}

// The key column of the rows that are replaced.
absl::StatusOr<schema::Column> KeysToReplace(const meta::Collection& collection,
                                             const schema::RowBatch& rows) {
  const schema::Column* keys = rows.Find(collection.schema.primary_key().id);
  if (keys == nullptr) {
    return UserError(ErrorCode::kParameterInvalid, "must assign pk when upsert, primary field: {}",
                     collection.schema.primary_key().name);
  }
  ELANUS_RETURN_IF_ERROR(CheckDistinctKeys(*keys));
  return *keys;
}

// With auto ids the old rows go and the new ones get new ids.
absl::Status RenewKeys(ProxyContext& proxy, const meta::Collection& collection,
                       schema::RowBatch& rows) {
  const schema::FieldSchema& primary_key = collection.schema.primary_key();
  if (!primary_key.auto_id) return absl::OkStatus();
  ELANUS_ASSIGN_OR_RETURN(const int64_t first, proxy.coordinator->AllocateIds(rows.num_rows));
  for (auto& [field, column] : rows.columns) {
    if (field == primary_key.id) column = AutoIdColumn(primary_key, first, rows.num_rows);
  }
  return absl::OkStatus();
}

absl::Status TryUpsert(ProxyContext& proxy, CallContext& call,
                       const milvus_pb::UpsertRequest& request,
                       milvus_pb::MutationResult* response) {
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
  ELANUS_ASSIGN_OR_RETURN(const ArrayOps ops, OpsOf(request));
  const bool partial = IsPartial(request.partial_update(), ops);
  ELANUS_ASSIGN_OR_RETURN(
      schema::RowBatch rows,
      ReadSentColumns(request.fields_data(), request.num_rows(), *collection, partial));
  roles::WriteRequest write;
  write.collection = collection;
  ELANUS_ASSIGN_OR_RETURN(write.deleted_keys, KeysToReplace(*collection, rows));
  if (partial) {
    ELANUS_RETURN_IF_ERROR(FillFromStoredRows(proxy, collection, ops, CancellationOf(call), rows));
  }
  ELANUS_RETURN_IF_ERROR(RenewKeys(proxy, *collection, rows));
  ELANUS_RETURN_IF_ERROR(AddMissingColumns(collection->schema, rows));
  const schema::Column keys = *rows.Find(collection->schema.primary_key().id);
  write.inserts = RouteRows(*collection, partition, std::move(rows));
  ELANUS_ASSIGN_OR_RETURN(const Timestamp timestamp, proxy.data_node->Write(std::move(write)));
  FillRowsResult(keys, timestamp, response);
  response->set_insert_cnt(keys.num_rows());
  response->set_upsert_cnt(keys.num_rows());
  response->set_delete_cnt(keys.num_rows());
  return absl::OkStatus();
}

absl::Status Upsert(ProxyContext& proxy, CallContext& call, const milvus_pb::UpsertRequest& request,
                    milvus_pb::MutationResult* response) {
  const RequestTimer timer(proxy, call, request.db_name(), request.collection_name());
  const absl::Status result = TryUpsert(proxy, call, request, response);
  if (result.ok()) {
    timer.Mutated(Mutation::kUpsert, response->upsert_cnt());
  } else {
    FillFailedRows(result, request.num_rows(), response);
  }
  return absl::OkStatus();
}

}  // namespace

void AddUpsertRows(ProxyContext& proxy, std::vector<RpcRow>& rows) {
  rows.push_back(Row(proxy, "Upsert", Pool::kBlocking, &Upsert));
}

}  // namespace elanus::proxy
