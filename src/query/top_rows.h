// The first rows of an order, kept while all rows pass by.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "query/merge.h"

namespace elanus::query {

// A row with its sort key (sort_key.h). Ordered by the key alone.
struct KeyedRow {
  std::string key;
  RowRef at;
  friend bool operator<(const KeyedRow& a, const KeyedRow& b) { return a.key < b.key; }
};

// Keeps the `limit` rows of the smallest keys (negative: all), in memory for that many.
// Threads: none.
class TopRows {
 public:
  explicit TopRows(int64_t limit) : limit_(limit) {}
  void Offer(std::string_view key, const RowRef& at);
  void Merge(TopRows&& other);
  // Smallest key first. Leaves nothing behind.
  std::vector<KeyedRow> Take();

 private:
  const int64_t limit_;
  std::vector<KeyedRow> heap_;  // Greatest key at the front, once it is full.
};

}  // namespace elanus::query
