// Fixed dimensional encodings of lists of vectors: L. Dhulipala, M. Hadian, R. Jayaram, J. Lee,
// V. Mirrokni, "MUVERA: Multi-Vector Retrieval via Fixed Dimensional Encodings", NeurIPS 2024
// (arXiv 2405.19504).
//
// The sides of a few random planes that a vector lies on say in which of 2^planes parts of space it
// is. A query's encoding has for each part the sum of its vectors there, a row's the mean of its
// own; so that their inner product is the sum, over the query's vectors, of the mean product with
// those of the row's vectors that lie in the same part: likely the nearest. A part where the row
// has none takes the vector whose part differs in the fewest planes. This is repeated with other
// planes, and everything put one behind the other.
//
// Where we differ: planes go through the mean of all vectors, because embeddings lie to one side of
// the origin (recall of 30 candidates, 7 repeats of 4 planes, made data of 64 components: 0.55
// instead of 0.51); vectors are projected to fewer components only where the whole would be larger
// than kDimsWanted, by a random rotation of which the first components stay. L2 gets one more
// component a part, -1 for each of the query's vectors and the mean square of the row's, all taken
// from the mean.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "index/element_rows.h"
#include "index/list_encoder.h"
#include "index/rotation.h"
#include "index/token_form.h"

namespace elanus::index {

// What an encoder is made of, besides the mean and the planes.
struct MuveraShape {
  uint32_t num_planes = 4;  // muvera_num_projections.
  uint32_t num_repeats = 7;
  uint64_t seed = 42;

  size_t num_parts() const { return size_t{1} << num_planes; }
  // Components of a vector in a part.
  size_t PartWidth(size_t dim) const;
  // Floats that Muvera's constructor takes for vectors of `dim` components.
  size_t NumFloats(size_t dim) const { return dim * (1 + size_t{num_repeats} * num_planes); }
  size_t EncodedDim(size_t dim, kernels::Metric metric) const;
};
MuveraShape MuveraShapeOf(const Params& params);

// Threads: any.
class Muvera final : public ListEncoder {
 public:
  // floats: the mean of all vectors, then of each repeat the normals of its planes; borrowed.
  Muvera(const MuveraShape& shape, const TokenForm& form, std::span<const float> floats);

  size_t dim() const override { return shape_.EncodedDim(form_.dim(), form_.metric()); }
  Query Encode(const uint8_t* list, int64_t num_vectors) const override;
  int64_t memory_bytes() const override;

  // The encoding of a row's list, which has a vector at least. out: dim() floats.
  void EncodeRow(const uint8_t* list, int64_t num_vectors, float* out) const;

 private:
  // The vectors of a list in the metric's form; L2: from the mean.
  struct List {
    std::vector<float> forms;     // (num_vectors, dim)
    std::vector<float> products;  // With the normals of all planes: (num_vectors, planes).
  };
  // The same in one repeat.
  struct Projected {
    std::vector<float> vectors;   // (num_vectors, part width)
    std::vector<uint32_t> parts;  // Of each.
  };
  bool has_squares() const { return form_.metric() == kernels::Metric::kL2; }
  List Read(const uint8_t* list, int64_t num_vectors) const;
  Projected Project(const List& list, size_t repeat) const;

  const MuveraShape shape_;
  const TokenForm form_;
  const size_t width_;  // Of a part, without L2's component.
  const std::span<const float> mean_, planes_;
  std::vector<float> thresholds_;    // Product of each plane's normal with the mean; L2: 0.
  std::vector<Rotation> rotations_;  // Of each repeat; empty: vectors stay as they are.
};

// The floats of an encoder for these lists.
std::vector<float> MuveraFloats(const MuveraShape& shape, const TokenForm& form,
                                const ElementRows& lists);

}  // namespace elanus::index
