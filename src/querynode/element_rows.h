// Rows of a query whose filter keeps single elements of a struct array.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "expr/element_filter.h"
#include "query/merge.h"

namespace elanus::querynode {

// Lists the matching elements of each row, by segment and row; leaves out the first `offset`
// elements, stops after `limit` (negative: no limit), and drops the rows that have none left.
std::vector<std::vector<int64_t>> ListElements(std::span<const expr::ElementMatches> matches,
                                               int64_t offset, int64_t limit,
                                               std::vector<query::RowRef>& rows);

}  // namespace elanus::querynode
