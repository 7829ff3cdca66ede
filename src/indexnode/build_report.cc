#include "indexnode/build_report.h"

#include <array>

#include "common/logging.h"
#include "common/metric_families.h"

namespace elanus::indexnode {
namespace {

// A long build says how far it is this often.
constexpr uint64_t kLogEveryNs = 10'000'000'000;

}  // namespace

BuildReport::BuildReport(const roles::BuildTask& task, const roles::BuildObserver& observer,
                         MetricRegistry* metrics)
    : task_(task),
      observer_(observer),
      metrics_(metrics),
      segment_(std::to_string(task.segment->id.value())),
      index_(std::to_string(task.index.id.value())),
      begin_ns_(SystemClock().MonotonicNs()),
      logged_ns_(begin_ns_) {}

BuildReport::~BuildReport() {
  if (percent_ == nullptr) return;
  const std::array<std::pair<std::string_view, std::string_view>, 2> labels = {
      {{"segment_id", segment_}, {"index_id", index_}}};
  metrics_->RemoveSeries(labels);
}

void BuildReport::Begin(int64_t num_rows, int64_t memory_bytes) {
  if (metrics_ != nullptr) {
    percent_ = metrics_->GetGauge(metric::kIndexBuildPercent, {segment_, index_});
  }
  if (observer_.progress) observer_.progress(0);
  ELANUS_LOG(Info, "index build begins", Field("segment", task_.segment->id.value()),
             Field("index", task_.index.name), Field("type", task_.index.type),
             Field("rows", num_rows), Field("memory_mb", memory_bytes >> 20));
}

void BuildReport::Progress(double share) {
  {
    std::lock_guard lock(mutex_);
    if (share <= told_) return;
    told_ = share;
    if (percent_ != nullptr) percent_->Set(100 * share);
    const uint64_t now = SystemClock().MonotonicNs();
    if (now - logged_ns_ >= kLogEveryNs) {
      logged_ns_ = now;
      ELANUS_LOG(Info, "index build goes on", Field("segment", task_.segment->id.value()),
                 Field("index", task_.index.name), Field("percent", static_cast<int>(100 * share)));
    }
    if (observer_.progress) observer_.progress(share);
  }
}

void BuildReport::End(int64_t file_bytes) {
  ELANUS_LOG(Info, "index built", Field("segment", task_.segment->id.value()),
             Field("index", task_.index.name), Field("seconds", seconds()),
             Field("file_mb", file_bytes >> 20));
}

double BuildReport::seconds() const {
  return static_cast<double>(SystemClock().MonotonicNs() - begin_ns_) / 1e9;
}

}  // namespace elanus::indexnode
