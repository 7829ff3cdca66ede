// What building an index takes, before it is built.
#pragma once

#include <cstdint>

#include "index/index_kinds.h"

namespace elanus::index {

struct BuildShape {
  schema::DataType type = schema::DataType::kNone;  // Of a dense vector.
  int64_t dim = 0;
  int64_t num_rows = 0;
};

// Bytes that a build has in memory at most, beside the column's rows: links, codes, what its codes
// are trained on, and the file, which is made in memory. An upper estimate that follows from the
// parameters (`params`: as resolved); build_memory_bench.cc puts what was used beside it.
int64_t BuildMemoryBytes(const IndexKind& kind, const BuildShape& shape, const Params& params);

// The same for an index over a column of lists, which params may say to encode
// (index/encoded_lists.h). shape: all vectors of the column's `num_rows` rows. metric: of the API.
int64_t ListBuildMemoryBytes(const IndexKind& kind, const BuildShape& shape, int64_t num_rows,
                             std::string_view metric, const Params& params);

}  // namespace elanus::index
