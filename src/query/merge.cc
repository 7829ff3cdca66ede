#include "query/merge.h"

#include <algorithm>
#include <queue>

#include "absl/container/flat_hash_set.h"

namespace elanus::query {
namespace {

// Where each list stands; ordered so that the best head is popped first.
struct Cursor {
  size_t list = 0;
  size_t next = 0;
};

}  // namespace

std::vector<Hit> MergeNearest(std::span<const std::vector<Hit>> lists, int64_t k,
                              const KeyAt& key_at, int64_t* dropped) {
  const auto worse = [&](const Cursor& a, const Cursor& b) {
    const Hit& left = lists[a.list][a.next];
    const Hit& right = lists[b.list][b.next];
    if (left.distance != right.distance) return left.distance > right.distance;
    return std::pair(key_at(left.at), left.at.element) >
           std::pair(key_at(right.at), right.at.element);
  };
  std::priority_queue<Cursor, std::vector<Cursor>, decltype(worse)> heads(worse);
  // Within one list equal distances stand by row, which is not always key order.
  std::vector<std::vector<Hit>> ordered(lists.begin(), lists.end());
  for (std::vector<Hit>& list : ordered) {
    for (size_t begin = 0; begin < list.size();) {
      size_t end = begin + 1;
      while (end < list.size() && list[end].distance == list[begin].distance) ++end;
      if (end - begin > 1) {
        std::sort(list.begin() + begin, list.begin() + end, [&](const Hit& a, const Hit& b) {
          return std::pair(key_at(a.at), a.at.element) < std::pair(key_at(b.at), b.at.element);
        });
      }
      begin = end;
    }
  }
  lists = ordered;
  for (size_t i = 0; i < lists.size(); ++i) {
    if (!lists[i].empty()) heads.push({i, 0});
  }
  std::vector<Hit> out;
  absl::flat_hash_set<std::pair<schema::PrimaryKeyView, int32_t>> seen;
  if (dropped != nullptr) *dropped = 0;
  while (!heads.empty() && static_cast<int64_t>(out.size()) < k) {
    Cursor cursor = heads.top();
    heads.pop();
    const Hit& hit = lists[cursor.list][cursor.next];
    if (seen.emplace(key_at(hit.at), hit.at.element).second) {
      out.push_back(hit);
    } else if (dropped != nullptr) {
      ++*dropped;
    }
    if (++cursor.next < lists[cursor.list].size()) heads.push(cursor);
  }
  return out;
}

std::vector<RowRef> MergeByKey(std::span<const std::vector<RowRef>> lists, int64_t offset,
                               int64_t limit, const KeyAt& key_at,
                               const TimestampAt& timestamp_at) {
  const auto later = [&](const Cursor& a, const Cursor& b) {
    const RowRef& left = lists[a.list][a.next];
    const RowRef& right = lists[b.list][b.next];
    const auto order = key_at(left) <=> key_at(right);
    if (order != 0) return order > 0;
    return timestamp_at(left) < timestamp_at(right);  // Newest first within a key.
  };
  std::priority_queue<Cursor, std::vector<Cursor>, decltype(later)> heads(later);
  for (size_t i = 0; i < lists.size(); ++i) {
    if (!lists[i].empty()) heads.push({i, 0});
  }
  std::vector<RowRef> out;
  RowRef newest;  // Of the key being gathered.
  bool gathering = false;
  int64_t keys = 0;  // Finished before the one being gathered.
  const auto finish = [&] {
    if (gathering && keys >= offset) out.push_back(newest);
    keys += gathering ? 1 : 0;
  };
  while (!heads.empty()) {
    Cursor cursor = heads.top();
    heads.pop();
    const RowRef& row = lists[cursor.list][cursor.next];
    if (gathering && key_at(newest) == key_at(row)) {
      if (timestamp_at(newest) < timestamp_at(row)) newest = row;
    } else {
      finish();
      if (limit >= 0 && static_cast<int64_t>(out.size()) >= limit) return out;
      newest = row;
      gathering = true;
    }
    if (++cursor.next < lists[cursor.list].size()) heads.push(cursor);
  }
  finish();
  if (limit >= 0 && static_cast<int64_t>(out.size()) > limit) out.resize(limit);
  return out;
}

}  // namespace elanus::query
