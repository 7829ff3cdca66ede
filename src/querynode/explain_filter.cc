// How a filter runs over what is loaded.
#include <chrono>

#include "expr/evaluation_trace.h"
#include "querynode/local_query_node.h"
#include "segment/filter.h"

namespace elanus::querynode {
namespace {

absl::StatusOr<roles::FilterWork> ExplainIn(const segment::Segment& segment,
                                            const roles::ReadScope& scope, Timestamp at,
                                            bool analyze, bool reads_shredded,
                                            const Cancellation& cancellation) {
  const kernels::Bitset visible = segment.Visible(at);
  expr::EvaluationTrace trace;
  segment::FilterOptions options{.reads_shredded = reads_shredded, .evaluate = {.trace = &trace}};
  if (!analyze) options.evaluate.enough = [](const auto&, int64_t) { return true; };
  kernels::RowSet matching;
  const auto begin = std::chrono::steady_clock::now();
  if (analyze) {
    ELANUS_ASSIGN_OR_RETURN(
        matching, segment::Filter(segment, scope.collection->schema, *scope.filter, visible,
                                  cancellation, options));
  } else {
    const std::vector<FieldId> fields = expr::FieldsOf(*scope.filter);
    ELANUS_ASSIGN_OR_RETURN(
        const auto source,
        segment.SourceFor(*scope.filter, {.fields = fields, .shredded = reads_shredded},
                          scope.collection->schema, visible.size(), cancellation));
    ELANUS_ASSIGN_OR_RETURN(matching, expr::Evaluate(*scope.filter, *source, visible.view(),
                                                     cancellation, options.evaluate));
  }
  const auto time = std::chrono::steady_clock::now() - begin;
  roles::FilterWork work;
  work.segment = segment.id();
  work.growing = segment.growing();
  work.rows = segment.num_rows();
  work.visible = visible.Count();
  work.matched = matching.Count();
  work.nanoseconds = std::chrono::duration_cast<std::chrono::nanoseconds>(time).count();
  work.runs = trace.runs;
  work.runs_by_zones = trace.runs_by_zones;
  work.steps = expr::StepsOf(*scope.filter, trace);
  return work;
}

}  // namespace

absl::StatusOr<std::vector<roles::FilterWork>> LocalQueryNode::ExplainFilter(
    const roles::ReadScope& scope, bool analyze, const Cancellation& cancellation) {
  ELANUS_ASSIGN_OR_RETURN(const ReadView view, OpenRead(scope, cancellation));
  std::vector<roles::FilterWork> out;
  for (const segment::SegmentPtr& segment : view.segments) {
    ELANUS_ASSIGN_OR_RETURN(out.emplace_back(), ExplainIn(*segment, scope, view.at, analyze,
                                                          reads_shredded_, cancellation));
  }
  return out;
}

}  // namespace elanus::querynode
