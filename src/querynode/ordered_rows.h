// Rows ordered by values of their fields, not by key (query.md 3.3).
#pragma once

#include <span>
#include <vector>

#include "common/cancellation.h"
#include "common/executor.h"
#include "kernels/bitset.h"
#include "query/merge.h"
#include "roles/query_node.h"
#include "segment/segment.h"

namespace elanus::querynode {

// The rows behind the first `offset` ones of request.order, `limit` at most; equal ones by key. Of
// the rows of one key the newest alone is there.
//
// Each segment keeps its first offset + limit rows, so memory does not follow the number of rows.
// Whether one of the winners is an old version of its key is then looked up among all rows. Only if
// one is, all old versions are found (in memory for every row) and the winners chosen again.
//
//   request      order is not empty
//   candidates   the rows of each segment to choose from
absl::StatusOr<std::vector<query::RowRef>> OrderRows(const roles::QueryRequest& request,
                                                     std::span<const segment::SegmentPtr> segments,
                                                     std::vector<kernels::Bitset> candidates,
                                                     Executor& compute,
                                                     const Cancellation& cancellation);

}  // namespace elanus::querynode
