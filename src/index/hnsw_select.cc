#include "index/hnsw_select.h"

#include <algorithm>
#include <numeric>

namespace elanus::index {

std::span<const uint32_t> SelectNeighbors(const NodeMeasure& measure, const NearList& candidates,
                                          size_t limit, SelectScratch& scratch) {
  auto& alive = scratch.alive;
  auto& rows = scratch.alive_rows;
  auto& distances = scratch.distances;
  auto& kept = scratch.kept;
  auto& result = scratch.result;
  const size_t count = candidates.rows.size();
  result.clear();
  kept.assign(count, 0);
  alive.resize(count);
  std::iota(alive.begin(), alive.end(), 0);
  rows = candidates.rows;
  distances.resize(std::max(distances.size(), count));
  while (!alive.empty() && result.size() < limit) {
    kept[alive.front()] = 1;
    result.push_back(rows.front());
    if (result.size() == limit) break;
    measure.PrepareRow(rows.front(), scratch.query);
    measure.Measure(scratch.query, rows.data() + 1, rows.size() - 1, distances.data());
    size_t left = 0;
    for (size_t i = 1; i < alive.size(); ++i) {
      alive[left] = alive[i];
      rows[left] = rows[i];
      left += distances[i - 1] >= candidates.distances[alive[i]] ? 1 : 0;
    }
    alive.resize(left);
    rows.resize(left);
  }
  for (size_t i = 0; i < count && result.size() < limit; ++i) {
    if (kept[i] == 0) result.push_back(candidates.rows[i]);
  }
  return result;
}

std::span<const uint32_t> SelectOf(const NodeMeasure& measure, uint32_t row,
                                   std::span<const uint32_t> candidates, size_t limit,
                                   SelectScratch& scratch) {
  const size_t count = candidates.size();
  auto& distances = scratch.measured.distances;
  distances.resize(std::max(distances.size(), count));
  measure.PrepareRow(row, scratch.query);
  measure.Measure(scratch.query, candidates.data(), count, distances.data());
  auto& order = scratch.order;
  order.resize(count);
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
    return distances[a] != distances[b] ? distances[a] < distances[b]
                                        : candidates[a] < candidates[b];
  });
  NearList& sorted = scratch.sorted;
  sorted.rows.clear();
  sorted.distances.clear();
  for (const uint32_t i : order) {
    sorted.rows.push_back(candidates[i]);
    sorted.distances.push_back(distances[i]);
  }
  return SelectNeighbors(measure, sorted, limit, scratch);
}

}  // namespace elanus::index
