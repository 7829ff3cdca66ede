// Delete, by primary keys or by filter.
#include <utility>

#include "expr/element_filter.h"
#include "milvus.pb.h"
#include "proxy/convert_templates.h"
#include "proxy/mutation_result.h"
#include "proxy/request_metrics.h"
#include "proxy/row_routing.h"
#include "proxy/rpc_rows.h"
#include "proxy/search_params.h"

namespace elanus::proxy {
namespace {

absl::StatusOr<expr::PlanPtr> DeletePlan(ProxyContext& proxy, const meta::Collection& collection,
                                         const milvus_pb::DeleteRequest& request) {
  ELANUS_ASSIGN_OR_RETURN(const expr::TemplateValues values,
                          TemplatesFromWire(request.expr_template_values()));
  ELANUS_ASSIGN_OR_RETURN(const absl::TimeZone zone, ZoneOf("", collection));
  absl::StatusOr<expr::PlanPtr> plan =
      proxy.filters.Compile(collection, request.expr(), values, zone);
  if (!plan.ok()) return WithContext(plan.status(), "failed to create delete plan");
  if (expr::IsAlwaysTrue(**plan) && expr::NamesNoField(**plan)) {
    return UserError(ErrorCode::kParameterInvalid, "delete plan can't be empty or always true : {}",
                     request.expr());
  }
  return plan;
}

schema::Column KeyColumn(const meta::Collection& collection,
                         const std::vector<schema::PrimaryKey>& keys) {
  schema::Column column(collection.schema.primary_key().column_type());
  column.Reserve(static_cast<int64_t>(keys.size()));
  for (const schema::PrimaryKey& key : keys) {
    if (const auto* text = std::get_if<std::string>(&key)) {
      column.AppendRaw(*text);
    } else {
      column.Append(std::get<int64_t>(key));
    }
  }
  return column;
}

// Keys of the rows that match at this moment; the collection must be loaded.
absl::StatusOr<schema::Column> FindKeys(ProxyContext& proxy, const CallContext& call,
                                        const meta::CollectionPtr& collection,
                                        const milvus_pb::DeleteRequest& request,
                                        expr::PlanPtr plan) {
  roles::QueryRequest query;
  query.scope.collection = collection;
  std::vector<std::string> names;
  if (!request.partition_name().empty()) names.push_back(request.partition_name());
  ELANUS_ASSIGN_OR_RETURN(query.scope.partitions, ReadPartitions(*collection, names, *plan));
  query.scope.filter = std::move(plan);
  query.scope.guarantee = proxy.coordinator->AllocateTimestamp();
  ELANUS_ASSIGN_OR_RETURN(roles::QueryResult result,
                          proxy.query_node->Query(query, CancellationOf(call)));
  const FieldId key = collection->schema.primary_key().id;
  for (auto& [field, column] : result.rows.columns) {
    if (field == key) return std::move(column);
  }
  return schema::Column(collection->schema.primary_key().column_type());
}

absl::Status TryDelete(ProxyContext& proxy, CallContext& call,
                       const milvus_pb::DeleteRequest& request,
                       milvus_pb::MutationResult* response) {
  ELANUS_ASSIGN_OR_RETURN(
      const meta::CollectionPtr collection,
      FindCollection(proxy, call, request.db_name(), request.collection_name()));
  if (!request.namespace_().empty()) {
    return UserError(ErrorCode::kParameterInvalid, "namespace is not supported by this version: {}",
                     request.namespace_());
  }
  roles::WriteRequest write;
  write.collection = collection;
  // No name means every partition here, unlike for inserts.
  if (!request.partition_name().empty()) {
    ELANUS_ASSIGN_OR_RETURN(const meta::Partition* partition,
                            WritePartition(*collection, request.partition_name()));
    write.delete_partition = partition->id;
  }
  ELANUS_ASSIGN_OR_RETURN(expr::PlanPtr plan, DeletePlan(proxy, *collection, request));
  if (!expr::ElementStructOf(*plan).empty()) {
    return UserError(
        ErrorCode::kParameterInvalid,
        "element_filter is not supported in deletes, which are of rows; use MATCH_ANY");
  }
  if (const auto keys = expr::ExactPrimaryKeys(*plan)) {
    write.deleted_keys = KeyColumn(*collection, *keys);
  } else {
    ELANUS_ASSIGN_OR_RETURN(write.deleted_keys,
                            FindKeys(proxy, call, collection, request, std::move(plan)));
  }
  const int64_t count = write.deleted_keys.num_rows();
  Timestamp timestamp;
  if (count > 0) {
    ELANUS_ASSIGN_OR_RETURN(timestamp, proxy.data_node->Write(std::move(write)));
  } else {
    timestamp = proxy.coordinator->AllocateTimestamp();
  }
  response->set_delete_cnt(count);
  response->set_acknowledged(true);
  response->set_timestamp(timestamp.value());
  return absl::OkStatus();
}

absl::Status Delete(ProxyContext& proxy, CallContext& call, const milvus_pb::DeleteRequest& request,
                    milvus_pb::MutationResult* response) {
  const RequestTimer timer(proxy, call, request.db_name(), request.collection_name());
  const absl::Status result = TryDelete(proxy, call, request, response);
  if (result.ok()) {
    timer.Mutated(Mutation::kDelete, response->delete_cnt());
  } else {
    FillFailedRows(result, 0, response);
  }
  return absl::OkStatus();
}

}  // namespace

void AddDeleteRows(ProxyContext& proxy, std::vector<RpcRow>& rows) {
  rows.push_back(Row(proxy, "Delete", Pool::kBlocking, &Delete));
}

}  // namespace elanus::proxy
