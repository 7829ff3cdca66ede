// The rows that a search may find: those that its filter allows and that the index has (null rows
// it has not).
#pragma once

#include <cstdint>

#include "kernels/bitset.h"

namespace elanus::index {

class AllowedRows {
 public:
  // filter: empty = every row; num_filtered: its set bits. present: empty = every row. Borrowed.
  AllowedRows(kernels::BitView filter, int64_t num_filtered, kernels::BitView present,
              int64_t num_present)
      : view_(filter), count_(num_filtered) {
    if (filter.empty()) {
      view_ = present;
      count_ = num_present;
    } else if (!present.empty()) {
      both_ = kernels::Bitset(filter.size(), true);
      both_.And(filter);
      both_.And(present);
      view_ = both_.view();
      count_ = both_.Count();
    }
  }
  AllowedRows(const AllowedRows&) = delete;
  AllowedRows& operator=(const AllowedRows&) = delete;

  // Empty: every row.
  kernels::BitView view() const { return view_; }
  int64_t count() const { return count_; }
  bool Has(int64_t row) const { return view_.empty() || view_.Test(row); }

 private:
  kernels::Bitset both_;
  kernels::BitView view_;
  int64_t count_;
};

}  // namespace elanus::index
