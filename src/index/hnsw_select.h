// Which of the rows near a row become its neighbours.
#pragma once

#include <span>
#include <vector>

#include "index/hnsw_measure.h"
#include "index/near_rows.h"

namespace elanus::index {

// One thread's.
struct SelectScratch {
  NodeMeasure::Query query;
  std::vector<uint32_t> alive;       // Candidates that nothing kept rules out,
  std::vector<uint32_t> alive_rows;  // their rows,
  std::vector<float> distances;      // and their distances to one that is kept.
  std::vector<uint8_t> kept;         // Of each candidate.
  std::vector<uint32_t> order;
  NearList measured, sorted;
  std::vector<uint32_t> result;
};

// Keeps a candidate only if it is nearer to the row than to every neighbour already kept, so that
// links point in different directions instead of all into one cluster (Malkov & Yashunin,
// TPAMI 2020, Algorithm 4, without extending the candidates). What room is left is filled with the
// nearest of those ruled out: full lists find more at the same ef.
//
//   candidates  nearest first, with their distances to the row
//   returns     at most `limit` rows, in scratch
std::span<const uint32_t> SelectNeighbors(const NodeMeasure& measure, const NearList& candidates,
                                          size_t limit, SelectScratch& scratch);

// The same for candidates in any order, whose distances to `row` are found out.
std::span<const uint32_t> SelectOf(const NodeMeasure& measure, uint32_t row,
                                   std::span<const uint32_t> candidates, size_t limit,
                                   SelectScratch& scratch);

}  // namespace elanus::index
