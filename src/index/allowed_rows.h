// The rows that a search may find: those that its filter allows and that the index has (null rows
// it has not).
#pragma once

#include <cstdint>
#include <vector>

#include "index/vector_index.h"
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

// Whether so many of the rows lie in nearly every block of the column.
inline bool TakesWholeColumn(int64_t num_allowed, int64_t num_rows) {
  constexpr int64_t kFew = 8;  // One of so many.
  return num_allowed > num_rows / kFew;
}

// Before rows are compared themselves. `allowed` empty: every row; `pins` null: all are there.
inline absl::Status PinAllowed(RowPins* pins, kernels::BitView allowed, int64_t num_allowed,
                               int64_t num_rows) {
  if (pins == nullptr) return absl::OkStatus();
  if (allowed.empty() || TakesWholeColumn(num_allowed, num_rows)) return pins->PinAll();
  std::vector<uint32_t> rows;
  rows.reserve(static_cast<size_t>(num_allowed));
  allowed.ForEach([&](int64_t row) { rows.push_back(static_cast<uint32_t>(row)); });
  return pins->Pin(rows);
}

}  // namespace elanus::index
