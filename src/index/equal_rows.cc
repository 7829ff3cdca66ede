#include "index/equal_rows.h"

#include <algorithm>
#include <functional>

namespace elanus::index {

EqualRows::EqualRows(const NodeMeasure& measure, std::span<const uint32_t> members) {
  struct Hashed {
    uint64_t hash;
    uint32_t row;
  };
  std::vector<Hashed> hashed;
  hashed.reserve(members.size());
  for (const uint32_t row : members) {
    hashed.push_back({std::hash<std::string_view>()(measure.BytesOf(row)), row});
  }
  std::sort(hashed.begin(), hashed.end(), [](const Hashed& a, const Hashed& b) {
    return a.hash != b.hash ? a.hash < b.hash : a.row < b.row;
  });
  for (size_t first = 0, end = 0; first < hashed.size(); first = end) {
    const std::string_view bytes = measure.BytesOf(hashed[first].row);
    distinct_.push_back(hashed[first].row);
    for (end = first + 1; end < hashed.size() && hashed[end].hash == hashed[first].hash; ++end) {
      // Of two kinds with one hash the second is left ungrouped.
      if (measure.BytesOf(hashed[end].row) != bytes) {
        distinct_.push_back(hashed[end].row);
        continue;
      }
      if (grouped_.size() == group_first_.back()) grouped_.push_back(hashed[first].row);
      grouped_.push_back(hashed[end].row);
    }
    if (grouped_.size() > group_first_.back()) group_first_.push_back(grouped_.size());
  }
  std::sort(distinct_.begin(), distinct_.end());
}

}  // namespace elanus::index
