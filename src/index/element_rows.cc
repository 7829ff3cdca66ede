#include "index/element_rows.h"

#include <algorithm>

#include "common/check.h"

namespace elanus::index {

ElementRows::ElementRows(const schema::ColumnView& lists)
    : num_rows_(lists.num_rows), width_(lists.type.element_width()), offsets_(lists.offsets) {
  ELANUS_CHECK(lists.type.type == schema::DataType::kArrayOfVector && width_ > 0);
  vectors_.type = lists.type.element_type;
  vectors_.dim = lists.type.dim;
  if (num_rows_ == 0) return;
  vectors_.num_rows = End(num_rows_ - 1);
  vectors_.data = reinterpret_cast<const uint8_t*>(lists.bytes) + offsets_[0];
}

int64_t ElementRows::RowOf(int64_t element) const {
  const uint64_t offset = offsets_[0] + static_cast<uint64_t>(element * width_);
  // The last row that begins at or before it: empty rows begin where the next one does.
  return std::upper_bound(offsets_, offsets_ + num_rows_ + 1, offset) - offsets_ - 1;
}

void ElementRows::AllowElements(kernels::BitView rows, int64_t first_row, int64_t first_element,
                                kernels::Bitset& elements) const {
  for (int64_t row = 0; row < num_rows_; ++row) {
    if (!rows.Test(first_row + row)) continue;
    for (int64_t element = Begin(row); element < End(row); ++element) {
      elements.Set(first_element + element);
    }
  }
}

}  // namespace elanus::index
