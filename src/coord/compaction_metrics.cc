#include "coord/compaction_metrics.h"

#include "common/metric_families.h"

namespace elanus::coord {

void CompactionMetrics::Move(std::string_view type, std::string_view state, int by) const {
  if (metrics_ != nullptr) metrics_->GetGauge(metric::kCompactionTasks, {type, state})->Add(by);
}

void CompactionMetrics::Took(std::string_view type, std::string_view stage, uint64_t ns) const {
  if (metrics_ == nullptr) return;
  // One compaction is of every column, and of rows of one channel that is nowhere named.
  metrics_->GetHistogram(metric::kCompactionLatency, {"false", "", type, stage})
      ->Observe(static_cast<double>(ns) / 1e6);
}

void CompactionMetrics::Begins(std::string_view type, uint64_t waited_ns) const {
  Move(type, "pending", -1);
  Move(type, "executing", 1);
  Took(type, "pending", waited_ns);
}

void CompactionMetrics::Ends(std::string_view type, bool ok, uint64_t ran_ns) const {
  Move(type, "executing", -1);
  Move(type, ok ? "done" : "failed", 1);
  Took(type, "executing", ran_ns);
}

void CompactionMetrics::LeavesOut(int64_t rows) const {
  if (metrics_ == nullptr) return;
  metrics_->GetCounter(metric::kCompactionRowsLeftOut)->Add(static_cast<uint64_t>(rows));
}

}  // namespace elanus::coord
