// Query: rows by filter, count(*), pages of the query iterator.
#include <algorithm>

#include "milvus.pb.h"
#include "proxy/aggregation.h"
#include "proxy/consistency.h"
#include "proxy/convert_column_out.h"
#include "proxy/convert_key_values.h"
#include "proxy/convert_struct.h"
#include "proxy/convert_templates.h"
#include "proxy/filter_explain.h"
#include "proxy/order_by.h"
#include "proxy/output_fields.h"
#include "proxy/request_metrics.h"
#include "proxy/row_routing.h"
#include "proxy/rpc_rows.h"
#include "proxy/search_params.h"
#include "proxy/search_trace.h"
#include "proxy/storage_usage.h"

namespace elanus::proxy {
namespace {

constexpr std::string_view kCount = "count(*)";

absl::StatusOr<expr::PlanPtr> CompileFilter(ProxyContext& proxy, const meta::Collection& collection,
                                            const milvus_pb::QueryRequest& request,
                                            absl::TimeZone zone) {
  ELANUS_ASSIGN_OR_RETURN(const expr::TemplateValues values,
                          TemplatesFromWire(request.expr_template_values()));
  absl::StatusOr<expr::PlanPtr> plan =
      proxy.filters.Compile(collection, request.expr(), values, zone);
  if (!plan.ok()) return WithContext(plan.status(), "failed to create query plan");
  return plan;
}

absl::Status CheckLimit(const QueryParams& params, const std::optional<AggregateQuery>& aggregates,
                        const expr::Plan& plan) {
  if (aggregates && aggregates->request.group_by.empty() && aggregates->has_count_of_rows() &&
      params.limit != -1) {
    return UserError(ErrorCode::kParameterInvalid, "count entities with pagination is not allowed");
  }
  if (params.iterator && aggregates && !aggregates->counts_only()) {
    return UserError(ErrorCode::kParameterInvalid,
                     "aggregation is not supported with a query iterator: {}",
                     aggregates->outputs[0].name);
  }
  if (!params.order_by.empty() && params.limit == -1) {
    return UserError(ErrorCode::kParameterInvalid, "ORDER BY requires explicit limit: {}",
                     params.order_by);
  }
  if (!aggregates && params.limit == -1 && expr::IsAlwaysTrue(plan) && expr::NamesNoField(plan)) {
    return UserError(ErrorCode::kParameterInvalid, "empty expression should be used with limit");
  }
  return absl::OkStatus();
}

// count(*), as clients call it however it was written.
void CountToWire(int64_t count, milvus_pb::QueryResults* response) {
  schema_pb::FieldData* column = response->add_fields_data();
  column->set_type(schema_pb::Int64);
  column->set_field_name(std::string(kCount));
  column->mutable_scalars()->mutable_long_data()->add_data(count);
  response->add_output_fields(std::string(kCount));
}

absl::StatusOr<std::vector<roles::Ordering>> OrderOf(
    const QueryParams& params, const std::optional<AggregateQuery>& aggregates,
    const schema::CollectionSchema& schema) {
  const std::vector<FieldId>* groups = aggregates ? &aggregates->request.group_by : nullptr;
  return QueryOrder(params.order_by, schema, groups);
}

// Columns come in the schema's order, also for no rows: clients need them typed and empty.
void RowsToWire(const roles::QueryResult& result, const schema::CollectionSchema& schema,
                const OutputFields& output, const ColumnOutOptions& options,
                milvus_pb::QueryResults* response) {
  const schema::FieldSchema& key = schema.primary_key();
  schema::Column missing;  // Keeps alive what column_of() had to make up.
  const auto column_of = [&](const schema::FieldSchema& field) {
    if (const schema::Column* column = result.rows.Find(field.id)) return column->View();
    missing = schema::DefaultColumn(field, result.rows.num_rows);
    return missing.View();
  };
  for (const schema::FieldSchema& field : schema.fields) {
    const bool wanted = field.id == key.id || std::find(output.fields.begin(), output.fields.end(),
                                                        &field) != output.fields.end();
    if (!wanted) continue;
    ColumnToWire(column_of(field), field, options, response->add_fields_data());
  }
  for (const OutputStruct& owner : output.structs) {
    StructToWire(*owner.owner, owner.fields, column_of, options, response->add_fields_data());
  }
  if (output.dynamic) {
    const schema::FieldSchema& field = *schema.dynamic_field();
    DynamicColumnToWire(column_of(field), field, output.dynamic_keys, options,
                        response->add_fields_data());
  }
  for (const std::vector<int64_t>& elements : result.elements) {
    auto* indices = response->add_element_indices()->mutable_indices()->mutable_data();
    indices->Add(elements.begin(), elements.end());
  }
  for (const std::string& name : output.names) response->add_output_fields(name);
  response->add_output_fields(key.name);
}

absl::Status Query(ProxyContext& proxy, CallContext& call, const milvus_pb::QueryRequest& request,
                   milvus_pb::QueryResults* response) {
  const RequestTimer timer(proxy, call, request.db_name(), request.collection_name());
  const auto settings = proxy.Now();
  ELANUS_ASSIGN_OR_RETURN(
      const meta::CollectionPtr collection,
      FindCollection(proxy, call, request.db_name(), request.collection_name()));
  if (!request.namespace_().empty()) {
    return UserError(ErrorCode::kParameterInvalid, "namespace is not supported by this version: {}",
                     request.namespace_());
  }
  ELANUS_ASSIGN_OR_RETURN(
      const QueryParams params,
      ParseQueryParams(FromWire(request.query_params()), *collection, settings->limits));
  ELANUS_ASSIGN_OR_RETURN(const absl::TimeZone zone, ZoneOf(params.timezone, *collection));
  const std::vector<std::string> names = FromWire(request.output_fields());
  ELANUS_ASSIGN_OR_RETURN(const std::optional<AggregateQuery> aggregates,
                          AggregateQueryOf(names, params.group_by, collection->schema));
  OutputFields output;
  if (!aggregates) {
    ELANUS_ASSIGN_OR_RETURN(output, ResolveOutputFields(names, collection->schema));
  }
  roles::QueryRequest query;
  query.scope.collection = collection;
  ELANUS_ASSIGN_OR_RETURN(query.scope.filter, CompileFilter(proxy, *collection, request, zone));
  ELANUS_RETURN_IF_ERROR(CheckLimit(params, aggregates, *query.scope.filter));
  ELANUS_ASSIGN_OR_RETURN(query.order, OrderOf(params, aggregates, collection->schema));
  ELANUS_ASSIGN_OR_RETURN(
      query.scope.partitions,
      ReadPartitions(*collection, FromWire(request.partition_names()), *query.scope.filter));
  query.scope.guarantee = GuaranteeOf({.use_default = request.use_default_consistency(),
                                       .level = request.consistency_level(),
                                       .guarantee = request.guarantee_timestamp()},
                                      *collection, proxy.coordinator->AllocateTimestamp(),
                                      settings->read.graceful_time_ms);
  query.scope.read_at = IteratorSnapshot(params.iterator, request.guarantee_timestamp());
  query.scope.ignore_growing = params.ignore_growing;
  query.scope.output_fields = output.ids(collection->schema);
  query.count_only = aggregates && aggregates->counts_only();
  if (aggregates && !query.count_only) query.aggregation = aggregates->request;
  query.limit = params.limit;
  query.offset = params.offset;
  query.result_bytes_max = settings->limits.output_bytes_max;
  const StorageUsage usage(proxy, call);
  ELANUS_ASSIGN_OR_RETURN(const roles::QueryResult result,
                          proxy.query_node->Query(query, usage.cancellation()));
  usage.ToWire(response->mutable_status());
  const RowRange all[] = {{0, aggregates ? result.table.num_rows : result.rows.num_rows}};
  const ColumnOutOptions options{.rows = all, .zone = zone, .time_parts = params.time_parts};
  if (query.count_only) {
    CountToWire(result.count, response);
  } else if (aggregates) {
    AggregatesToWire(result.table, *aggregates, collection->schema, options, response);
  } else {
    RowsToWire(result, collection->schema, output, options, response);
  }
  response->set_collection_name(request.collection_name());
  response->set_primary_field_name(collection->schema.primary_key().name);
  response->set_session_ts(
      (result.read_at.valid() ? result.read_at : query.scope.guarantee).value());
  if (params.explain) {
    // Evaluates it once more, step by step.
    ELANUS_ASSIGN_OR_RETURN(
        const std::vector<roles::FilterWork> work,
        proxy.query_node->ExplainFilter(query.scope, true, CancellationOf(call)));
    (*response->mutable_status()->mutable_extra_info())[kExplainKey] =
        FilterJson(*query.scope.filter, true, work);
  }
  timer.Queried();
  return absl::OkStatus();
}

}  // namespace

void AddQueryRows(ProxyContext& proxy, std::vector<RpcRow>& rows) {
  rows.push_back(Row(proxy, "Query", Pool::kCompute, &Query));
}

}  // namespace elanus::proxy
