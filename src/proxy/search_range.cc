#include "proxy/search_range.h"

namespace elanus::proxy {

float DistanceOf(kernels::Metric metric, float score) {
  return kernels::ToScore(metric, score);
}

absl::StatusOr<kernels::DistanceRange> RangeOf(const SearchParams& params, kernels::Metric metric) {
  kernels::DistanceRange range;
  if (!params.radius) return range;
  const bool larger = kernels::LargerIsBetter(metric);
  if (params.range_filter) {
    const bool in_order =
        larger ? *params.range_filter > *params.radius : *params.range_filter < *params.radius;
    if (!in_order) {
      return UserError(ErrorCode::kParameterInvalid,
                       "range_filter must be {} than radius for metric type {}, but got "
                       "range_filter({}) and radius({})",
                       larger ? "greater" : "less", kernels::MetricName(metric),
                       *params.range_filter, *params.radius);
    }
    range.nearest = DistanceOf(metric, static_cast<float>(*params.range_filter));
  }
  range.farthest = DistanceOf(metric, static_cast<float>(*params.radius));
  return range;
}

}  // namespace elanus::proxy
