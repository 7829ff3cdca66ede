// Inverted lists: J. Sivic & A. Zisserman, "Video Google", ICCV 2003; for vectors as in H. Jégou,
// M. Douze & C. Schmid, "Product quantization for nearest neighbor search", TPAMI 2011, section 4.
//
// Rows are listed under the nearest of nlist centroids; a search compares the rows of the nprobe
// lists whose centroids are nearest to the query. IVF_FLAT and BIN_IVF_FLAT compare the vectors of
// the column themselves: the file holds centroids and row numbers only. Null rows are in no list.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "index/vector_index.h"

namespace elanus::index {

// Parameter nlist (checked by the table); there are never more lists than rows. The same rows and
// seed give the same file.
absl::StatusOr<std::string> BuildIvfFlat(const BuildOptions& options);

// `file` and `rows` are borrowed for the index's life. Verifies every byte. Search parameters:
// nprobe (8), and ensure_topk_full (true): lists beyond nprobe are read while there are fewer than
// k hits.
absl::StatusOr<std::unique_ptr<VectorIndex>> OpenIvfFlat(std::span<const uint8_t> file,
                                                         const VectorRows& rows,
                                                         kernels::Metric metric,
                                                         const Params& params);

}  // namespace elanus::index
