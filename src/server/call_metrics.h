#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "common/metrics.h"
#include "server/grpc_server.h"

namespace elanus::server {

// Counts and times every finished call by method and database. Threads: any.
class CallMetrics {
 public:
  explicit CallMetrics(MetricRegistry& metrics) : metrics_(metrics) {}
  void Note(const FinishedCall& call) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  // The series of one method and database, looked up once.
  struct Series {
    std::shared_ptr<Counter> total;
    std::shared_ptr<Counter> success;
    std::shared_ptr<Counter> failure;
    std::shared_ptr<Histogram> latency;
  };
  std::shared_ptr<const Series> SeriesOf(std::string_view method, std::string_view database)
      ABSL_LOCKS_EXCLUDED(mutex_);

  MetricRegistry& metrics_;
  absl::Mutex mutex_;
  absl::flat_hash_map<std::string, std::shared_ptr<const Series>> series_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace elanus::server
