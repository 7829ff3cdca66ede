#include "segment/time_quantiles.h"

#include <algorithm>

namespace elanus::segment {
namespace {

constexpr int64_t kSteps = 10;

}  // namespace

std::vector<int64_t> TimeQuantiles(const schema::ColumnView& times) {
  std::vector<int64_t> values;
  values.reserve(times.num_rows);
  for (int64_t row = 0; row < times.num_rows; ++row) {
    values.push_back(times.IsValid(row) ? times.Value<int64_t>(row) : INT64_MAX);
  }
  std::vector<int64_t> out;
  if (values.empty()) return out;
  auto begin = values.begin();
  for (int64_t step = 0; step <= kSteps; ++step) {
    // The last row of so many tenths; of a few rows some tenths are the same.
    const int64_t rank = std::max<int64_t>((times.num_rows * step + kSteps - 1) / kSteps - 1, 0);
    const auto at = values.begin() + rank;
    if (at >= begin) std::nth_element(begin, at, values.end());
    out.push_back(*at);
    begin = std::max(begin, at);
  }
  return out;
}

}  // namespace elanus::segment
