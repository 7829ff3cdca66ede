// MINHASH_LSH: near duplicates among MinHash signatures, by locality-sensitive hashing in bands.
// A. Broder, "On the resemblance and containment of documents", 1997; J. Leskovec, A. Rajaraman &
// J. Ullman, "Mining of Massive Datasets", 2014, sections 3.3 and 3.4.
//
// A vector is a signature: elements of whole bytes. Its elements are cut into bands, and rows lie
// by the hash of each of their bands; those that are equal to the query in a band are its hits. The
// file holds hashes and row numbers only: signatures are the column's.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "index/vector_index.h"
#include "kernels/distance.h"

namespace elanus::index {

// Completed parameters of a build: whether elements divide the dimension, bands the elements.
absl::Status CheckSignature(int64_t dim, const Params& params);

// How signatures are compared. Of build parameters mh_element_bit_width (8) and mh_lsh_band (1); of
// search parameters mh_search_with_jaccard (false): hits are ranked by the share of elements that
// they have in common with the query, the metric MHJACCARD. Otherwise all have the likeness 1.
// `params` has all of them. Not for parameters that were not checked.
kernels::SignatureShape SignatureOf(const Params& params);

// What SignatureOf needs of `build_params`, put into the parameters of a search: who compares
// vectors without the index has no others.
void AddSignatureParams(const Params& build_params, Params& search_params);

// The same rows give the same file. rows: binary vectors; metric: kMinHash.
absl::StatusOr<std::string> BuildMinHash(const BuildOptions& options);

// `file` and `rows` are borrowed for the index's life. Verifies every byte. A search gives the rows
// that are equal to the query in one band at least, which may be fewer than it asks for.
absl::StatusOr<std::unique_ptr<VectorIndex>> OpenMinHash(std::span<const uint8_t> file,
                                                         const VectorRows& rows,
                                                         kernels::Metric metric,
                                                         const Params& params);

// The file around its parts; docs/formats/minhash.md.
struct MinHashFacts {
  uint32_t element_bytes = 1;
  uint32_t num_bands = 1;
  uint64_t dim = 0;
  uint64_t num_rows = 0;
  uint64_t num_indexed = 0;  // Rows that are not null.
  uint32_t slot_bits = 0;    // A band has 2^slot_bits slots.
  uint32_t reserved = 0;
};
static_assert(sizeof(MinHashFacts) == 40);

// slots: (num_bands, 2^slot_bits + 1) positions in the band's entries; keys, rows: (num_bands,
// num_indexed), ascending by key, then row, within a slot.
std::string MakeMinHashFile(const MinHashFacts& facts, const std::vector<uint32_t>& slots,
                            const std::vector<uint32_t>& keys, const std::vector<uint32_t>& rows);

}  // namespace elanus::index
