#include "index/parted_index.h"

#include <algorithm>
#include <optional>

#include "common/check.h"
#include "kernels/bit_range.h"

namespace elanus::index {
namespace {

// Fewer are as soon compared one by one as found in a graph.
constexpr int64_t kPartRowsMin = 1024;
constexpr int64_t kPartsMax = 512;

// Rows of a part as rows of the column.
class PartPins final : public RowPins {
 public:
  PartPins(RowPins& whole, int64_t first_row, int64_t num_rows)
      : whole_(whole), first_row_(first_row), num_rows_(num_rows) {}

  absl::Status Pin(std::span<const uint32_t> rows) override {
    std::vector<uint32_t> moved(rows.begin(), rows.end());
    for (uint32_t& row : moved) row += static_cast<uint32_t>(first_row_);
    return whole_.Pin(moved);
  }
  absl::Status PinAll() override {
    std::vector<uint32_t> all(num_rows_);
    for (int64_t i = 0; i < num_rows_; ++i) all[i] = static_cast<uint32_t>(first_row_ + i);
    return whole_.Pin(all);
  }

 private:
  RowPins& whole_;
  const int64_t first_row_;
  const int64_t num_rows_;
};

}  // namespace

int64_t PartRowsMin(int64_t num_rows) {
  return std::max(kPartRowsMin, num_rows / kPartsMax);
}

std::vector<int64_t> PartStarts(const schema::ColumnView& values, int64_t rows_min) {
  std::vector<int64_t> starts = {0};
  const int64_t num_rows = values.num_rows;
  for (int64_t begin = 0; begin < num_rows;) {
    int64_t end = begin + 1;
    while (end < num_rows && values.Raw(end) == values.Raw(begin)) ++end;
    const bool large = end - begin >= rows_min;
    // A large run begins a part, and one that is full enough ends before this.
    if (begin > 0 && begin != starts.back() && (large || begin - starts.back() >= rows_min)) {
      starts.push_back(begin);
    }
    if (large && end < num_rows) starts.push_back(end);
    begin = end;
  }
  return starts;
}

PartedIndex::PartedIndex(std::span<const int64_t> starts, int64_t num_rows) : num_rows_(num_rows) {
  parts_.resize(starts.size());
  for (size_t i = 0; i < starts.size(); ++i) {
    const int64_t end = i + 1 < starts.size() ? starts[i + 1] : num_rows;
    ELANUS_CHECK(starts[i] < end || num_rows == 0);
    parts_[i].first_row = starts[i];
    parts_[i].num_rows = end - starts[i];
  }
}

VectorRows PartedIndex::RowsOf(size_t part, const VectorRows& rows) const {
  return {rows.type, rows.dim, parts_[part].num_rows, rows.Row(parts_[part].first_row)};
}

void PartedIndex::Set(size_t part, std::unique_ptr<VectorIndex> index) {
  if (index != nullptr && !index->reads_few_rows()) all_read_few_ = false;
  parts_[part].index = std::move(index);
}

std::vector<size_t> PartedIndex::PartsOf(kernels::BitView rows) const {
  std::vector<size_t> out;
  for (size_t i = 0; i < parts_.size(); ++i) {
    const Part& part = parts_[i];
    if (kernels::AnyIn(rows, part.first_row, part.first_row + part.num_rows)) out.push_back(i);
  }
  return out;
}

absl::StatusOr<std::vector<Neighbor>> PartedIndex::Search(const SearchRequest& request,
                                                          SearchStatistics* statistics) const {
  ELANUS_ASSIGN_OR_RETURN(auto hits, SearchMany(request, 1, statistics));
  return std::move(hits.front());
}

absl::StatusOr<std::vector<std::vector<Neighbor>>> PartedIndex::SearchMany(
    const SearchRequest& request, int64_t num_queries, SearchStatistics* statistics) const {
  ELANUS_RETURN_IF_ERROR(CheckRequest(request, num_rows_));
  std::vector<std::vector<Neighbor>> hits(num_queries);
  for (const Part& part : parts_) {
    SearchRequest own = request;
    own.allowed = {};
    own.num_allowed = part.num_rows;
    kernels::Bitset allowed;
    if (!request.allowed.empty()) {
      if (!kernels::AnyIn(request.allowed, part.first_row, part.first_row + part.num_rows))
        continue;
      allowed = kernels::Cut(request.allowed, part.first_row, part.num_rows);
      own.num_allowed = allowed.Count();
      if (own.num_allowed < part.num_rows) own.allowed = allowed.view();
    }
    ELANUS_CHECK(part.index != nullptr);
    std::optional<PartPins> pins;
    if (request.pins != nullptr) {
      own.pins = &pins.emplace(*request.pins, part.first_row, part.num_rows);
    }
    ELANUS_ASSIGN_OR_RETURN(auto found, part.index->SearchMany(own, num_queries, statistics));
    for (int64_t q = 0; q < num_queries; ++q) {
      for (Neighbor& hit : found[q]) {
        hit.row += static_cast<decltype(hit.row)>(part.first_row);
        hits[q].push_back(hit);
      }
    }
  }
  for (std::vector<Neighbor>& list : hits) {
    std::sort(list.begin(), list.end(), kernels::Nearer);
    if (std::ssize(list) > request.k) list.resize(request.k);
  }
  return hits;
}

int64_t PartedIndex::memory_bytes() const {
  int64_t sum = 0;
  for (const Part& part : parts_) sum += part.index != nullptr ? part.index->memory_bytes() : 0;
  return sum;
}

absl::StatusOr<std::unique_ptr<VectorIndex>> OpenParts(
    std::span<const int64_t> starts, const VectorRows& rows,
    const std::function<
        absl::StatusOr<std::unique_ptr<VectorIndex>>(size_t part, const VectorRows& rows)>& open) {
  if (starts.size() == 1) return open(0, rows);
  auto parted = std::make_unique<PartedIndex>(starts, rows.num_rows);
  for (size_t i = 0; i < starts.size(); ++i) {
    ELANUS_ASSIGN_OR_RETURN(auto index, open(i, parted->RowsOf(i, rows)));
    parted->Set(i, std::move(index));
  }
  return parted;
}

}  // namespace elanus::index
