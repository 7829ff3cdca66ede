// The nearest rows of every row, nearly all of them: what the links of a graph are chosen from.
//
// Rows are cut into cells, each the rows nearest to one of many leaders drawn by chance; the rows
// of a cell are compared with all rows of the cells whose leaders are nearest to them, in tiles.
// After the partition of PiPNN (arXiv 2602.21247), but a row looks into several cells instead of
// being copied into several, so that its candidates come together at once and none wait in memory.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "index/hnsw_measure.h"
#include "index/hnsw_walk.h"
#include "index/vector_index.h"
#include "kernels/nearest_set.h"

namespace elanus::index {

// Nearest first.
struct NearList {
  std::vector<uint32_t> rows;
  std::vector<float> distances;
};

class NearRows {
 public:
  struct Options {
    size_t width = 0;     // Rows wanted for each row,
    size_t compared = 0;  // of about so many that it is compared with.
    uint64_t seed = 0;
    Executor* executor = nullptr;  // Null: the calling thread alone.
    const Cancellation* cancellation = nullptr;
  };

  // members: rows. The partition depends on them and the seed alone. `measure` is borrowed.
  NearRows(const NodeMeasure& measure, std::vector<uint32_t> members, const Options& options);
  ~NearRows();

  // Calls body(row, nearest) once for each member, in any order and from any thread of the
  // executor; `nearest`, which is body's to change, ends with some leaders that are farther than
  // the `width` nearest. Ends early when cancelled.
  void ForEach(const std::function<void(uint32_t row, NearList& nearest)>& body) const;

 private:
  struct Scratch;
  void MeasureLeaders(size_t begin, size_t end, Scratch& scratch) const;
  std::vector<float> LengthsLacking() const;
  void AssignCells();
  void ChooseProbes(size_t count, Scratch& scratch) const;
  void AddFarLeaders(uint32_t row, std::span<const kernels::NearestSet::Entry> nearest_leaders,
                     NearList& list) const;
  void CompareWithCells(size_t count, Scratch& scratch) const;
  void ForEachBatch(const std::function<void(size_t begin, size_t end, Scratch&)>& body) const;

  const NodeMeasure& measure_;
  const Options options_;
  std::vector<uint32_t> members_;                  // Cell by cell, once they are assigned.
  std::vector<uint32_t> leader_places_, leaders_;  // Among the members as given; rows.
  std::unique_ptr<NodeTile> leader_tile_;
  size_t num_probes_ = 0;  // Cells that a row looks into.
  std::vector<uint32_t> cell_first_;
  std::vector<NodeTile> cells_;
  mutable ScratchPool<Scratch> pool_;
};

}  // namespace elanus::index
