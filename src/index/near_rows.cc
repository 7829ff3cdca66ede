#include "index/near_rows.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>

#include "kernels/nearest_set.h"

namespace elanus::index {
namespace {

// There are 2 sqrt(n) cells: a row is compared with their leaders twice, and with the rows of some.
constexpr size_t kCellsMax = 1 << 14;
// Leaders that are offered beside the nearest rows.
constexpr size_t kFarLeaders = 16;
constexpr size_t kBatchRows = 128;  // Rows that look together.
constexpr size_t kTileRows = 256;   // Rows of a cell that they look at together.

size_t RoundUp(size_t count) {
  return (count + NodeTile::kAlignment - 1) / NodeTile::kAlignment * NodeTile::kAlignment;
}

}  // namespace

// For a batch of rows.
struct NearRows::Scratch {
  std::vector<NodeMeasure::Query> queries{kBatchRows};
  std::vector<const NodeMeasure::Query*> pointers;
  std::vector<float> distances;
  kernels::NearestSet leaders;
  std::vector<std::vector<kernels::NearestSet::Entry>> near_leaders{kBatchRows};
  std::vector<kernels::NearestSet> nearest{kBatchRows};
  // Which of the batch look into which cell.
  struct Probe {
    uint32_t cell;
    uint32_t query;
  };
  std::vector<Probe> unordered, probes;
  std::vector<uint32_t> counts;                      // Of each cell; zeros between batches.
  std::vector<std::pair<uint32_t, uint32_t>> order;  // Count and cell.
  NearList list;

  size_t memory_bytes() const { return 0; }
};

NearRows::NearRows(const NodeMeasure& measure, std::vector<uint32_t> members,
                   const Options& options)
    : measure_(measure), options_(options), members_(std::move(members)) {
  const size_t num_rows = members_.size();
  const auto wanted = static_cast<size_t>(2 * std::sqrt(num_rows));
  const size_t num_cells = std::clamp<size_t>(std::min(wanted, num_rows), 1, kCellsMax);
  const size_t cell_rows = std::max<size_t>(1, num_rows / num_cells);
  num_probes_ = std::clamp<size_t>(options.compared / cell_rows, 1, num_cells);
  if (num_rows == 0) return;
  std::mt19937_64 random(options.seed);
  leader_places_.resize(num_rows);
  std::iota(leader_places_.begin(), leader_places_.end(), 0);
  for (size_t i = 0; i < num_cells; ++i) {
    std::swap(leader_places_[i], leader_places_[i + random() % (num_rows - i)]);
  }
  leader_places_.resize(num_cells);
  for (const uint32_t place : leader_places_) leaders_.push_back(members_[place]);
  leader_tile_ = std::make_unique<NodeTile>(measure_, leaders_);
  AssignCells();
}

NearRows::~NearRows() = default;

void NearRows::ForEachBatch(
    const std::function<void(size_t begin, size_t end, Scratch&)>& body) const {
  const size_t num_batches = (members_.size() + kBatchRows - 1) / kBatchRows;
  const auto run = [&](size_t batch) {
    if (options_.cancellation != nullptr && options_.cancellation->cancelled()) return;
    auto scratch = pool_.Take();
    const size_t begin = batch * kBatchRows;
    body(begin, std::min(members_.size(), begin + kBatchRows), *scratch);
  };
  if (options_.executor != nullptr) return options_.executor->ParallelFor(num_batches, run);
  for (size_t batch = 0; batch < num_batches; ++batch) run(batch);
}

// What a row lacks of the longest one's length, at a right angle to all: with it all rows are as
// long, and the leader with the greatest inner product is the nearest one by L2. Without it the
// longest leader would draw all rows. For other metrics there is nothing to add.
// (Y. Bachrach et al., "Speeding up the Xbox recommender system using a Euclidean transformation
// for inner-product spaces", RecSys 2014.)
std::vector<float> NearRows::LengthsLacking() const {
  if (measure_.metric() != kernels::Metric::kIp) return {};
  std::vector<float> squares(members_.size());
  ForEachBatch([&](size_t begin, size_t end, Scratch& scratch) {
    for (size_t i = begin; i < end; ++i) {
      measure_.PrepareRow(members_[i], scratch.queries[0]);
      measure_.Measure(scratch.queries[0], &members_[i], 1, &squares[i]);
      squares[i] = std::isfinite(squares[i]) ? std::max(0.0f, -squares[i]) : 0;
    }
  });
  const float longest = *std::max_element(squares.begin(), squares.end());
  for (float& square : squares) square = std::sqrt(longest - square);
  return squares;
}

// Distances of the members to all leaders.
void NearRows::MeasureLeaders(size_t begin, size_t end, Scratch& scratch) const {
  const size_t stride = RoundUp(leaders_.size());
  scratch.pointers.clear();
  for (size_t i = begin; i < end; ++i) {
    measure_.PrepareRow(members_[i], scratch.queries[i - begin]);
    scratch.pointers.push_back(&scratch.queries[i - begin]);
  }
  scratch.distances.resize(std::max(scratch.distances.size(), kBatchRows * stride));
  leader_tile_->Measure(scratch.pointers, 0, leaders_.size(), scratch.distances.data(), stride);
}

void NearRows::AssignCells() {
  const size_t num_cells = leaders_.size(), stride = RoundUp(num_cells);
  std::vector<uint32_t> cell_of(members_.size(), 0);
  const std::vector<float> lacking = LengthsLacking();
  std::vector<float> leader_lacks(lacking.empty() ? 0 : num_cells);
  for (size_t i = 0; i < leader_lacks.size(); ++i) leader_lacks[i] = lacking[leader_places_[i]];
  ForEachBatch([&](size_t begin, size_t end, Scratch& scratch) {
    MeasureLeaders(begin, end, scratch);
    for (size_t i = begin; i < end; ++i) {
      float* const distances = scratch.distances.data() + (i - begin) * stride;
      for (size_t c = 0; c < leader_lacks.size(); ++c) distances[c] -= lacking[i] * leader_lacks[c];
      cell_of[i] =
          static_cast<uint32_t>(std::min_element(distances, distances + num_cells) - distances);
    }
  });
  cell_first_.assign(num_cells + 1, 0);
  for (const uint32_t cell : cell_of) ++cell_first_[cell + 1];
  std::partial_sum(cell_first_.begin(), cell_first_.end(), cell_first_.begin());
  std::vector<uint32_t> at(cell_first_.begin(), cell_first_.end() - 1), ordered(members_.size());
  for (size_t i = 0; i < members_.size(); ++i) ordered[at[cell_of[i]]++] = members_[i];
  members_ = std::move(ordered);
  cells_.reserve(num_cells);
  for (size_t c = 0; c < num_cells; ++c) {
    cells_.emplace_back(measure_, std::span<const uint32_t>(members_.data() + cell_first_[c],
                                                            members_.data() + cell_first_[c + 1]));
  }
}

// The nearest cells of each row of the batch, ordered by cell: first those that many look into,
// which are the nearest to all, so that bounds are near from the start.
void NearRows::ChooseProbes(size_t count, Scratch& scratch) const {
  const size_t stride = RoundUp(leaders_.size());
  scratch.counts.resize(leaders_.size());
  scratch.unordered.clear();
  for (size_t q = 0; q < count; ++q) {
    scratch.leaders.Begin(num_probes_);
    scratch.leaders.Offer(scratch.distances.data() + q * stride, leaders_.size(), 0);
    scratch.near_leaders[q] = scratch.leaders.Sorted();
    for (const auto& entry : scratch.near_leaders[q]) {
      scratch.unordered.push_back({entry.position, static_cast<uint32_t>(q)});
      ++scratch.counts[entry.position];
    }
  }
  scratch.order.clear();
  for (const auto& probe : scratch.unordered) {
    uint32_t& number = scratch.counts[probe.cell];
    if (number > 0) scratch.order.emplace_back(number, probe.cell);
    number = 0;
  }
  std::sort(scratch.order.begin(), scratch.order.end(), std::greater<>());
  uint32_t at = 0;
  for (const auto& [number, cell] : scratch.order) {
    scratch.counts[cell] = at;
    at += number;
  }
  scratch.probes.resize(scratch.unordered.size());
  for (const auto& probe : scratch.unordered) scratch.probes[scratch.counts[probe.cell]++] = probe;
  for (const auto& [number, cell] : scratch.order) scratch.counts[cell] = 0;
}

void NearRows::CompareWithCells(size_t count, Scratch& scratch) const {
  for (size_t q = 0; q < count; ++q) scratch.nearest[q].Begin(options_.width + 1);
  const auto& probes = scratch.probes;
  for (size_t first = 0, end = 0; first < probes.size(); first = end) {
    const uint32_t cell = probes[first].cell;
    scratch.pointers.clear();
    for (; end < probes.size() && probes[end].cell == cell; ++end) {
      scratch.pointers.push_back(&scratch.queries[probes[end].query]);
    }
    for (size_t from = 0; from < cells_[cell].size(); from += kTileRows) {
      const size_t here = std::min(kTileRows, cells_[cell].size() - from);
      cells_[cell].Measure(scratch.pointers, from, here, scratch.distances.data(), kTileRows);
      for (size_t i = first; i < end; ++i) {
        scratch.nearest[probes[i].query].Offer(scratch.distances.data() + (i - first) * kTileRows,
                                               here,
                                               cell_first_[cell] + static_cast<uint32_t>(from));
      }
    }
  }
}

// Leaders are rows that lie anywhere. The nearest of them behind the nearest rows are the way out
// of a cluster that holds all of these.
void NearRows::AddFarLeaders(uint32_t row,
                             std::span<const kernels::NearestSet::Entry> nearest_leaders,
                             NearList& list) const {
  const float farthest =
      list.rows.empty() ? -std::numeric_limits<float>::infinity() : list.distances.back();
  size_t added = 0;
  for (const auto& [distance, leader] : nearest_leaders) {
    if (added == kFarLeaders) break;
    if (distance <= farthest || leaders_[leader] == row) continue;
    list.rows.push_back(leaders_[leader]);
    list.distances.push_back(distance);
    ++added;
  }
}

void NearRows::ForEach(const std::function<void(uint32_t row, NearList& nearest)>& body) const {
  ForEachBatch([&](size_t begin, size_t end, Scratch& scratch) {
    scratch.distances.resize(std::max(scratch.distances.size(), kBatchRows * kTileRows));
    MeasureLeaders(begin, end, scratch);
    ChooseProbes(end - begin, scratch);
    CompareWithCells(end - begin, scratch);
    NearList& list = scratch.list;
    for (size_t i = begin; i < end; ++i) {
      list.rows.clear();
      list.distances.clear();
      for (const auto& entry : scratch.nearest[i - begin].Sorted()) {
        if (entry.position == i || list.rows.size() == options_.width) continue;
        list.rows.push_back(members_[entry.position]);
        list.distances.push_back(entry.distance);
      }
      AddFarLeaders(members_[i], scratch.near_leaders[i - begin], list);
      body(members_[i], list);
    }
  });
}

}  // namespace elanus::index
