// A filter over the rows of one segment: what zones and indexes know of it first, then the columns
// that are left to be read are brought and read.
#pragma once

#include "common/cancellation.h"
#include "expr/expr.h"
#include "kernels/row_set.h"
#include "segment/segment.h"

namespace elanus::segment {

struct FilterOptions {
  bool reads_shredded = true;  // As PlanReads::shredded.
  expr::EvaluateOptions evaluate;
};

// Those of `rows` where the plan is TRUE; `rows` has as many bits as rows of the segment are looked
// at. Who calls this holds no pins. Errors: Segment::Pin, expr::Evaluate.
absl::StatusOr<kernels::RowSet> Filter(const Segment& segment,
                                       const schema::CollectionSchema& schema,
                                       const expr::Plan& plan, const kernels::Bitset& rows,
                                       const Cancellation& cancellation,
                                       FilterOptions options = {});

}  // namespace elanus::segment
