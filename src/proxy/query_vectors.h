// The query vectors of a search request, as the searched field stores vectors.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/status.h"
#include "schema/collection_schema.h"

namespace elanus::proxy {

struct QueryVectors {
  std::string bytes;  // num_queries vectors, row-major.
  int64_t num_queries = 0;
  // Queries are lists of vectors: the number of the first vector of each, and one more at the end.
  // Empty: each query is one vector.
  std::vector<int64_t> list_begins;
};

// Reads a serialized PlaceholderGroup. Arrays of vectors are searched with single vectors or with
// lists of them, both of the type of their elements. float32 vectors are converted for half and
// bfloat16 fields.
//
//   nq      as the request says; 0 (old clients) = as many as there are
//   nq_max  the limit
absl::StatusOr<QueryVectors> ParseQueryVectors(std::string_view placeholder_group, int64_t nq,
                                               int64_t nq_max, const schema::FieldSchema& field);

}  // namespace elanus::proxy
