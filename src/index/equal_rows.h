// Rows that nothing tells apart: of a thousand copies one is enough to build a graph from.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "index/hnsw_measure.h"

namespace elanus::index {

class EqualRows {
 public:
  // Groups the members (rows, ascending) by the bytes they are compared by.
  EqualRows(const NodeMeasure& measure, std::span<const uint32_t> members);

  // The first of each group, ascending: one of every kind.
  const std::vector<uint32_t>& distinct() const { return distinct_; }
  // Groups of two and more, each ascending.
  size_t num_groups() const { return group_first_.size() - 1; }
  std::span<const uint32_t> group(size_t i) const {
    return {grouped_.data() + group_first_[i], grouped_.data() + group_first_[i + 1]};
  }
  size_t num_copies() const { return grouped_.size() - num_groups(); }

 private:
  std::vector<uint32_t> distinct_, grouped_;
  std::vector<size_t> group_first_{0};
};

}  // namespace elanus::index
