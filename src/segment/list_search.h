// Search in an ArrayOfVector field, whose rows are lists of vectors.
#pragma once

#include <span>
#include <vector>

#include "index/element_rows.h"
#include "segment/segment.h"

namespace elanus::segment {

// Some rows of the field that lie together.
struct ListRun {
  index::ElementRows rows;
  int64_t first_row = 0;  // Of the segment.
};

// With single vectors as queries: the k nearest vectors of the candidates within the range, as
// ElementOfRow. With lists as queries: the k candidates nearest by MaxSim; rows without vectors are
// no hits, and the range is not looked at.
//
// runs    all rows of the segment that `candidates` has bits for, ascending
// index   over the vectors of the only run, numbered as in ElementRows, or over its encoded lists,
//         which single vectors do not use; null: exact search
//
// A list search with an index looks for the k * `retrieval_ann_ratio` (3) nearest vectors to each
// vector of the query list, and compares the rows that these are in exactly; when they are of less
// than k rows it looks deeper. So a row is found that is near to one vector of the query at least.
// With an index of encoded lists it looks for that many rows, and compares these exactly;
// `emb_list_rerank` = false: it looks for k, and the distances are estimates.
absl::StatusOr<std::vector<std::vector<index::Neighbor>>> SearchLists(
    const SearchSpec& spec, std::span<const ListRun> runs, const index::VectorIndex* index,
    const kernels::Bitset& candidates, const Cancellation& cancellation);

}  // namespace elanus::segment
