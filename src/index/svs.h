// The SVS types: one graph (C. Aguerrebere et al., VLDB 2023, arXiv 2304.04759) over vectors or
// over codes of local_codes.h. Ours is that of HNSW, whose lowest level is such a graph: the levels
// above it, a few per cent of the rows, find where to begin.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "index/vector_index.h"

namespace elanus::index {

// Parameters svs_graph_max_degree (32, LEANVEC 64), svs_construction_window_size (128) and
// svs_storage_kind:
//   SVS_VAMANA          fp32 (default), fp16, sqi8
//   SVS_VAMANA_LVQ      lvq4x0, lvq4x4 (default), lvq4x8: 4 bits are searched
//   SVS_VAMANA_LEANVEC  leanvec4x4 (default), 4x8, 8x8: so many bits of a component of the reduced
//                       vector are searched; svs_leanvec_dim (0: half the dimension)
// The second level, which ranks what the search finds, is the column: at hand anyway, and exact.
// Its bits are of no account but for 0, which leaves it out.
// svs_alpha is of no account: lists are filled with what a stricter or laxer choice would add.
absl::StatusOr<std::string> BuildSvsVamana(const BuildOptions& options);
absl::StatusOr<std::string> BuildSvsLvq(const BuildOptions& options);
absl::StatusOr<std::string> BuildSvsLeanVec(const BuildOptions& options);

// svs_leanvec_dim must not be over the dimension, and this not over what can be reduced.
absl::Status CheckLeanVec(int64_t dim, const Params& params);

// As OpenCodedHnsw. Search parameters: svs_search_window_size (64): candidates of the walk;
// svs_search_buffer_capacity (64): of them, to be ranked by the second level.
absl::StatusOr<std::unique_ptr<VectorIndex>> OpenSvs(std::span<const uint8_t> file,
                                                     const VectorRows& rows, kernels::Metric metric,
                                                     const Params& params);

}  // namespace elanus::index
