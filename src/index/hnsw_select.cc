#include "index/hnsw_select.h"

#include <algorithm>

namespace elanus::index {
namespace {

using kernels::Neighbor;

constexpr size_t kBlock = 16;  // Candidates measured at once.

uint32_t RowOf(const Neighbor& candidate, const uint32_t* rows) {
  const auto node = static_cast<uint32_t>(candidate.row);
  return rows == nullptr ? node : rows[node];
}

}  // namespace

void NeighborSelector::Keep(uint32_t row, size_t index, SelectScratch& scratch) const {
  if (scratch.kept.size() <= index) {
    scratch.kept.resize(index + 1);
    scratch.kept_self.resize(index + 1);
  }
  Prepare(row, scratch.kept[index]);
  measure_.Measure(scratch.kept[index], &row, 1, &scratch.kept_self[index]);
}

void NeighborSelector::RuleOut(uint32_t row, uint32_t kept_row, size_t index,
                               const std::vector<Neighbor>& candidates, const uint32_t* rows,
                               SelectScratch& scratch) const {
  auto& alive = scratch.alive;
  scratch.rows.clear();
  for (const uint32_t i : alive) scratch.rows.push_back(RowOf(candidates[i], rows));
  scratch.distances.resize(std::max(scratch.distances.size(), alive.size()));
  measure_.Measure(scratch.kept[index], scratch.rows.data(), alive.size(),
                   scratch.distances.data());
  size_t left = 0;
  for (size_t a = 0; a < alive.size(); ++a) {
    const Neighbor& candidate = candidates[alive[a]];
    const float between = scratch.distances[a];
    if (between == scratch.kept_self[index] && measure_.Same(kept_row, scratch.rows[a]) &&
        measure_.Same(row, kept_row)) {
      scratch.equal.push_back(candidate);
    } else if (between >= candidate.distance) {
      alive[left++] = alive[a];
    } else {
      scratch.near.push_back(candidate);
    }
  }
  alive.resize(left);
}

void NeighborSelector::Select(uint32_t row, std::vector<Neighbor>& candidates, size_t limit,
                              const uint32_t* rows, SelectScratch& scratch) const {
  if (candidates.size() < 2) return;
  auto& result = scratch.result;
  result.clear();
  scratch.equal.clear();
  scratch.near.clear();
  for (size_t begin = 0; begin < candidates.size() && result.size() < limit; begin += kBlock) {
    auto& alive = scratch.alive;
    alive.clear();
    for (size_t i = begin; i < std::min(begin + kBlock, candidates.size()); ++i) {
      alive.push_back(static_cast<uint32_t>(i));
    }
    for (size_t k = 0; k < result.size() && !alive.empty(); ++k) {
      RuleOut(row, RowOf(result[k], rows), k, candidates, rows, scratch);
    }
    while (!alive.empty() && result.size() < limit) {
      const Neighbor nearest = candidates[alive.front()];
      const uint32_t nearest_row = RowOf(nearest, rows);
      alive.erase(alive.begin());
      result.push_back(nearest);
      if (result.size() == limit) break;
      Keep(nearest_row, result.size() - 1, scratch);
      RuleOut(row, nearest_row, result.size() - 1, candidates, rows, scratch);
    }
  }
  for (const Neighbor& other : scratch.equal) {
    if (result.size() == limit) break;
    result.push_back(other);
  }
  std::sort(scratch.near.begin(), scratch.near.end(), kernels::Nearer);
  for (const Neighbor& near : scratch.near) {
    if (result.size() == limit) break;
    result.push_back(near);
  }
  candidates.assign(result.begin(), result.end());
}

}  // namespace elanus::index
