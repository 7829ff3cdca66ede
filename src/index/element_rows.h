// The vectors inside the rows of an ArrayOfVector column, seen as rows of their own: what an index
// on such a field is built over.
#pragma once

#include <cstdint>

#include "index/vector_index.h"
#include "kernels/bitset.h"
#include "schema/column.h"

namespace elanus::index {

// Elements are numbered through all rows: row 0's first, then row 1's. Null rows have none.
// A view; refers to what the column view refers to. Threads: const calls from any.
class ElementRows {
 public:
  ElementRows() = default;
  // `lists`: of type ArrayOfVector over dense vectors.
  explicit ElementRows(const schema::ColumnView& lists);

  int64_t num_rows() const { return num_rows_; }
  int64_t num_elements() const { return vectors_.num_rows; }
  // (num_elements, dim), contiguous.
  const VectorRows& vectors() const { return vectors_; }

  // The elements of row `row` are [Begin(row), End(row)).
  int64_t Begin(int64_t row) const {
    return static_cast<int64_t>(offsets_[row] - offsets_[0]) / width_;
  }
  int64_t End(int64_t row) const { return Begin(row + 1); }
  bool IsEmpty(int64_t row) const { return offsets_[row] == offsets_[row + 1]; }
  // O(log rows).
  int64_t RowOf(int64_t element) const;

  // Sets the bits first_element + e of all elements e of the rows whose bits first_row + r are set.
  void AllowElements(kernels::BitView rows, int64_t first_row, int64_t first_element,
                     kernels::Bitset& elements) const;

 private:
  int64_t num_rows_ = 0;
  int64_t width_ = 1;  // Bytes of a vector.
  const uint64_t* offsets_ = nullptr;
  VectorRows vectors_;
};

}  // namespace elanus::index
