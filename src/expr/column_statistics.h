// How the values of a column are spread, from a sample: what a filter is ordered by.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "schema/column.h"

namespace elanus::expr {

// Estimates only: nothing that decides an answer may be read off them.
//
// Immutable. Sorted values of a sample are a histogram whose buckets hold equally many rows.
class ColumnStatistics {
 public:
  // Looks at no more than kSampleRows rows, spread evenly. Types without an order have nulls only.
  explicit ColumnStatistics(const schema::ColumnView& column);

  double null_fraction() const { return null_fraction_; }
  double distinct() const { return distinct_; }  // Values but null; at least 1.
  // Whether the values themselves are known: the parts below are of any use.
  bool has_values() const { return !numbers_.empty() || !texts_.empty(); }

  // Parts of the rows, nulls counted among the rows, in [0, 1].
  double FractionEqual(double value) const;
  double FractionEqual(std::string_view value) const;
  double FractionBelow(double value) const;            // Strictly.
  double FractionBelow(std::string_view value) const;  // Strictly.

  int64_t memory_bytes() const;

  static constexpr int64_t kSampleRows = 2048;

 private:
  double null_fraction_ = 0;
  double distinct_ = 1;
  std::vector<double> numbers_;     // Sorted.
  std::vector<std::string> texts_;  // Sorted; cut to kTextBytes.
};

}  // namespace elanus::expr
