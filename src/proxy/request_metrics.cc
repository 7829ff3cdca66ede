#include "proxy/request_metrics.h"

#include <algorithm>

#include "common/logging.h"
#include "common/metric_families.h"
#include "proxy/search_trace.h"

namespace elanus::proxy {

RequestTimer::RequestTimer(const ProxyContext& proxy, const CallContext& call,
                           const std::string& database, const std::string& collection)
    : proxy_(proxy),
      database_(DatabaseOf(call, database)),
      collection_(collection),
      begin_ns_(proxy.clock->MonotonicNs()) {}

double RequestTimer::ElapsedMs() const {
  return static_cast<double>(proxy_.clock->MonotonicNs() - begin_ns_) / 1e6;
}

void RequestTimer::Mutated(Mutation mutation, int64_t rows) const {
  if (proxy_.metrics == nullptr) return;
  MetricRegistry& metrics = *proxy_.metrics;
  const MetricFamily* family = nullptr;
  const char* type = "";
  switch (mutation) {
    case Mutation::kInsert:
      family = &metric::kProxyInsertRows;
      type = "insert";
      break;
    case Mutation::kUpsert:
      family = &metric::kProxyUpsertRows;
      type = "upsert";
      break;
    case Mutation::kDelete:
      family = &metric::kProxyDeleteRows;
      type = "delete";
      break;
  }
  metrics.GetCounter(*family, {database_, collection_})->Add(static_cast<uint64_t>(rows));
  const double elapsed = ElapsedMs();
  metrics.GetHistogram(metric::kProxyMutationLatency, {type, database_, collection_})
      ->Observe(elapsed);
  metrics.GetHistogram(metric::kProxyCollectionMutationLatency, {type, database_, collection_})
      ->Observe(elapsed);
}

bool RequestTimer::Read(const char* query_type, int64_t num_queries) const {
  MetricRegistry& metrics = *proxy_.metrics;
  const double elapsed = ElapsedMs();
  metrics.GetCounter(metric::kProxyReceivedNq, {query_type, database_, collection_})
      ->Add(static_cast<uint64_t>(num_queries));
  metrics.GetHistogram(metric::kProxySearchLatency, {query_type, database_, collection_})
      ->Observe(elapsed);
  metrics.GetHistogram(metric::kProxyCollectionSearchLatency, {query_type, database_, collection_})
      ->Observe(elapsed);
  const int64_t slow_ms = proxy_.Now()->proxy.slow_query_ms;
  if (elapsed > static_cast<double>(slow_ms * std::max<int64_t>(num_queries, 1))) {
    metrics.GetCounter(metric::kProxySlowQueries, {query_type})->Add();
    return true;
  }
  return false;
}

void RequestTimer::Searched(const roles::SearchRequest& search,
                            const roles::SearchResult& result) const {
  if (proxy_.metrics == nullptr) return;
  proxy_.metrics->GetCounter(metric::kProxySearchVectors, {database_, collection_})
      ->Add(static_cast<uint64_t>(search.num_queries));
  CountWork(result.work, *proxy_.metrics);
  if (Read("search", search.num_queries)) {
    ELANUS_LOG(Warn, "slow search", Field("database", database_), Field("collection", collection_),
               Field("ms", ElapsedMs()), Field("nq", search.num_queries), Field("k", search.k),
               Field("plan", PlanText(result.work)));
  } else {
    ELANUS_LOG(Debug, "search", Field("database", database_), Field("collection", collection_),
               Field("ms", ElapsedMs()), Field("nq", search.num_queries), Field("k", search.k),
               Field("plan", PlanText(result.work)));
  }
}

void RequestTimer::Queried() const {
  if (proxy_.metrics != nullptr && Read("query", 1)) {
    ELANUS_LOG(Warn, "slow query", Field("database", database_), Field("collection", collection_),
               Field("ms", ElapsedMs()));
  }
}

}  // namespace elanus::proxy
