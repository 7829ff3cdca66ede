#include "query/top_rows.h"

#include <algorithm>
#include <utility>

namespace elanus::query {

void TopRows::Offer(std::string_view key, const RowRef& at) {
  const bool bounded = limit_ >= 0;
  if (!bounded || static_cast<int64_t>(heap_.size()) < limit_) {
    heap_.push_back({std::string(key), at});
    if (bounded) std::push_heap(heap_.begin(), heap_.end());
    return;
  }
  if (limit_ == 0 || !(key < heap_.front().key)) return;
  std::pop_heap(heap_.begin(), heap_.end());
  heap_.back().key.assign(key);
  heap_.back().at = at;
  std::push_heap(heap_.begin(), heap_.end());
}

void TopRows::Merge(TopRows&& other) {
  for (KeyedRow& row : other.heap_) Offer(row.key, row.at);
  other.heap_.clear();
}

std::vector<KeyedRow> TopRows::Take() {
  std::vector<KeyedRow> rows = std::exchange(heap_, {});
  std::sort(rows.begin(), rows.end());
  return rows;
}

}  // namespace elanus::query
