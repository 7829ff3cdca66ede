#pragma once

#include <cstdint>
#include <vector>

#include "schema/column.h"

namespace elanus::segment {

// The smallest value of a column of int64 times, then the largest of each tenth of its rows in
// ascending order, 11 values: how many rows have a time before any other is known to a tenth. Null
// counts as INT64_MAX. Nothing for a column without rows.
std::vector<int64_t> TimeQuantiles(const schema::ColumnView& times);

}  // namespace elanus::segment
