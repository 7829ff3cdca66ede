// An index over the rows of an ArrayOfVector column by encodings of their lists (list_encoder.h):
// encoder, encodings and a vector index over these in one file. docs/formats/encoded_lists.md has
// the bytes.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "index/element_rows.h"
#include "index/index_kinds.h"
#include "index/list_encoder.h"

namespace elanus::index {

// The rows of this index are those of the column; a query is what EncodeQuery makes of a list.
// Threads: any.
class EncodedLists final : public VectorIndex {
 public:
  struct Query {
    std::vector<uint16_t> vector;  // bfloat16, as rows are stored.
    double offset = 0;
    double scale = 1;

    // MaxSim's distance, about, that this distance of Search stands for.
    float Estimate(float distance) const {
      return static_cast<float>(offset + scale * static_cast<double>(distance));
    }
  };
  struct Parts;

  explicit EncodedLists(Parts parts);
  ~EncodedLists() override;

  Query EncodeQuery(const uint8_t* list, int64_t num_vectors) const;
  // Whether searches that do not say compare the vectors of what was found.
  bool reranks() const;

  absl::StatusOr<std::vector<Neighbor>> Search(const SearchRequest& request,
                                               SearchStatistics* statistics) const override;
  int64_t memory_bytes() const override;

 private:
  const std::unique_ptr<const Parts> parts_;
};

// options.rows are not looked at. options.params: with a strategy that encodes.
absl::StatusOr<std::string> BuildEncodedLists(const IndexKind& kind, const ElementRows& lists,
                                              const BuildOptions& options);

// Components of an encoding as stored: what is cut into parts needs a multiple of their number.
int64_t EncodedDim(const Params& params, ListStrategy strategy, int64_t dim,
                   kernels::Metric metric);

// Verifies every byte. vectors: of the column's `num_rows` rows, of which type and dim are looked
// at (how many there are is not known before the column is here). `file` is borrowed.
absl::StatusOr<std::unique_ptr<VectorIndex>> OpenEncodedLists(
    const IndexKind& kind, std::span<const uint8_t> file, const VectorRows& vectors,
    int64_t num_rows, kernels::Metric metric, const Params& params);

// What is in a file, for those who make hostile ones.
struct EncodedListsFacts {
  uint32_t strategy = 0;  // ListStrategy.
  uint32_t metric = 0;    // MetricNumber.
  uint64_t dim = 0;       // Of the column's vectors.
  uint64_t num_rows = 0;
  uint64_t num_vectors = 0;
  uint64_t encoded_dim = 0;  // With zeros behind the encoder's.
  uint64_t seed = 0;
  uint32_t first = 0;   // muvera: planes; lemur: hidden.
  uint32_t second = 0;  // muvera: repeats; lemur: layers.
};
std::string MakeEncodedListsFile(const EncodedListsFacts& facts, const std::vector<float>& encoder,
                                 const std::vector<uint16_t>& encodings, std::string_view index);

}  // namespace elanus::index
