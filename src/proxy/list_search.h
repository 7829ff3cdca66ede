// Searches in arrays of vectors: with lists of vectors (ranked by MaxSim), and element by element.
#pragma once

#include "common/status.h"
#include "expr/expr.h"
#include "proxy/query_vectors.h"
#include "proxy/search_params.h"
#include "proxy/search_target.h"

namespace elanus::proxy {

// What the field, its metric and these parameters do not admit together: list search takes neither
// range nor groups nor iterators, search by elements only groups by primary key and no iterator of
// the first version. Other fields pass.
absl::Status CheckListParams(const SearchTarget& target, const SearchParams& params,
                             const schema::CollectionSchema& schema);

// A filter that keeps elements goes with a search for elements of the same struct array.
absl::Status CheckElementFilter(const SearchTarget& target, const expr::Plan& filter);

// Lists of vectors go with a metric of lists, single vectors with any other.
absl::Status CheckListQueries(const SearchTarget& target, const QueryVectors& vectors);

}  // namespace elanus::proxy
