// A filter over the rows of one segment: what zones and indexes know of it first, then the columns
// that are left to be read are brought and read.
#pragma once

#include "common/cancellation.h"
#include "expr/expr.h"
#include "kernels/bitset.h"
#include "segment/segment.h"

namespace elanus::segment {

struct FilterOptions {
  bool reads_shredded = true;  // As PlanReads::shredded.
  expr::EvaluateOptions evaluate;
};

// Sets matching[row] for each of `rows` where the plan is TRUE; both have as many bits as rows of
// the segment are looked at. Who calls this holds no pins. Errors: Segment::Pin, expr::Evaluate.
absl::Status Filter(const Segment& segment, const schema::CollectionSchema& schema,
                    const expr::Plan& plan, const kernels::Bitset& rows, kernels::Bitset& matching,
                    const Cancellation& cancellation, FilterOptions options = {});

}  // namespace elanus::segment
