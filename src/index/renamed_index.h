// Index types that are other names: another type builds their file and searches it, with search
// parameters of another spelling.
#pragma once

#include <memory>

#include "index/vector_index.h"

namespace elanus::index {

// Opens a file of HNSW, HNSW_SQ (and the like), IVF_FLAT or IVF_SQ8 (and the like), by its first
// bytes. As IndexKind::open.
absl::StatusOr<std::unique_ptr<VectorIndex>> OpenAnyIndex(std::span<const uint8_t> file,
                                                          const VectorRows& rows,
                                                          kernels::Metric metric,
                                                          const Params& params);

// A search's parameters as the type underneath names them.
using Translate = Params (*)(const SearchRequest& request);

// `index` under another name.
std::unique_ptr<VectorIndex> Renamed(std::unique_ptr<VectorIndex> index, Translate translate);

}  // namespace elanus::index
