// What a search did, for people: in metrics, in the log and on demand in the answer.
#pragma once

#include <span>
#include <string>

#include "common/metrics.h"
#include "roles/query_node.h"

namespace elanus::proxy {

// The search parameter that asks for the plan in the answer, and the key of Status.extra_info that
// it comes under.
inline constexpr char kExplainKey[] = "elanus.explain";

// Sums over segments.
roles::SegmentWork TotalOf(std::span<const roles::SegmentWork> work);

// One line: "growing 17 (8000 of 10000 rows): codes of 9216 rows, 557 refined; 784 exact; ...".
// Segments beyond the first 16 are counted only.
std::string PlanText(std::span<const roles::SegmentWork> work);

// The same as JSON: {"segments": [{"id", "state", "rows", "candidates", "strategy", "searches",
// "distances", "hops", "reads", "bytes_read"}], "segments_pruned": ..., "filter": ...}, all of
// them. `filter` is JSON; segments that were pruned are not listed.
std::string PlanJson(std::span<const roles::SegmentWork> work, int64_t segments_pruned,
                     std::string_view filter);

void CountWork(std::span<const roles::SegmentWork> work, MetricRegistry& metrics);

}  // namespace elanus::proxy
