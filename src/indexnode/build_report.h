// What the world hears of a build that runs: log lines, a gauge, the observer.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>

#include "common/clock.h"
#include "common/metrics.h"
#include "roles/index_node.h"

namespace elanus::indexnode {

// Lives as long as the build. Threads: Progress from any.
class BuildReport {
 public:
  // All are borrowed; `metrics` may be null.
  BuildReport(const roles::BuildTask& task, const roles::BuildObserver& observer,
              MetricRegistry* metrics);
  ~BuildReport();

  void Begin(int64_t num_rows, int64_t memory_bytes);
  // Never tells of less than before: parts of a build may report out of order.
  void Progress(double share);
  void End(int64_t file_bytes);

  double seconds() const;

 private:
  const roles::BuildTask& task_;
  const roles::BuildObserver& observer_;
  MetricRegistry* const metrics_;
  const std::string segment_, index_;
  const uint64_t begin_ns_;
  std::shared_ptr<Gauge> percent_;
  std::mutex mutex_;
  double told_ = 0;  // By mutex_, as below.
  uint64_t logged_ns_ = 0;
};

}  // namespace elanus::indexnode
