// Hierarchical navigable small worlds: Y. Malkov & D. Yashunin, "Efficient and robust approximate
// nearest neighbor search using hierarchical navigable small world graphs", TPAMI 2020.
//
// Rows are nodes; the graph refers to the vectors of the column and holds none. Null rows are not
// in it. Every search returns min(k, allowed rows) hits: where the walk would cost more than
// comparing the allowed rows one by one, or finds too few, it does the latter.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "index/vector_index.h"

namespace elanus::index {

// Parameters M and efConstruction (checked by the table). The file is the same for the same rows
// and seed, with any number of threads. Candidates come from comparing cells of rows, not from
// walks (near_rows.h, docs/decisions/007). Every row can be reached from the entry point at level
// 0. Working memory beside the file: a row's code twice, 18 M + 40 bytes a row and some MiB a
// thread.
absl::StatusOr<std::string> BuildHnsw(const BuildOptions& options);
// The same graph without the codes that searches go by, for indexes that have codes of their own.
absl::StatusOr<std::string> BuildHnswLinks(const BuildOptions& options);

// `file` and `rows` are borrowed for the index's life. Verifies every byte. The search parameter is
// ef; at least k are looked at whatever it says.
absl::StatusOr<std::unique_ptr<VectorIndex>> OpenHnsw(std::span<const uint8_t> file,
                                                      const VectorRows& rows,
                                                      kernels::Metric metric, const Params& params);

}  // namespace elanus::index
