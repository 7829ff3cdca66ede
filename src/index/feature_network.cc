#include "index/feature_network.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include "index/row_products.h"

namespace elanus::index {
namespace {

// One layer's place among all floats.
struct Layer {
  size_t inputs, outputs, weights, biases;  // The last two: where they begin.
};

std::vector<Layer> LayersOf(const NetworkShape& shape, size_t num_targets) {
  std::vector<Layer> layers;
  size_t at = 0, inputs = shape.dim;
  const auto add = [&](size_t outputs) {
    layers.push_back({inputs, outputs, at, at + inputs * outputs});
    at += (inputs + 1) * outputs;
    inputs = outputs;
  };
  for (size_t i = 0; i < shape.num_layers; ++i) add(shape.hidden);
  if (num_targets > 0) add(num_targets);
  return layers;
}

// out: (rows, layer.outputs) of in: (rows, layer.inputs).
void Forward(const Layer& layer, const float* floats, const std::vector<float>& in, bool rectified,
             Executor* executor, std::vector<float>& out) {
  out.resize(in.size() / layer.inputs * layer.outputs);
  MultiplyByRows(in, {floats + layer.weights, layer.inputs * layer.outputs}, layer.inputs, executor,
                 out);
  const float* biases = floats + layer.biases;
  for (size_t row = 0; row < out.size(); row += layer.outputs) {
    for (size_t i = 0; i < layer.outputs; ++i) {
      const float value = out[row + i] + biases[i];
      out[row + i] = rectified ? std::max(value, 0.0f) : value;
    }
  }
}

// (columns, rows) of (rows, columns).
void Transpose(const float* in, size_t rows, size_t columns, std::vector<float>& out) {
  constexpr size_t kBlock = 16;
  out.resize(rows * columns);
  for (size_t r = 0; r < rows; r += kBlock) {
    for (size_t c = 0; c < columns; c += kBlock) {
      for (size_t i = r; i < std::min(r + kBlock, rows); ++i) {
        for (size_t j = c; j < std::min(c + kBlock, columns); ++j) {
          out[j * rows + i] = in[i * columns + j];
        }
      }
    }
  }
}

class Trainer {
 public:
  Trainer(const NetworkShape& shape, const Training& training)
      : training_(training),
        layers_(LayersOf(shape, training.num_targets)),
        dim_(shape.dim),
        random_(training.seed) {
    const size_t count = layers_.back().biases + layers_.back().outputs;
    floats_.resize(count);
    gradient_.resize(count);
    mean_.resize(count);
    square_.resize(count);
    std::normal_distribution<float> normal;
    for (const Layer& layer : layers_) {
      // K. He et al., ICCV 2015; the targets begin near their mean.
      const bool last = &layer == &layers_.back();
      const float scale = (last ? 0.1f : 1.0f) * std::sqrt(2.0f / static_cast<float>(layer.inputs));
      for (size_t i = layer.weights; i < layer.biases; ++i) floats_[i] = scale * normal(random_);
    }
  }

  absl::StatusOr<std::vector<float>> Run(size_t num_floats) {
    const size_t count = training_.vectors.size() / dim_;
    const size_t batch = std::clamp<size_t>(training_.batch, 1, count);
    std::vector<uint32_t> order(count);
    std::iota(order.begin(), order.end(), 0u);
    for (int64_t epoch = 0; epoch < training_.num_epochs; ++epoch) {
      for (size_t i = count; i > 1; --i) std::swap(order[i - 1], order[random_() % i]);
      for (size_t begin = 0; begin + batch <= count; begin += batch) {
        if (training_.cancellation != nullptr) {
          ELANUS_RETURN_IF_ERROR(training_.cancellation->Check());
        }
        Gradient({order.data() + begin, batch});
        Step();
      }
      if (training_.progress) {
        training_.progress(static_cast<double>(epoch + 1) /
                           static_cast<double>(training_.num_epochs));
      }
    }
    floats_.resize(num_floats);
    return std::move(floats_);
  }

 private:
  // Of the mean squared error of these vectors.
  void Gradient(std::span<const uint32_t> vectors) {
    const size_t num_targets = training_.num_targets;
    outputs_.resize(layers_.size() + 1);  // Of the layer before each.
    outputs_[0].clear();
    for (const uint32_t i : vectors) {
      const auto vector = training_.vectors.subspan(i * dim_, dim_);
      outputs_[0].insert(outputs_[0].end(), vector.begin(), vector.end());
    }
    for (size_t l = 0; l < layers_.size(); ++l) {
      Forward(layers_[l], floats_.data(), outputs_[l], l + 1 < layers_.size(), training_.executor,
              outputs_[l + 1]);
    }
    errors_ = outputs_.back();
    const float scale = 2 / static_cast<float>(vectors.size());
    for (size_t i = 0; i < vectors.size(); ++i) {
      const float* target = &training_.targets[vectors[i] * num_targets];
      for (size_t t = 0; t < num_targets; ++t) {
        float& error = errors_[i * num_targets + t];
        error = scale * (error - target[t]);
      }
    }
    for (size_t l = layers_.size(); l-- > 0;) Backward(l, vectors.size());
  }

  // errors_: (batch, outputs) becomes that of the layer's inputs.
  void Backward(size_t l, size_t batch) {
    const Layer& layer = layers_[l];
    Transpose(errors_.data(), batch, layer.outputs, errors_by_output_);
    Transpose(outputs_[l].data(), batch, layer.inputs, inputs_by_column_);
    MultiplyByRows(errors_by_output_, inputs_by_column_, batch, training_.executor,
                   {&gradient_[layer.weights], layer.inputs * layer.outputs});
    for (size_t i = 0; i < layer.outputs; ++i) {
      const float* errors = &errors_by_output_[i * batch];
      gradient_[layer.biases + i] = std::accumulate(errors, errors + batch, 0.0f);
    }
    if (l == 0) return;
    Transpose(&floats_[layer.weights], layer.outputs, layer.inputs, weights_by_input_);
    input_errors_.resize(batch * layer.inputs);
    MultiplyByRows(errors_, weights_by_input_, layer.outputs, training_.executor, input_errors_);
    for (size_t i = 0; i < input_errors_.size(); ++i) {
      if (!(outputs_[l][i] > 0)) input_errors_[i] = 0;  // The rectifier was flat there.
    }
    std::swap(errors_, input_errors_);
  }

  void Step() {
    constexpr float kMeanDecay = 0.9f, kSquareDecay = 0.999f, kLeast = 1e-8f;  // Of the paper.
    ++steps_;
    const auto rate =
        static_cast<float>(training_.learning_rate * std::sqrt(1 - std::pow(kSquareDecay, steps_)) /
                           (1 - std::pow(kMeanDecay, steps_)));
    for (size_t i = 0; i < floats_.size(); ++i) {
      const float gradient = gradient_[i];
      mean_[i] = kMeanDecay * mean_[i] + (1 - kMeanDecay) * gradient;
      square_[i] = kSquareDecay * square_[i] + (1 - kSquareDecay) * gradient * gradient;
      floats_[i] -= rate * mean_[i] / (std::sqrt(square_[i]) + kLeast);
    }
  }

  const Training& training_;
  const std::vector<Layer> layers_;  // The last one is that to the targets.
  const size_t dim_;
  std::mt19937_64 random_;
  int64_t steps_ = 0;
  std::vector<float> floats_, gradient_, mean_, square_;
  std::vector<std::vector<float>> outputs_;
  std::vector<float> errors_, input_errors_, errors_by_output_, inputs_by_column_,
      weights_by_input_;
};

}  // namespace

void ApplyNetwork(const NetworkShape& shape, std::span<const float> floats,
                  std::span<const float> vectors, Executor* executor, std::vector<float>& out) {
  std::vector<float> in(vectors.begin(), vectors.end());
  for (const Layer& layer : LayersOf(shape, 0)) {
    Forward(layer, floats.data(), in, true, executor, out);
    std::swap(in, out);
  }
  std::swap(in, out);
}

absl::StatusOr<std::vector<float>> TrainNetwork(const NetworkShape& shape,
                                                const Training& training) {
  return Trainer(shape, training).Run(shape.NumFloats());
}

}  // namespace elanus::index
