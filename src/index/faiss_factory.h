// FAISS: an index described by a string of FAISS's index_factory
// (https://github.com/facebookresearch/faiss/wiki/The-index-factory), made of our types.
//
//   vectors of float32
//     [IDMap,] Flat | SQ4 | SQ6 | SQ8 | PQ<m>[x<bits>][fs] | RaBitQ        one list: a full scan
//     [IDMap,] IVF<lists>,(Flat | SQ4 | SQ6 | SQ8 | PQ<m>[x<bits>][fs] | RaBitQ)
//     [IDMap,] HNSW[<M>][,(Flat | SQ4 | SQ6 | SQ8 | SQfp16 | SQbf16 | PQ<m>[x<bits>])]
//     and behind all but Flat: ,RFlat or ,Refine(Flat | SQ6 | SQ8 | SQfp16 | SQbf16)
//   binary vectors
//     BFlat | BIVF<lists> | BHNSW[<M>]
//
// Graphs are built with FAISS's M and this engine's default efConstruction.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "index/vector_index.h"
#include "schema/collection_schema.h"

namespace elanus::index {

struct FactoryPlan {
  std::string_view type;  // Of the table of index kinds.
  Params params;
};

// kParameterInvalid names the part that is not understood or not supported, and what is.
absl::StatusOr<FactoryPlan> ParseFactory(std::string_view text, bool binary);

// Whether the index that `params` describe can be built over the field.
absl::Status CheckFactory(const schema::FieldSchema& field, const Params& params);

// Parameter faiss_index_name; others are of no account.
absl::StatusOr<std::string> BuildFaiss(const BuildOptions& options);

// Search parameters: nprobe; ef or efSearch; refine_k or k_factor. FAISS's own default of nprobe,
// 1, is not taken over: it is that of the type underneath.
absl::StatusOr<std::unique_ptr<VectorIndex>> OpenFaiss(std::span<const uint8_t> file,
                                                       const VectorRows& rows,
                                                       kernels::Metric metric,
                                                       const Params& params);

}  // namespace elanus::index
