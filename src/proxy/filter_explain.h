// How a filter is evaluated, for people: the answer of `explain`.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "common/cancellation.h"
#include "common/status.h"
#include "roles/query_node.h"

namespace elanus::proxy {

struct ProxyContext;

struct FilterQuestion {
  std::string database;  // Empty: the default one.
  std::string collection;
  std::string filter;
  bool analyze = false;  // Evaluate it, too.
};

// UTF-8 text as a JSON string.
std::string JsonString(std::string_view text);

// {"filter": its normal form, "analyzed": bool, "segments": [{"id", "state", "rows", "visible",
// "matched", "us", "runs", "runs_by_zones", "steps": [{"depth", "step", "estimated_part",
// "rows_asked", "rows_true", "us", "runs", "runs_by_zones", "index"}]}]}. What only a run can tell
// is left out without one. Segments beyond the first 64 are counted in "more_segments".
std::string FilterJson(const expr::Plan& filter, bool analyzed,
                       std::span<const roles::FilterWork> work);

// The same for a loaded collection by its name, of the newest rows.
absl::StatusOr<std::string> ExplainFilter(ProxyContext& proxy, const FilterQuestion& question,
                                          const Cancellation& cancellation);

}  // namespace elanus::proxy
