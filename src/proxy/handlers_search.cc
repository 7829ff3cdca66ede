// Search.
#include <utility>

#include "index/index_params.h"
#include "milvus.pb.h"
#include "proxy/consistency.h"
#include "proxy/convert_key_values.h"
#include "proxy/convert_templates.h"
#include "proxy/filter_explain.h"
#include "proxy/group_by.h"
#include "proxy/key_isolation.h"
#include "proxy/list_search.h"
#include "proxy/order_by.h"
#include "proxy/output_fields.h"
#include "proxy/query_vectors.h"
#include "proxy/request_metrics.h"
#include "proxy/row_routing.h"
#include "proxy/rpc_rows.h"
#include "proxy/search_answer.h"
#include "proxy/search_by_keys.h"
#include "proxy/search_iterator.h"
#include "proxy/search_params.h"
#include "proxy/search_range.h"
#include "proxy/search_target.h"
#include "proxy/search_trace.h"
#include "proxy/storage_usage.h"

namespace elanus::proxy {
namespace {

// Whole parts of the request that this version does not do.
absl::Status RefuseParts(const milvus_pb::SearchRequest& request) {
  const std::pair<bool, std::string_view> parts[] = {
      {request.has_function_score(), "function_score (rerankers)"},
      {request.sub_reqs_size() > 0, "sub_reqs (advanced search)"},
      {!request.namespace_().empty(), "namespace"},
      {request.has_highlighter(), "highlighter"},
      {request.has_search_aggregation(), "search_aggregation"},
      {request.function_chains_size() > 0, "function_chains"},
  };
  for (const auto& [used, name] : parts) {
    if (used) {
      return UserError(ErrorCode::kParameterInvalid,
                       "request option is not supported by this version: {}", name);
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<expr::PlanPtr> CompileFilter(ProxyContext& proxy, const meta::Collection& collection,
                                            const milvus_pb::SearchRequest& request) {
  if (!request.dsl().empty() && request.dsl_type() != common_pb::BoolExprV1) {
    return UserError(ErrorCode::kParameterInvalid,
                     "failed to create query plan: only filter expressions are supported, not the "
                     "old JSON query language");
  }
  ELANUS_ASSIGN_OR_RETURN(const expr::TemplateValues values,
                          TemplatesFromWire(request.expr_template_values()));
  // Times without offset are in UTC, whatever zone the answer is in (query.md 2.6).
  absl::StatusOr<expr::PlanPtr> plan = proxy.filters.Compile(collection, request.dsl(), values);
  if (!plan.ok()) return WithContext(plan.status(), "failed to create query plan");
  return plan;
}

absl::StatusOr<roles::ReadScope> ScopeOf(ProxyContext& proxy, const meta::CollectionPtr& collection,
                                         const milvus_pb::SearchRequest& request,
                                         const SearchParams& params, const OutputFields& output) {
  roles::ReadScope scope;
  scope.collection = collection;
  ELANUS_ASSIGN_OR_RETURN(scope.filter, CompileFilter(proxy, *collection, request));
  ELANUS_ASSIGN_OR_RETURN(
      scope.partitions,
      ReadPartitions(*collection, FromWire(request.partition_names()), *scope.filter));
  scope.guarantee = GuaranteeOf({.use_default = request.use_default_consistency(),
                                 .level = request.consistency_level(),
                                 .guarantee = request.guarantee_timestamp()},
                                *collection, proxy.coordinator->AllocateTimestamp(),
                                proxy.Now()->read.graceful_time_ms);
  scope.read_at = IteratorSnapshot(params.iterator, request.guarantee_timestamp());
  scope.ignore_growing = params.ignore_growing;
  scope.output_fields = output.ids(collection->schema);
  return scope;
}

absl::StatusOr<QueryVectors> VectorsOf(ProxyContext& proxy, const meta::CollectionPtr& collection,
                                       const milvus_pb::SearchRequest& request,
                                       const schema::FieldSchema& field,
                                       const Cancellation& cancellation) {
  const int64_t nq_max = proxy.Now()->limits.nq_max;
  if (request.has_ids()) {
    return VectorsOfRows(proxy, collection, field, request.ids(), nq_max, cancellation);
  }
  return ParseQueryVectors(request.placeholder_group(), request.nq(), nq_max, field);
}

// Nothing to search with, or nothing left to find.
roles::SearchResult NoHits(int64_t num_queries) {
  roles::SearchResult result;
  result.hits_per_query.assign(num_queries, 0);
  return result;
}

// Everything of the search but its vectors.
absl::StatusOr<roles::SearchRequest> SearchOf(ProxyContext& proxy,
                                              const meta::CollectionPtr& collection,
                                              const milvus_pb::SearchRequest& request,
                                              const SearchTarget& target,
                                              const OutputFields& output, SearchParams& params) {
  roles::SearchRequest search;
  ELANUS_ASSIGN_OR_RETURN(search.scope, ScopeOf(proxy, collection, request, params, output));
  ELANUS_RETURN_IF_ERROR(CheckKeyIsolation(*collection, *search.scope.filter));
  ELANUS_RETURN_IF_ERROR(CheckElementFilter(target, *search.scope.filter));
  search.field = target.field->id;
  search.metric = target.metric;
  search.params = std::move(params.index_params);
  for (const auto& [key, value] : target.index_params) search.params[key] = value;
  search.k = params.topk;
  search.offset = params.offset;
  ELANUS_ASSIGN_OR_RETURN(search.range, RangeOf(params, target.metric));
  if (params.group_by) {
    ELANUS_ASSIGN_OR_RETURN(search.grouping,
                            GroupingOf(params, *collection, *target.field, proxy.Now()->limits));
  }
  ELANUS_ASSIGN_OR_RETURN(search.order, SearchOrder(params.order_by, collection->schema));
  return search;
}

// The hits; none if there is nothing to search with.
absl::StatusOr<roles::SearchResult> Run(ProxyContext& proxy,
                                        const milvus_pb::SearchRequest& request,
                                        const SearchParams& params, roles::SearchRequest& search,
                                        const Cancellation& cancellation) {
  if (search.num_queries == 0) {
    const auto& ids = request.ids();
    return NoHits(ids.has_str_id() ? ids.str_id().data_size() : ids.int_id().data_size());
  }
  if (params.iterator_v2) {
    ELANUS_ASSIGN_OR_RETURN(const bool more,
                            PreparePage(*params.iterator_v2, proxy.cursors, search));
    if (!more) return NoHits(1);
  }
  return proxy.query_node->Search(search, cancellation);
}

absl::Status Search(ProxyContext& proxy, CallContext& call, const milvus_pb::SearchRequest& request,
                    milvus_pb::SearchResults* response) {
  const RequestTimer timer(proxy, call, request.db_name(), request.collection_name());
  ELANUS_RETURN_IF_ERROR(RefuseParts(request));
  ELANUS_ASSIGN_OR_RETURN(
      const meta::CollectionPtr collection,
      FindCollection(proxy, call, request.db_name(), request.collection_name()));
  ELANUS_ASSIGN_OR_RETURN(SearchParams params, ParseSearchParams(FromWire(request.search_params()),
                                                                 *collection, proxy.Now()->limits));
  ELANUS_ASSIGN_OR_RETURN(const absl::TimeZone zone, ZoneOf(params.timezone, *collection));
  ELANUS_ASSIGN_OR_RETURN(
      const OutputFields output,
      ResolveOutputFields(FromWire(request.output_fields()), collection->schema));
  ELANUS_ASSIGN_OR_RETURN(const SearchTarget target, FindSearchTarget(*collection, params));
  ELANUS_ASSIGN_OR_RETURN(roles::SearchRequest search,
                          SearchOf(proxy, collection, request, target, output, params));
  const StorageUsage usage(proxy, call);
  ELANUS_ASSIGN_OR_RETURN(QueryVectors vectors, VectorsOf(proxy, collection, request, *target.field,
                                                          usage.cancellation()));
  ELANUS_RETURN_IF_ERROR(CheckListQueries(target, vectors));
  search.queries = std::move(vectors.bytes);
  search.num_queries = vectors.num_queries;
  search.list_begins = std::move(vectors.list_begins);
  ELANUS_ASSIGN_OR_RETURN(const roles::SearchResult result,
                          Run(proxy, request, params, search, usage.cancellation()));
  usage.ToWire(response->mutable_status());
  SearchAnswerToWire(result, *collection, output,
                     {.topk = params.topk,
                      .grouping = search.grouping ? &*search.grouping : nullptr,
                      .group_fields_plural = params.group_by && params.group_by->plural,
                      .round_decimal = params.round_decimal,
                      .zone = zone,
                      .time_parts = params.time_parts},
                     response->mutable_results());
  if (params.iterator_v2) {
    FinishPage(*params.iterator_v2, search, result, proxy.cursors,
               response->mutable_results()->mutable_search_iterator_v2_results());
  }
  response->set_collection_name(request.collection_name());
  if (request.guarantee_timestamp() == 0) {
    response->set_session_ts(
        (result.read_at.valid() ? result.read_at : search.scope.guarantee).value());
  }
  if (const auto explain = search.params.find(kExplainKey);
      explain != search.params.end() && index::ParseSettingBool(explain->second).value_or(false)) {
    ELANUS_ASSIGN_OR_RETURN(
        const std::vector<roles::FilterWork> filter,
        proxy.query_node->ExplainFilter(search.scope, true, CancellationOf(call)));
    (*response->mutable_status()->mutable_extra_info())[kExplainKey] = PlanJson(
        result.work, result.segments_pruned, FilterJson(*search.scope.filter, true, filter));
  }
  timer.Searched(search, result);
  return absl::OkStatus();
}

}  // namespace

void AddSearchRows(ProxyContext& proxy, std::vector<RpcRow>& rows) {
  rows.push_back(Row(proxy, "Search", Pool::kCompute, &Search));
}

}  // namespace elanus::proxy
