// Learned encodings of lists of vectors: E. Jääsaari, V. Hyvönen, T. Roos, "LEMUR: Learned
// Multi-Vector Retrieval" (arXiv 2601.21853).
//
// What a vector x of a query adds to MaxSim with a row, g(x), is a function of x alone. A network
// learns features of vectors such that g of each of some rows is a linear function of them. A row's
// encoding is the weights of its own g, by least squares over a sample of vectors; a query's is the
// sum of its vectors' features. Features are made uncorrelated and of unit variance first, so that
// the weights are means of products, alike in size, and lose little in short codes. One more
// component is the row's mean of g, which makes the fit one of deviations.
//
// Where we differ: rectified layers without normalisation; what is learned from are vectors of the
// column, as nobody knows the queries; g is the negated distance of whatever metric.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "index/element_rows.h"
#include "index/feature_network.h"
#include "index/list_encoder.h"
#include "index/token_form.h"
#include "index/vector_index.h"

namespace elanus::index {

struct LemurShape {
  uint32_t hidden = 256;
  uint32_t num_layers = 2;

  NetworkShape network(size_t dim) const { return {dim, hidden, num_layers}; }
  // Floats that Lemur's constructor takes.
  size_t NumFloats(size_t dim) const {
    return 2 + dim + network(dim).NumFloats() + hidden + size_t{hidden} * hidden;
  }
  size_t EncodedDim() const { return size_t{hidden} + 1; }
};
LemurShape LemurShapeOf(const Params& params);

// Threads: any.
class Lemur final : public ListEncoder {
 public:
  // floats: the mean of g over rows and vectors; 1 / spread of vectors; their mean; the network;
  // the mean of its features; L of the features' covariance L L^T by rows. Borrowed.
  Lemur(const LemurShape& shape, const TokenForm& form, std::span<const float> floats);

  size_t dim() const override { return shape_.EncodedDim(); }
  Query Encode(const uint8_t* list, int64_t num_vectors) const override;
  int64_t memory_bytes() const override { return 0; }

  // Of vectors in input form (Inputs): (rows, hidden), from their mean, still correlated.
  void Features(std::span<const float> inputs, Executor* executor, std::vector<float>& out) const;
  // Makes a sum of features uncorrelated, or weights for such that are. hidden floats.
  void Whiten(float* features) const;
  float mean_gain() const { return floats_[0]; }

 private:
  const LemurShape shape_;
  const TokenForm form_;
  const std::span<const float> floats_, network_, feature_mean_, factor_;
};

// What is learned of a column's lists, and with it the encodings of its rows.
class LemurBuilder {
 public:
  LemurBuilder(const BuildOptions& options, const ElementRows& lists, const TokenForm& form);

  ~LemurBuilder();

  // Samples, learns. Once, before the others.
  absl::Status Learn();
  // The floats of the encoder; borrowed.
  const std::vector<float>& floats() const { return floats_; }
  // out: (end - begin, dim()) of the rows [begin, end); rows without vectors: zeros. Threads: any.
  void EncodeRows(int64_t begin, int64_t end, float* out) const;

 private:
  class Gains;

  void Standardise();
  void DrawTargets(const Gains& gains);
  absl::Status Decorrelate();

  const BuildOptions& options_;
  const ElementRows& lists_;
  const TokenForm& form_;
  const LemurShape shape_;
  std::vector<uint8_t> vectors_;  // The sample: (count, width).
  std::vector<float> inputs_;     // The same in the network's form: (count, dim).
  std::vector<float> targets_;    // (count, num_targets)
  size_t num_targets_ = 0, num_fitted_ = 0;
  std::vector<float> feature_columns_;  // Of the vectors that rows are fitted to: (hidden, count).
  std::unique_ptr<const Gains> fitted_;
  std::vector<float> floats_;
};

}  // namespace elanus::index
