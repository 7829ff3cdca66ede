// Aggregates over the rows of several segments (query.md 3.2).
#pragma once

#include <span>
#include <vector>

#include "common/cancellation.h"
#include "common/executor.h"
#include "kernels/bitset.h"
#include "roles/query_node.h"
#include "segment/segment.h"

namespace elanus::querynode {

// Every segment is read on a thread of `compute`; their results are merged in the order of the
// segments, so that sums of floats do not depend on which was read first.
//
//   request      has an aggregation; its order names fields of group_by
//   candidates   the rows of each segment that count
absl::StatusOr<query::AggregateTable> AggregateRows(const roles::QueryRequest& request,
                                                    std::span<const segment::SegmentPtr> segments,
                                                    std::span<const kernels::Bitset> candidates,
                                                    Executor& compute,
                                                    const Cancellation& cancellation);

}  // namespace elanus::querynode
