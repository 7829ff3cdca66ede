// Values as bytes that compare (memcmp) as the rows should be ordered.
//
// One string for all columns of a row makes sorting, top-k and merging know nothing of types:
// normalised keys, Graefe, "Implementing Sorting in Database Systems", ACM Computing Surveys
// 2006, 2.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "schema/column.h"

namespace elanus::query {

struct SortDirection {
  bool descending = false;
  bool nulls_first = false;
};

// Whether rows can be ordered by values of this type: Bool, integers, Float, Double, VarChar and
// Timestamptz.
bool IsSortable(schema::DataType type);

// Appends the key of one value of a sortable type. -0.0 is 0.0; there is no NaN.
void AppendSortKey(const schema::ColumnView& column, int64_t row, SortDirection direction,
                   std::string& key);

// The parts of it, for values that are in no column.
void AppendNullKey(SortDirection direction, std::string& key);
void AppendNumberKey(double value, SortDirection direction, std::string& key);
void AppendTextKey(std::string_view value, SortDirection direction, std::string& key);

}  // namespace elanus::query
