// Range search: which scores a client wants, as distances.
#pragma once

#include "common/status.h"
#include "kernels/distance_range.h"
#include "kernels/metric.h"
#include "proxy/search_params.h"

namespace elanus::proxy {

// What the parameters `radius` and `range_filter` ask for; everything if there is no radius. Where
// a smaller score is better: range_filter <= score < radius; else: radius < score <= range_filter.
// Bounds are rounded to float32, as scores are, so that a score that a client was shown is a bound
// to the point.
absl::StatusOr<kernels::DistanceRange> RangeOf(const SearchParams& params, kernels::Metric metric);

// Between distances and scores; the same both ways.
float DistanceOf(kernels::Metric metric, float score);

}  // namespace elanus::proxy
