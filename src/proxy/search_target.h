// What a search looks for: the vector field, how distances are measured, index parameters.
#pragma once

#include "common/status.h"
#include "index/vector_index.h"
#include "kernels/metric.h"
#include "meta/types.h"
#include "proxy/search_params.h"

namespace elanus::proxy {

struct SearchTarget {
  const schema::FieldSchema* field = nullptr;     // Into the collection's schema.
  kernels::Metric metric = kernels::Metric::kL2;  // Of single vectors.
  bool ranks_lists = false;                       // The metric is MAX_SIM over it.
  index::Params index_params;  // Of the index: what comparing vectors without it takes.
};

// Finds the field (the only vector field when none is named) and checks metric and parameters
// against its index.
absl::StatusOr<SearchTarget> FindSearchTarget(const meta::Collection& collection,
                                              const SearchParams& params);

}  // namespace elanus::proxy
