// Exact search over any run of vectors: growing segments, segments without an index, few survivors
// of a filter.
#pragma once

#include <functional>
#include <vector>

#include "index/vector_index.h"
#include "kernels/distance.h"

namespace elanus::index {

// Nearest rows to each of several queries, over rows given in runs.
//
// Queries are given in the field's own type. Cosine: queries and rows need not be normalised; a
// zero vector has similarity 0 with everything. Results are exact up to float rounding, nearest
// first, equal distances by ascending row. Of the membership metrics (SUBSTRUCTURE, SUPERSTRUCTURE)
// only matching rows are hits, of MHJACCARD those that have something in common with the query. The
// metric must be one that the type has (see kernels/distance.h). Rows whose value is null are the
// caller's to mask out. With a range only rows in it are hits, and a row's distance does not depend
// on how many queries there are. Threads: one.
class BruteForce {
 public:
  // queries: (num_queries, dim) of `type`, row-major, borrowed for the object's life. signature: of
  // MHJACCARD (SignatureOf in minhash.h).
  BruteForce(schema::DataType type, int64_t dim, kernels::Metric metric, const uint8_t* queries,
             int64_t num_queries, int64_t k, const DistanceRange& range = {},
             const kernels::SignatureShape& signature = {});
  ~BruteForce();
  BruteForce(BruteForce&&) noexcept;

  // Looks at rows first_row ... first_row + rows.num_rows - 1. `allowed` has one bit per row of the
  // whole segment (bit first_row is the first of this run); empty = all.
  absl::Status Add(const VectorRows& rows, int64_t first_row, kernels::BitView allowed,
                   const Cancellation* cancellation);

  // The hits of each query, nearest first. Call once.
  std::vector<std::vector<Neighbor>> Finish();
  const SearchStatistics& statistics() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace elanus::index
