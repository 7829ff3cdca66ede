// Indexes over runs of a segment's rows, searched as one index: where the rows of a tenant lie
// together, its part is searched, and in tiers brought, alone. Parts are of any kind: to each its
// run is all there is. docs/decisions/018-tenants-in-segments.md.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "index/vector_index.h"
#include "schema/column.h"

namespace elanus::index {

// The first rows of the parts that an index over rows in the order of `values` gets: no run of
// equal values is in two parts, and small runs share one. A part has `rows_min` rows or more, but
// for those that lie before a run so large that it has a part of its own. Begins with 0; that alone
// where one part is all there is.
std::vector<int64_t> PartStarts(const schema::ColumnView& values, int64_t rows_min);
// What PartStarts is given for a segment of so many rows.
int64_t PartRowsMin(int64_t num_rows);

// Threads: any number of searches at once. Set may run beside searches that need none of the part.
class PartedIndex final : public VectorIndex {
 public:
  // `starts`: ascending from 0. No part is there yet.
  PartedIndex(std::span<const int64_t> starts, int64_t num_rows);

  // The part's rows of all of the column's.
  VectorRows RowsOf(size_t part, const VectorRows& rows) const;
  // The index over the part's rows, which for it begin with 0; null: it is not there any more.
  void Set(size_t part, std::unique_ptr<VectorIndex> index);
  const VectorIndex* part(size_t part) const { return parts_[part].index.get(); }
  // The parts that hold any of these rows, ascending.
  std::vector<size_t> PartsOf(kernels::BitView rows) const;

  // The parts that hold allowed rows must be there.
  absl::StatusOr<std::vector<Neighbor>> Search(const SearchRequest& request,
                                               SearchStatistics* statistics) const override;
  absl::StatusOr<std::vector<std::vector<Neighbor>>> SearchMany(
      const SearchRequest& request, int64_t num_queries,
      SearchStatistics* statistics) const override;
  // So far as parts have been seen.
  bool reads_few_rows() const override { return all_read_few_; }
  // All parts must be there or not be touched meanwhile.
  int64_t memory_bytes() const override;

 private:
  struct Part {
    int64_t first_row = 0;
    int64_t num_rows = 0;
    std::unique_ptr<VectorIndex> index;
  };
  std::vector<Part> parts_;
  const int64_t num_rows_;
  std::atomic<bool> all_read_few_{true};
};

// Opens every part. If there is one it is the index itself.
absl::StatusOr<std::unique_ptr<VectorIndex>> OpenParts(
    std::span<const int64_t> starts, const VectorRows& rows,
    const std::function<
        absl::StatusOr<std::unique_ptr<VectorIndex>>(size_t part, const VectorRows& rows)>& open);

}  // namespace elanus::index
