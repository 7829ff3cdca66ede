#include "server/call_metrics.h"

#include "common/metric_families.h"

namespace elanus::server {
namespace {
// Names of databases come from clients: beyond this many, all others share one series.
constexpr size_t kSeriesMax = 4096;
}  // namespace

std::shared_ptr<const CallMetrics::Series> CallMetrics::SeriesOf(std::string_view method,
                                                                 std::string_view database) {
  if (database.empty()) database = "default";
  std::string key;
  key.append(method).append("/").append(database);
  {
    absl::ReaderMutexLock lock(&mutex_);
    if (const auto it = series_.find(key); it != series_.end()) return it->second;
    if (series_.size() >= kSeriesMax) database = "other";
  }
  auto made = std::make_shared<Series>();
  made->total = metrics_.GetCounter(metric::kProxyRequests, {method, "total", database, ""});
  made->success = metrics_.GetCounter(metric::kProxyRequests, {method, "success", database, ""});
  made->failure = metrics_.GetCounter(metric::kProxyRequests, {method, "fail", database, ""});
  made->latency = metrics_.GetHistogram(metric::kProxyRequestLatency, {method});
  absl::MutexLock lock(&mutex_);
  if (series_.size() >= kSeriesMax) return made;
  return series_.try_emplace(key, std::move(made)).first->second;
}

void CallMetrics::Note(const FinishedCall& call) {
  const std::shared_ptr<const Series> series = SeriesOf(call.method, call.database);
  series->total->Add();
  const bool ok = call.transport_code == absl::StatusCode::kOk && call.error_code == 0;
  (ok ? series->success : series->failure)->Add();
  series->latency->Observe(static_cast<double>(call.duration.count()) / 1000.0);
}

}  // namespace elanus::server
