// What is known of a column's values before a predicate is tested: how many are null, how many
// differ, how they are spread. Written with the column; docs/formats/column.md has the bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/status.h"
#include "schema/column.h"
#include "storage/byte_reader.h"

namespace elanus::storage {

// Estimates: they choose what is tested first, and never what the answer is.
class ColumnStatistics {
 public:
  // Looks at no more than `sample_rows` rows, spread evenly, and keeps no more than `values_max` of
  // their values: with that many in order, each stands for as many rows. Types without an order
  // have nulls only.
  explicit ColumnStatistics(const schema::ColumnView& column, int64_t sample_rows = 2048,
                            size_t values_max = 2048);
  // Of a column that is written, as they lie beside it.
  static ColumnStatistics ToWrite(const schema::ColumnView& column) {
    return ColumnStatistics(column, 1 << 14, 65);
  }

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

  void Encode(std::string& out) const;
  // kDataIntegrity for what is no encoding.
  static absl::StatusOr<ColumnStatistics> Decode(ByteReader& in);

 private:
  ColumnStatistics() = default;

  double null_fraction_ = 0;
  double distinct_ = 1;
  std::vector<double> numbers_;     // Sorted; no NaN.
  std::vector<std::string> texts_;  // Sorted; cut to kTextBytes.
};

}  // namespace elanus::storage
