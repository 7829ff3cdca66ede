#include "proxy/filter_explain.h"

#include <fmt/format.h>

#include "proxy/proxy_context.h"

namespace elanus::proxy {
namespace {

constexpr size_t kSegmentsMax = 64;
constexpr size_t kFilterBytesMax = 4096;

std::string StepJson(const expr::ExplainStep& step, bool analyzed) {
  std::string out = fmt::format(R"({{"depth": {}, "step": {}, "estimated_part": {:.6g})",
                                step.depth, JsonString(step.text), step.estimated_part);
  if (analyzed) {
    out += fmt::format(
        R"(, "rows_asked": {}, "rows_true": {}, "us": {:.1f}, "runs": {}, "runs_by_zones": {})",
        step.did.rows_asked, step.did.rows_true, static_cast<double>(step.did.nanoseconds) / 1e3,
        step.did.runs, step.did.runs_by_zones);
    if (!step.did.index.empty()) out += fmt::format(R"(, "index": {})", JsonString(step.did.index));
  }
  return out + "}";
}

std::string SegmentJson(const roles::FilterWork& work, bool analyzed) {
  std::string out =
      fmt::format(R"({{"id": {}, "state": "{}", "rows": {}, "visible": {})", work.segment,
                  work.growing ? "growing" : "sealed", work.rows, work.visible);
  if (analyzed) {
    out += fmt::format(R"(, "matched": {}, "us": {:.1f}, "runs": {}, "runs_by_zones": {})",
                       work.matched, static_cast<double>(work.nanoseconds) / 1e3, work.runs,
                       work.runs_by_zones);
  }
  std::string steps;
  for (const expr::ExplainStep& step : work.steps) {
    steps += (steps.empty() ? "" : ", ") + StepJson(step, analyzed);
  }
  return out + R"(, "steps": [)" + steps + "]}";
}

}  // namespace

std::string JsonString(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += {'\\', c};
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string FilterJson(const expr::Plan& filter, bool analyzed,
                       std::span<const roles::FilterWork> work) {
  std::string segments;
  for (const roles::FilterWork& of : work.first(std::min(work.size(), kSegmentsMax))) {
    segments += (segments.empty() ? "" : ", ") + SegmentJson(of, analyzed);
  }
  const size_t more = work.size() - std::min(work.size(), kSegmentsMax);
  return fmt::format(R"({{"filter": {}, "analyzed": {}, "segments": [{}]{}}})",
                     JsonString(expr::CutText(expr::DebugString(filter), kFilterBytesMax)),
                     analyzed, segments,
                     more == 0 ? "" : fmt::format(R"(, "more_segments": {})", more));
}

absl::StatusOr<std::string> ExplainFilter(ProxyContext& proxy, const FilterQuestion& question,
                                          const Cancellation& cancellation) {
  const CallContext call;
  roles::ReadScope scope;
  ELANUS_ASSIGN_OR_RETURN(scope.collection,
                          FindCollection(proxy, call, question.database, question.collection));
  ELANUS_ASSIGN_OR_RETURN(scope.filter,
                          proxy.filters.Compile(*scope.collection, question.filter, {}));
  ELANUS_ASSIGN_OR_RETURN(const std::vector<roles::FilterWork> work,
                          proxy.query_node->ExplainFilter(scope, question.analyze, cancellation));
  return FilterJson(*scope.filter, question.analyze, work);
}

}  // namespace elanus::proxy
