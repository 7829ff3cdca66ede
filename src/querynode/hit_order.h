// The hits of a search in the order of values of their fields (query.md 5.9).
#pragma once

#include <span>
#include <string>
#include <vector>

#include "query/merge.h"
#include "roles/query_node.h"
#include "segment/segment.h"

namespace elanus::querynode {

// The sort key of each row (query/sort_key.h). Values at JSON paths are ordered booleans first,
// then numbers, then texts; other values and missing ones are null.
absl::StatusOr<std::vector<std::string>> OrderKeys(std::span<const roles::Ordering> order,
                                                   const schema::CollectionSchema& schema,
                                                   std::span<const segment::SegmentPtr> segments,
                                                   const std::vector<query::RowRef>& rows,
                                                   const Cancellation& cancellation);

// Reorders hits [0, keys.size()) of one query by their keys; equal ones stay as they were. `groups`
// (may be empty) are the values of their groups, which stand together: each group is reordered, and
// the groups by their first hits. Returns the old places in the new order.
std::vector<size_t> OrderHits(std::span<const std::string> keys,
                              std::span<const std::string> groups);

}  // namespace elanus::querynode
