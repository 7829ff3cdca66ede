// Search over the vectors of a segment that has no index: exact, or by the codes of an interim
// index where that is cheaper.
#pragma once

#include <memory>
#include <vector>

#include "segment/interim_index.h"
#include "segment/segment.h"

namespace elanus::segment {

// The nearest candidates of each query, nearest first. `interim` may be null. Every distance comes
// from the vectors themselves, so a row has the same one with and without codes; what codes can do
// is leave a row out (recall: interim_index_test.cc).
absl::StatusOr<std::vector<std::vector<index::Neighbor>>> SearchVectors(
    const VectorPieces& rows, const SearchSpec& spec, kernels::Bitset candidates,
    const InterimIndex* interim, const Cancellation& cancellation);

}  // namespace elanus::segment
