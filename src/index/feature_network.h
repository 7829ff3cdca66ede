// A small network of rectified linear layers, learned so that linear functions of what it puts out
// tell given numbers of a vector.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "common/cancellation.h"
#include "common/executor.h"
#include "common/status.h"

namespace elanus::index {

struct NetworkShape {
  size_t dim = 0;  // Of the vectors.
  size_t hidden = 0;
  size_t num_layers = 1;

  // Weights and biases of all layers.
  size_t NumFloats() const { return (dim + 1) * hidden + (num_layers - 1) * (hidden + 1) * hidden; }
};

// out: (rows, hidden) of vectors: (rows, dim). floats: of each layer its weights (hidden, inputs),
// then its biases.
void ApplyNetwork(const NetworkShape& shape, std::span<const float> floats,
                  std::span<const float> vectors, Executor* executor, std::vector<float>& out);

struct Training {
  std::span<const float> vectors;  // (count, dim)
  std::span<const float> targets;  // (count, num_targets); of about unit variance.
  size_t num_targets = 1;
  int64_t num_epochs = 1;
  size_t batch = 1;
  double learning_rate = 1e-3;
  uint64_t seed = 0;
  Executor* executor = nullptr;  // The result is the same with any and with none.
  const Cancellation* cancellation = nullptr;
  std::function<void(double)> progress;  // 0...1; may be empty.
};

// The floats of a network, by descent of the mean squared error (Adam: D. Kingma & J. Ba, ICLR
// 2015) together with a linear layer from it to the targets, which is forgotten.
absl::StatusOr<std::vector<float>> TrainNetwork(const NetworkShape& shape,
                                                const Training& training);

}  // namespace elanus::index
