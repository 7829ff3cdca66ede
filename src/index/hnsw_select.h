// Which of the nodes near a node become its neighbours.
#pragma once

#include <span>
#include <vector>

#include "index/hnsw_measure.h"

namespace elanus::index {

// One thread's.
struct SelectScratch {
  std::vector<NodeMeasure::Query> kept;  // The kept nodes as queries,
  std::vector<float> kept_self;          // and how far each is from itself.
  std::vector<uint32_t> alive;           // Candidates of a block that nothing kept rules out,
  std::vector<uint32_t> rows;            // their rows,
  std::vector<float> distances;          // and their distances to one that is kept.
  std::vector<kernels::Neighbor> result;
  std::vector<kernels::Neighbor> equal, near;  // Ruled out: equal to the node; others.
};

class NeighborSelector {
 public:
  // own_terms: of EncodeHnswRows; empty where there are no codes.
  NeighborSelector(const NodeMeasure& measure, std::span<const float> own_terms)
      : measure_(measure), own_terms_(own_terms) {}

  // Keeps a candidate only if it is nearer to the node than to every neighbour already kept, so
  // that links point in different directions instead of all into one cluster (Malkov & Yashunin,
  // TPAMI 2020, Algorithm 4, without extending the candidates). What room is left is filled, first
  // with vectors equal to the node's (with Algorithm 4 alone equal vectors form islands), then with
  // the nearest of those ruled out: full lists find more at the same ef.
  //
  //   row         of the node itself
  //   candidates  nearest first, with their distances to the node; left with at most `limit`
  //   rows        the row of each node; null: nodes are rows
  //   cost        candidates are taken in blocks, each measured from every kept node at once
  void Select(uint32_t row, std::vector<kernels::Neighbor>& candidates, size_t limit,
              const uint32_t* rows, SelectScratch& scratch) const;

  // A node as a query, from its code.
  void Prepare(uint32_t row, NodeMeasure::Query& query) const {
    measure_.PrepareCode(row, own_terms_.empty() ? 0 : own_terms_[row], query);
  }

 private:
  void Keep(uint32_t row, size_t index, SelectScratch& scratch) const;
  // Takes out of `alive` what kept node `index` rules out.
  void RuleOut(uint32_t row, uint32_t kept_row, size_t index,
               const std::vector<kernels::Neighbor>& candidates, const uint32_t* rows,
               SelectScratch& scratch) const;

  const NodeMeasure& measure_;
  const std::span<const float> own_terms_;
};

}  // namespace elanus::index
