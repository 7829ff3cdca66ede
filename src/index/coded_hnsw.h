// HNSW graphs over codes: the graph that BuildHnsw makes from the vectors themselves, walked by
// comparing codes of the rows (row_codes.h), whose best may be refined (refiner.h). Links are as
// good as those of HNSW; only the walk is compressed.
//
//   HNSW_SQ    sq_type (sq8): bits a component, or half floats
//   HNSW_PQ    m (32), nbits (8): product codes
//   HNSW_PRQ   m (2), nrq (2), nbits (8): product codes of nrq levels
#pragma once

#include <memory>
#include <span>
#include <string>

#include "index/index_file.h"
#include "index/refiner.h"
#include "index/row_codes.h"
#include "index/vector_index.h"

namespace elanus::index {

// The parameters of HNSW, refine and refine_type, and those above; checked by the table.
absl::StatusOr<std::string> BuildHnswSq(const BuildOptions& options);
absl::StatusOr<std::string> BuildHnswPq(const BuildOptions& options);
absl::StatusOr<std::string> BuildHnswPrq(const BuildOptions& options);

// The same with any codes that can be reached by row. Parameters: those of HNSW.
absl::StatusOr<std::string> BuildCodedHnsw(const BuildOptions& options, const CodeSpec& spec,
                                           const RefineChoice& refine);

// `file` and `rows` are borrowed for the index's life. Verifies every byte. Search parameters: ef,
// refine_k.
absl::StatusOr<std::unique_ptr<VectorIndex>> OpenCodedHnsw(std::span<const uint8_t> file,
                                                           const VectorRows& rows,
                                                           kernels::Metric metric,
                                                           const Params& params);

// The file around its parts; docs/formats/hnsw.md. `refine` is a RefineBy.
std::string MakeCodedHnswFile(uint32_t refine, Bytes graph, const RowCodesBytes& codes,
                              const RowCodesBytes& finer);

}  // namespace elanus::index
