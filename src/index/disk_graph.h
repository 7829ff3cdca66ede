// A graph that stays on disk: S. J. Subramanya et al., "DiskANN: Fast Accurate Billion-point
// Nearest Neighbor Search on a Single Node", NeurIPS 2019.
//
// In memory lie short codes of all rows, a few entry points and the blocks near them; on disk lies
// a record for each row, its vector and its links, several to a block of 4 KiB. A walk reads the
// records of the few nearest candidates at once, compares their vectors exactly, and ranks their
// neighbours by code. With the codes of a record's neighbours inside the record (AISAQ: S. Kim et
// al., "AiSAQ: All-in-Storage ANNS with Product Quantization for DRAM-free Information Retrieval",
// 2024) no code is in memory and records are longer.
//
// The graph is level 0 of an HNSW graph (hnsw.h), whose links are chosen by the same rule as
// DiskANN's with alpha 1; codes are those of codes.h.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "index/vector_index.h"
#include "storage/block_reader.h"

namespace elanus::index {

// Parameters: max_degree (56), search_list_size (100), pq_code_budget_gb_ratio (0.125: bytes of a
// code to bytes of a vector), search_cache_budget_gb_ratio (0.1, used when it is opened).
// In memory are the graph's links and codes, but no records. `inline_codes`: in the records too.
absl::Status BuildDiskGraph(const BuildOptions& options, bool inline_codes, const FileSink& sink);

// Reads what stays in memory and verifies it; blocks are verified as they are read. A block that is
// damaged or cannot be read is logged, and from then on the index compares the rows of the column
// instead: slower, never wrong. Search parameters: search_list (max(k, 16)), beamwidth (4 a core,
// at most 16).
absl::StatusOr<std::unique_ptr<VectorIndex>> OpenDiskGraph(
    std::unique_ptr<storage::BlockReader> file, const VectorRows& rows, kernels::Metric metric,
    const Params& params);

// The same on a file in memory, borrowed; verifies every byte.
absl::StatusOr<std::unique_ptr<VectorIndex>> OpenDiskGraphBytes(std::span<const uint8_t> file,
                                                                const VectorRows& rows,
                                                                kernels::Metric metric,
                                                                const Params& params);

}  // namespace elanus::index
