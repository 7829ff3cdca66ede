#include "segment/filter.h"

#include "expr/foresight.h"

namespace elanus::segment {
namespace {

// Of a store that gives 100 MB in a second; a request that waits for it takes longer than any
// index.
constexpr double kByteAwayNs = 10, kRequestNs = 10e6;

double NsToBring(const Segment& segment, std::span<const FieldId> fields) {
  int64_t bytes = 0;
  for (const FieldId field : fields) bytes += segment.BytesAway(field);
  return bytes == 0 ? 0 : kRequestNs + kByteAwayNs * static_cast<double>(bytes);
}

}  // namespace

absl::StatusOr<kernels::RowSet> Filter(const Segment& segment,
                                       const schema::CollectionSchema& schema,
                                       const expr::Plan& plan, const kernels::Bitset& rows,
                                       const Cancellation& cancellation, FilterOptions options) {
  PlanReads reads{.shredded = options.reads_shredded};
  const std::vector<FieldId> fields = expr::FieldsOf(plan);
  const double column_ns = NsToBring(segment, fields);
  if (column_ns == 0) {
    reads.fields = fields;
    ELANUS_ASSIGN_OR_RETURN(const auto source,
                            segment.SourceFor(plan, reads, schema, rows.size(), cancellation));
    return expr::Evaluate(plan, *source, rows.view(), cancellation, options.evaluate);
  }
  const expr::Foresight ahead = expr::Foresee(plan, *segment.Source(schema, rows.size()),
                                              rows.view(), column_ns, cancellation);
  options.evaluate.answers = &ahead.answers;
  reads.fields = ahead.fields;
  if (!ahead.everywhere) reads.rows = ahead.open.view();
  ELANUS_ASSIGN_OR_RETURN(const auto source,
                          segment.SourceFor(plan, reads, schema, rows.size(), cancellation));
  return expr::Evaluate(plan, *source, ahead.rows.view(), cancellation, options.evaluate);
}

}  // namespace elanus::segment
