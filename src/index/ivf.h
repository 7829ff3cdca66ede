// Inverted lists: J. Sivic & A. Zisserman, "Video Google", ICCV 2003; for vectors as in H. Jégou,
// M. Douze & C. Schmid, "Product quantization for nearest neighbor search", TPAMI 2011, section 4.
//
// Rows are listed under the nearest of nlist centroids; a search compares the rows of the nprobe
// lists whose centroids are nearest to the query. IVF_FLAT and BIN_IVF_FLAT compare the vectors of
// the column themselves: the file holds centroids and row numbers only. All others compare codes of
// the rows as seen from their centroid (codes.h), which lie list after list in the file, and may
// refine the best by the column or by finer codes (refiner.h). Null rows are in no list.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "index/vector_index.h"
#include "storage/block_reader.h"

namespace elanus::index {

// Parameter nlist (checked by the table); there are never more lists than rows. The same rows and
// seed give the same file. Those of codes take refine and refine_type too, and
//   IVF_SQ8   sq_type (sq8): bits a component
//   IVF_PQ    m, nbits (8): parts, bits a part
//   IVF_RABITQ   rbq_bits (1): bits a component
//   SCANN     sub_dim (2): components of a part, of 4 bits; with_raw_data (true): refined by the
//             column
absl::StatusOr<std::string> BuildIvfFlat(const BuildOptions& options);
absl::StatusOr<std::string> BuildIvfSq(const BuildOptions& options);
absl::StatusOr<std::string> BuildIvfPq(const BuildOptions& options);
absl::StatusOr<std::string> BuildIvfRabitq(const BuildOptions& options);
absl::StatusOr<std::string> BuildScann(const BuildOptions& options);

// `file` and `rows` are borrowed for the index's life. Verifies every byte. Search parameters:
// nprobe (8); ensure_topk_full (true): lists beyond nprobe are read while there are fewer than
// k hits; refine_k or reorder_k: candidates to refine.
absl::StatusOr<std::unique_ptr<VectorIndex>> OpenIvfFlat(std::span<const uint8_t> file,
                                                         const VectorRows& rows,
                                                         kernels::Metric metric,
                                                         const Params& params);
absl::StatusOr<std::unique_ptr<VectorIndex>> OpenIvfCodes(std::span<const uint8_t> file,
                                                          const VectorRows& rows,
                                                          kernels::Metric metric,
                                                          const Params& params);

// The same of a file that stays where it is: directory, centroids, and what candidates are refined
// by if that is finer codes, come into memory; a list and its codes are read when a search looks
// into it, verified each time, and the latest are kept, up to an eighth of the file. A search gives
// the hits of the form above, or kDataIntegrity where it comes upon damage.
absl::StatusOr<std::unique_ptr<VectorIndex>> OpenIvfFlatBlocks(
    std::unique_ptr<storage::BlockReader> file, const VectorRows& rows, kernels::Metric metric,
    const Params& params);
absl::StatusOr<std::unique_ptr<VectorIndex>> OpenIvfCodesBlocks(
    std::unique_ptr<storage::BlockReader> file, const VectorRows& rows, kernels::Metric metric,
    const Params& params);

}  // namespace elanus::index
