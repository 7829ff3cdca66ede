#include "index/lemur.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include "index/row_products.h"
#include "kernels/distance.h"

namespace elanus::index {
namespace {

// Rows whose gains the network learns. More than it has features leave none of these idle.
constexpr size_t kTargetsMax = 1024;
// Vectors that rows are fitted to, for each feature.
constexpr size_t kFittedPerFeature = 8;
constexpr size_t kFittedMin = 2048;
// Added to the features' variances, of their mean: directions that hardly vary are noise.
constexpr double kRidge = 1e-3;
// Vectors of the sample that are compared with a row at a time.
constexpr size_t kTile = 256;

}  // namespace

LemurShape LemurShapeOf(const Params& params) {
  return {.hidden = static_cast<uint32_t>(IntParam(params, "lemur_hidden_dim", 256)),
          .num_layers = static_cast<uint32_t>(IntParam(params, "lemur_num_layers", 2))};
}

Lemur::Lemur(const LemurShape& shape, const TokenForm& form, std::span<const float> floats)
    : shape_(shape),
      form_(form),
      floats_(floats),
      network_(floats.subspan(2 + form.dim(), shape.network(form.dim()).NumFloats())),
      feature_mean_(floats.subspan(2 + form.dim() + network_.size(), shape.hidden)),
      factor_(floats.last(size_t{shape.hidden} * shape.hidden)) {}

void Lemur::Features(std::span<const float> inputs, Executor* executor,
                     std::vector<float>& out) const {
  ApplyNetwork(shape_.network(form_.dim()), network_, inputs, executor, out);
  for (size_t row = 0; row < out.size(); row += shape_.hidden) {
    for (size_t i = 0; i < shape_.hidden; ++i) out[row + i] -= feature_mean_[i];
  }
}

void Lemur::Whiten(float* features) const {
  for (size_t i = 0; i < shape_.hidden; ++i) {
    const float* factor = &factor_[i * shape_.hidden];
    double sum = features[i];
    for (size_t j = 0; j < i; ++j) sum -= static_cast<double>(factor[j]) * features[j];
    features[i] = static_cast<float>(sum / factor[i]);
  }
}

ListEncoder::Query Lemur::Encode(const uint8_t* list, int64_t num_vectors) const {
  const size_t dim = form_.dim();
  const float* mean = &floats_[2];
  std::vector<float> inputs(static_cast<size_t>(num_vectors) * dim), features;
  for (int64_t i = 0; i < num_vectors; ++i) {
    float* input = &inputs[static_cast<size_t>(i) * dim];
    form_.Get(list + i * form_.width(), input);
    for (size_t d = 0; d < dim; ++d) input[d] = (input[d] - mean[d]) * floats_[1];
  }
  Features(inputs, nullptr, features);
  Query query{.vector = std::vector<float>(shape_.EncodedDim())};
  for (size_t row = 0; row < features.size(); row += shape_.hidden) {
    for (size_t i = 0; i < shape_.hidden; ++i) query.vector[i] += features[row + i];
  }
  Whiten(query.vector.data());
  query.vector[shape_.hidden] = static_cast<float>(num_vectors);
  KeepFinite(query.vector.data(), query.vector.size());
  query.offset = -static_cast<double>(num_vectors) * mean_gain();
  return query;
}

// g of vectors of the sample: what each adds to MaxSim with a row.
class LemurBuilder::Gains {
 public:
  Gains(const LemurBuilder& builder, size_t count)
      : lists_(builder.lists_),
        dim_(builder.form_.dim()),
        functions_(kernels::DistanceFunctionsFor(ElementTypeOf(lists_.vectors().type),
                                                 builder.form_.metric())),
        queries_(functions_, dim_, builder.vectors_.data(), count) {}

  size_t count() const { return queries_.size(); }

  // out: count() floats; scratch: any. The row has a vector at least.
  void Of(int64_t row, float* out, std::vector<float>& scratch) const {
    const auto num_vectors = static_cast<size_t>(lists_.End(row) - lists_.Begin(row));
    const uint8_t* list = lists_.vectors().Row(lists_.Begin(row));
    scratch.resize(kTile * num_vectors);
    for (size_t begin = 0; begin < count(); begin += kTile) {
      const size_t tile = std::min(kTile, count() - begin);
      functions_.tile(queries_.data() + begin, tile, list, num_vectors, dim_, scratch.data(),
                      num_vectors);
      for (size_t i = 0; i < tile; ++i) {
        const float* distances = &scratch[i * num_vectors];
        out[begin + i] = -*std::min_element(distances, distances + num_vectors);
      }
    }
    KeepFinite(out, count());
  }

 private:
  const ElementRows& lists_;
  const size_t dim_;
  const kernels::DistanceFunctions functions_;
  const kernels::PreparedQueries queries_;
};

LemurBuilder::LemurBuilder(const BuildOptions& options, const ElementRows& lists,
                           const TokenForm& form)
    : options_(options), lists_(lists), form_(form), shape_(LemurShapeOf(options.params)) {
  floats_.resize(shape_.NumFloats(form.dim()));
}

LemurBuilder::~LemurBuilder() = default;

// Samples vectors and brings them to a mean of 0 and a spread of 1.
void LemurBuilder::Standardise() {
  const size_t dim = form_.dim();
  std::vector<uint32_t> elements(static_cast<size_t>(lists_.num_elements()));
  std::iota(elements.begin(), elements.end(), 0u);
  const auto wanted =
      static_cast<size_t>(IntParam(options_.params, "lemur_num_train_samples", 20'000));
  std::vector<uint32_t> sample = SampleOf(elements, wanted, options_.seed);
  // In any order, so that the first ones are a sample too.
  std::mt19937_64 random(options_.seed);
  for (size_t i = sample.size(); i > 1; --i) std::swap(sample[i - 1], sample[random() % i]);
  const int64_t width = lists_.vectors().width();
  vectors_.resize(sample.size() * static_cast<size_t>(width));
  inputs_.resize(sample.size() * dim);
  std::vector<double> sums(dim);
  for (size_t i = 0; i < sample.size(); ++i) {
    const uint8_t* vector = lists_.vectors().Row(sample[i]);
    std::copy_n(vector, width, &vectors_[i * static_cast<size_t>(width)]);
    form_.Get(vector, &inputs_[i * dim]);
    for (size_t d = 0; d < dim; ++d) sums[d] += inputs_[i * dim + d];
  }
  const auto count = static_cast<double>(sample.size());
  float* mean = &floats_[2];
  for (size_t d = 0; d < dim; ++d) mean[d] = static_cast<float>(sums[d] / count);
  double squares = 0;
  for (size_t i = 0; i < inputs_.size(); ++i) {
    inputs_[i] -= mean[i % dim];
    squares += static_cast<double>(inputs_[i]) * inputs_[i];
  }
  const double spread = std::sqrt(squares / (count * static_cast<double>(dim)));
  floats_[1] = spread > 1e-12 ? static_cast<float>(1 / spread) : 1;
  for (float& input : inputs_) input *= floats_[1];
}

// The gains of some rows, of mean 0 each and of unit variance together.
void LemurBuilder::DrawTargets(const Gains& gains) {
  std::vector<uint32_t> rows;
  for (int64_t row = 0; row < lists_.num_rows(); ++row) {
    if (!lists_.IsEmpty(row)) rows.push_back(static_cast<uint32_t>(row));
  }
  rows =
      SampleOf(rows, std::min<size_t>(kTargetsMax, 2 * size_t{shape_.hidden}), options_.seed + 1);
  num_targets_ = rows.size();
  targets_.resize(gains.count() * num_targets_);
  std::vector<double> means(num_targets_), squares(num_targets_);
  const auto draw = [&](size_t t) {
    if (options_.cancellation != nullptr && options_.cancellation->cancelled()) return;
    std::vector<float> out(gains.count()), scratch;
    gains.Of(rows[t], out.data(), scratch);
    const auto count = static_cast<double>(out.size());
    means[t] = std::accumulate(out.begin(), out.end(), 0.0) / count;
    for (size_t i = 0; i < out.size(); ++i) {
      const double deviation = out[i] - means[t];
      squares[t] += deviation * deviation / count;
      targets_[i * num_targets_ + t] = static_cast<float>(deviation);
    }
  };
  if (options_.executor != nullptr) {
    options_.executor->ParallelFor(num_targets_, draw);
  } else {
    for (size_t t = 0; t < num_targets_; ++t) draw(t);
  }
  const auto number = static_cast<double>(num_targets_);
  floats_[0] = static_cast<float>(std::accumulate(means.begin(), means.end(), 0.0) / number);
  const double spread = std::sqrt(std::accumulate(squares.begin(), squares.end(), 0.0) / number);
  const auto scale = static_cast<float>(spread > 1e-12 ? 1 / spread : 1);
  for (float& target : targets_) target *= scale;
}

// The features' mean, and the factor of their covariance (Cholesky's).
absl::Status LemurBuilder::Decorrelate() {
  const size_t hidden = shape_.hidden, count = num_fitted_;
  float* const mean = floats_.data() + floats_.size() - hidden * hidden - hidden;
  float* const factor = mean + hidden;
  std::vector<float> features;
  Lemur(shape_, form_, floats_)
      .Features({inputs_.data(), count * form_.dim()}, options_.executor, features);
  for (size_t i = 0; i < hidden; ++i) {
    double sum = 0;
    for (size_t row = 0; row < count; ++row) sum += features[row * hidden + i];
    mean[i] = static_cast<float>(sum / static_cast<double>(count));
  }
  feature_columns_.resize(hidden * count);
  for (size_t row = 0; row < count; ++row) {
    for (size_t i = 0; i < hidden; ++i) {
      feature_columns_[i * count + row] = features[row * hidden + i] - mean[i];
    }
  }
  MultiplyByRows(feature_columns_, feature_columns_, count, options_.executor,
                 {factor, hidden * hidden});
  for (size_t i = 0; i < hidden * hidden; ++i) factor[i] /= static_cast<float>(count);
  double trace = 0;
  for (size_t i = 0; i < hidden; ++i) trace += factor[i * hidden + i];
  const double ridge = kRidge * trace / static_cast<double>(hidden) + 1e-6;
  for (size_t i = 0; i < hidden; ++i) {
    if (options_.cancellation != nullptr) ELANUS_RETURN_IF_ERROR(options_.cancellation->Check());
    factor[i * hidden + i] += static_cast<float>(ridge);
    for (size_t j = 0; j <= i; ++j) {
      double sum = factor[i * hidden + j];
      const float* a = &factor[i * hidden];
      const float* b = &factor[j * hidden];
      for (size_t d = 0; d < j; ++d) sum -= static_cast<double>(a[d]) * b[d];
      factor[i * hidden + j] = i == j ? static_cast<float>(std::sqrt(std::max(sum, ridge)))
                                      : static_cast<float>(sum / factor[j * hidden + j]);
    }
    std::fill(&factor[i * hidden + i] + 1, factor + (i + 1) * hidden, 0.0f);
  }
  return absl::OkStatus();
}

absl::Status LemurBuilder::Learn() {
  Standardise();
  {
    const Gains gains(*this, inputs_.size() / form_.dim());
    DrawTargets(gains);
  }
  if (options_.cancellation != nullptr) ELANUS_RETURN_IF_ERROR(options_.cancellation->Check());
  const Training training{
      .vectors = inputs_,
      .targets = targets_,
      .num_targets = num_targets_,
      .num_epochs = IntParam(options_.params, "lemur_num_epochs", 50),
      .batch = static_cast<size_t>(IntParam(options_.params, "lemur_batch_size", 512)),
      .learning_rate = DoubleParam(options_.params, "lemur_learning_rate", 1e-3),
      .seed = options_.seed,
      .executor = options_.executor,
      .cancellation = options_.cancellation,
      .progress = options_.progress};
  ELANUS_ASSIGN_OR_RETURN(std::vector<float> network,
                          TrainNetwork(shape_.network(form_.dim()), training));
  KeepFinite(network.data(), network.size());  // A rate that is too large ends in anything.
  std::copy(network.begin(), network.end(), &floats_[2 + form_.dim()]);
  std::vector<float>().swap(targets_);
  const size_t count = inputs_.size() / form_.dim();
  num_fitted_ = std::min(count, std::max(kFittedMin, kFittedPerFeature * shape_.hidden));
  ELANUS_RETURN_IF_ERROR(Decorrelate());
  KeepFinite(floats_.data(), floats_.size());
  fitted_ = std::make_unique<const Gains>(*this, num_fitted_);
  return absl::OkStatus();
}

void LemurBuilder::EncodeRows(int64_t begin, int64_t end, float* out) const {
  const size_t hidden = shape_.hidden, dim = shape_.EncodedDim(), count = num_fitted_;
  const auto num_rows = static_cast<size_t>(end - begin);
  const Lemur encoder(shape_, form_, floats_);
  std::vector<float> gains(num_rows * count), weights(num_rows * hidden), scratch;
  std::vector<float> means(num_rows, encoder.mean_gain());
  for (size_t i = 0; i < num_rows; ++i) {
    const int64_t row = begin + static_cast<int64_t>(i);
    if (lists_.IsEmpty(row)) continue;
    float* const of_row = &gains[i * count];
    fitted_->Of(row, of_row, scratch);
    means[i] = static_cast<float>(std::accumulate(of_row, of_row + count, 0.0) /
                                  static_cast<double>(count));
    for (size_t j = 0; j < count; ++j) of_row[j] -= means[i];
  }
  MultiplyByRows(gains, feature_columns_, count, nullptr, weights);
  for (size_t i = 0; i < num_rows; ++i) {
    float* const encoding = out + i * dim;
    for (size_t f = 0; f < hidden; ++f) {
      encoding[f] = weights[i * hidden + f] / static_cast<float>(count);
    }
    encoder.Whiten(encoding);
    encoding[hidden] = means[i] - encoder.mean_gain();
    KeepFinite(encoding, dim);
  }
}

}  // namespace elanus::index
