#include "index/scalar_codes.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "index/record_query.h"
#include "kernels/scalar_codes.h"

namespace elanus::index {
namespace {

using kernels::Metric;

// Codes as records: the term, then the packed components.
class ScalarQuery final : public RecordQuery {
 public:
  ScalarQuery(const CodeSpec& spec, size_t dim, Metric metric, const float* low, const float* step,
              const float* query)
      : RecordQuery(sizeof(float) + kernels::ScalarCodeBytes(dim, static_cast<int>(spec.bits))),
        bits_(static_cast<int>(spec.bits)),
        dim_(dim),
        weight_(DotWeight(metric)),
        query_(dim + kernels::kScalarGroup) {
    std::vector<float> scaled(dim);
    double offset = 0;
    for (size_t d = 0; d < dim; ++d) {
      scaled[d] = query[d] * step[d];
      offset += static_cast<double>(query[d]) * low[d];
    }
    offset_ = static_cast<float>(offset);
    unit_ = kernels::QuantizeQuery(scaled.data(), dim, query_.data());
  }

 private:
  void Compare(const uint8_t* records, const uint32_t* ids, size_t count, const CodeShift& shift,
               float* out) const override {
    int32_t dots[kBatch];
    kernels::ScalarCodeDots(query_.data(), dim_, bits_, records + sizeof(float), stride(), ids,
                            count, dots);
    for (size_t i = 0; i < count; ++i) {
      float term;
      std::memcpy(&term, records + (ids != nullptr ? ids[i] : i) * stride(), sizeof(term));
      out[i] = CodeDistance(shift, term, weight_, offset_ + unit_ * static_cast<float>(dots[i]));
    }
  }

  const int bits_;
  const size_t dim_;
  const float weight_;
  std::vector<int16_t> query_;
  float unit_ = 0, offset_ = 0;
};

class ScalarCodes final : public CodeStore {
 public:
  ScalarCodes(const CodeSpec& spec, size_t dim, Metric metric, std::vector<float> ranges)
      : spec_(spec), dim_(dim), metric_(metric), ranges_(std::move(ranges)) {}

  size_t RunBytes(size_t rows) const override { return rows * stride(); }
  void Encode(const float* residuals, const float* centre, size_t count, size_t begin,
              size_t run_rows, uint8_t* run) const override;
  std::unique_ptr<CodeQuery> Query(const float* query) const override {
    return std::make_unique<ScalarQuery>(spec_, dim_, metric_, low(), step(), query);
  }
  std::vector<uint8_t> Parameters() const override {
    const Bytes bytes = BytesOf(ranges_);
    return {bytes.begin(), bytes.end()};
  }
  int64_t memory_bytes() const override {
    return static_cast<int64_t>(sizeof(*this) + ranges_.capacity() * sizeof(float));
  }

 private:
  const float* low() const { return ranges_.data(); }
  const float* step() const { return ranges_.data() + dim_; }
  size_t stride() const {
    return sizeof(float) + kernels::ScalarCodeBytes(dim_, static_cast<int>(spec_.bits));
  }

  const CodeSpec spec_;
  const size_t dim_;
  const Metric metric_;
  const std::vector<float> ranges_;  // The smallest value of each component, then the steps.
};

void ScalarCodes::Encode(const float* residuals, const float* centre, size_t count, size_t begin,
                         size_t /*run_rows*/, uint8_t* run) const {
  std::vector<uint8_t> values(dim_);
  std::vector<float> inverse(dim_);
  for (size_t d = 0; d < dim_; ++d) inverse[d] = step()[d] > 0 ? 1 / step()[d] : 0;
  const auto top = static_cast<float>((1u << spec_.bits) - 1);
  for (size_t i = 0; i < count; ++i) {
    const float* r = residuals + i * dim_;
    float squared = 0, dot = 0, decoded_dot = 0;
    for (size_t d = 0; d < dim_; ++d) {
      const float level = (r[d] - low()[d]) * inverse[d] + 0.5f;
      const float bounded = level > 0 ? (level < top ? level : top) : 0;  // NaN becomes 0.
      values[d] = static_cast<uint8_t>(bounded);
      squared += r[d] * r[d];
      dot += centre[d] * r[d];
      decoded_dot += centre[d] * (low()[d] + step()[d] * static_cast<float>(values[d]));
    }
    uint8_t* record = run + (begin + i) * stride();
    const float term = CodeTerm(metric_, squared, dot, decoded_dot);
    std::memcpy(record, &term, sizeof(term));
    kernels::PackScalarCode(values.data(), dim_, static_cast<int>(spec_.bits),
                            record + sizeof(term));
  }
}

struct Range {
  float low = 0, step = 0;
};

// The range in `count` steps with the least squared error over the values.
Range BestRange(const std::vector<float>& values, float steps) {
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  Range best{*least, (*most - *least) / steps};
  if (!std::isfinite(best.step) || !(best.step > 0)) {
    return {std::isfinite(*least) ? *least : 0, 0};
  }
  double best_error = std::numeric_limits<double>::infinity();
  // With 255 steps cutting off outliers gains little, with 15 much.
  for (const float keep : {1.0f, 0.9f, 0.8f, 0.7f, 0.6f, 0.5f}) {
    const float middle = (*least + *most) / 2, half = (*most - *least) / 2 * keep;
    const Range range{middle - half, 2 * half / steps};
    double error = 0;
    for (const float value : values) {
      const float level =
          std::clamp(std::floor((value - range.low) / range.step + 0.5f), 0.f, steps);
      const float lost = range.low + range.step * level - value;
      error += lost * lost;
    }
    if (error < best_error) {
      best_error = error;
      best = range;
    }
  }
  return best;
}

}  // namespace

absl::StatusOr<std::unique_ptr<CodeStore>> TrainScalarCodes(const CodeSpec& spec,
                                                            const CodeTraining& training) {
  const size_t dim = training.dim;
  const std::vector<float>& residuals = *training.residuals;
  const auto steps = static_cast<float>((1u << spec.bits) - 1);
  std::vector<float> ranges(2 * dim);
  if (spec.kind == CodeKind::kUniform && !residuals.empty()) {
    const Range range = BestRange(residuals, steps);
    std::fill_n(ranges.begin(), dim, range.low);
    std::fill_n(ranges.begin() + static_cast<ptrdiff_t>(dim), dim, range.step);
  } else if (!residuals.empty()) {
    const auto train = [&](size_t d) {
      std::vector<float> values;
      values.reserve(residuals.size() / dim);
      for (size_t at = d; at < residuals.size(); at += dim) values.push_back(residuals[at]);
      const Range range = BestRange(values, steps);
      ranges[d] = range.low;
      ranges[dim + d] = range.step;
    };
    if (training.executor != nullptr) {
      training.executor->ParallelFor(dim, train);
    } else {
      for (size_t d = 0; d < dim; ++d) train(d);
    }
  }
  if (training.cancellation != nullptr) ELANUS_RETURN_IF_ERROR(training.cancellation->Check());
  return std::make_unique<ScalarCodes>(spec, dim, training.metric, std::move(ranges));
}

std::unique_ptr<CodeStore> OpenScalarCodes(const CodeSpec& spec, size_t dim, kernels::Metric metric,
                                           Bytes parameters) {
  if (parameters.size() != 2 * dim * sizeof(float)) return nullptr;
  std::vector<float> ranges(2 * dim);
  std::memcpy(ranges.data(), parameters.data(), parameters.size());
  return std::make_unique<ScalarCodes>(spec, dim, metric, std::move(ranges));
}

}  // namespace elanus::index
