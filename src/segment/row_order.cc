#include "segment/row_order.h"

#include <cstring>

namespace elanus::segment {

std::strong_ordering CompareValues(schema::DataType type, std::string_view a, std::string_view b) {
  if (type != schema::DataType::kInt64) return a <=> b;
  int64_t left = 0, right = 0;
  std::memcpy(&left, a.data(), sizeof(left));
  std::memcpy(&right, b.data(), sizeof(right));
  return left <=> right;
}

}  // namespace elanus::segment
