#include "index/local_codes.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "index/principal_axes.h"
#include "index/record_query.h"
#include "kernels/distance.h"
#include "kernels/scalar_codes.h"

namespace elanus::index {
namespace {

using kernels::Metric;

// A code begins with these.
struct Facts {
  float term;
  float low;   // What level 0 stands for, and
  float step;  // what lies between two levels.
};

// Facts, then the levels.
struct Layout {
  Layout(const CodeSpec& spec, size_t dim)
      : bits(static_cast<int>(spec.bits)),
        width(spec.parts > 0 ? spec.parts : dim),
        stride(sizeof(Facts) + kernels::ScalarCodeBytes(width, bits)) {}

  const int bits;
  const size_t width;  // Components coded.
  const size_t stride;
};

class LocalQuery final : public RecordQuery {
 public:
  // query: (layout.width), of the coded components.
  LocalQuery(const Layout& layout, Metric metric, const std::vector<float>& query)
      : RecordQuery(layout.stride),
        layout_(layout),
        weight_(DotWeight(metric)),
        query_(layout.width + kernels::kScalarGroup) {
    double sum = 0;
    for (const float value : query) sum += value;
    sum_ = static_cast<float>(sum);
    unit_ = kernels::QuantizeQuery(query.data(), layout.width, query_.data());
  }

 private:
  void Compare(const uint8_t* codes, const uint32_t* ids, size_t count, const CodeShift& shift,
               float* out) const override {
    int32_t dots[kBatch];
    kernels::ScalarCodeDots(query_.data(), layout_.width, layout_.bits, codes + sizeof(Facts),
                            stride(), ids, count, dots);
    for (size_t i = 0; i < count; ++i) {
      Facts facts;
      std::memcpy(&facts, codes + (ids != nullptr ? ids[i] : i) * stride(), sizeof(facts));
      const float dot = facts.low * sum_ + facts.step * unit_ * static_cast<float>(dots[i]);
      out[i] = CodeDistance(shift, facts.term, weight_, dot);
    }
  }

  const Layout& layout_;
  const float weight_;
  std::vector<int16_t> query_;
  float unit_ = 0, sum_ = 0;
};

class LocalCodes final : public CodeStore {
 public:
  // axes: (layout.width, dim), or empty: components are coded as they are.
  LocalCodes(const CodeSpec& spec, size_t dim, Metric metric, std::vector<float> axes)
      : layout_(spec, dim), dim_(dim), metric_(metric), axes_(std::move(axes)) {}

  size_t RunBytes(size_t rows) const override { return rows * layout_.stride; }
  void Encode(const float* residuals, const float* centre, size_t count, size_t begin,
              size_t run_rows, uint8_t* run) const override;
  std::unique_ptr<CodeQuery> Query(const float* query) const override {
    return std::make_unique<LocalQuery>(layout_, metric_, Reduced(query));
  }
  std::vector<uint8_t> Parameters() const override {
    const Bytes bytes = BytesOf(axes_);
    return {bytes.begin(), bytes.end()};
  }
  int64_t memory_bytes() const override {
    return static_cast<int64_t>(sizeof(*this) + axes_.capacity() * sizeof(float));
  }

 private:
  std::vector<float> Reduced(const float* vector) const;
  // The first level: level numbers into `values`, range into `facts`.
  void ChooseLevels(const std::vector<float>& r, std::vector<uint8_t>& values, Facts& facts) const;

  const Layout layout_;
  const size_t dim_;
  const Metric metric_;
  const std::vector<float> axes_;
};

std::vector<float> LocalCodes::Reduced(const float* vector) const {
  if (axes_.empty()) return {vector, vector + dim_};
  std::vector<float> out(layout_.width);
  kernels::DistanceFunctionsFor(kernels::ElementType::kFloat32, Metric::kIp)
      .rows({vector, 0}, reinterpret_cast<const uint8_t*>(axes_.data()), layout_.width, dim_,
            out.data());
  for (float& value : out) value = -value;
  return out;
}

// Of 4 bits a smaller range than that of all components may lose less.
void LocalCodes::ChooseLevels(const std::vector<float>& r, std::vector<uint8_t>& values,
                              Facts& facts) const {
  const auto top = static_cast<float>((1 << layout_.bits) - 1);
  const auto [least, most] = std::minmax_element(r.begin(), r.end());
  const float middle = (*least + *most) / 2, half = (*most - *least) / 2;
  values.assign(r.size(), 0);
  facts.low = std::isfinite(*least) ? *least : 0;
  facts.step = 0;
  if (!(half > 0) || !std::isfinite(half)) return;
  const auto level = [&](float value, float low, float inverse) {
    return std::clamp(std::floor((value - low) * inverse + 0.5f), 0.f, top);
  };
  double best = std::numeric_limits<double>::infinity();
  for (const float keep : {1.0f, 0.9f, 0.8f, 0.7f}) {
    const float low = middle - half * keep, step = 2 * half * keep / top;
    if (!(step > 0)) return;
    double error = 0;
    for (const float value : r) {
      const float lost = low + step * level(value, low, 1 / step) - value;
      error += lost * lost;
    }
    if (error < best) {
      best = error;
      facts.low = low;
      facts.step = step;
    }
    if (layout_.bits > 4) break;
  }
  const float inverse = facts.step > 0 ? 1 / facts.step : 0;
  for (size_t d = 0; d < r.size(); ++d) {
    const float chosen = level(r[d], facts.low, inverse);
    values[d] = chosen > 0 ? static_cast<uint8_t>(chosen) : 0;  // NaN becomes 0.
  }
}

void LocalCodes::Encode(const float* residuals, const float* centre, size_t count, size_t begin,
                        size_t /*run_rows*/, uint8_t* run) const {
  const std::vector<float> reduced_centre = Reduced(centre);
  std::vector<uint8_t> values;
  for (size_t i = 0; i < count; ++i) {
    const float* r = residuals + i * dim_;
    const std::vector<float> reduced = Reduced(r);
    Facts facts{};
    ChooseLevels(reduced, values, facts);
    float squared = 0, dot = 0, decoded_dot = 0;
    for (size_t d = 0; d < dim_; ++d) {
      squared += r[d] * r[d];
      dot += centre[d] * r[d];
    }
    for (size_t d = 0; d < layout_.width; ++d) {
      const float decoded = facts.low + facts.step * static_cast<float>(values[d]);
      decoded_dot += reduced_centre[d] * decoded;
    }
    facts.term = CodeTerm(metric_, squared, dot, decoded_dot);
    uint8_t* code = run + (begin + i) * layout_.stride;
    std::memcpy(code, &facts, sizeof(facts));
    kernels::PackScalarCode(values.data(), layout_.width, layout_.bits, code + sizeof(facts));
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<CodeStore>> TrainLocalCodes(const CodeSpec& spec,
                                                           const CodeTraining& training) {
  std::vector<float> axes;
  if (spec.parts > 0) {
    ELANUS_ASSIGN_OR_RETURN(
        axes, PrincipalAxes(*training.residuals, training.dim, spec.parts, training.seed,
                            training.executor, training.cancellation));
  }
  return std::make_unique<LocalCodes>(spec, training.dim, training.metric, std::move(axes));
}

std::unique_ptr<CodeStore> OpenLocalCodes(const CodeSpec& spec, size_t dim, Metric metric,
                                          Bytes parameters) {
  if (parameters.size() != spec.parts * dim * sizeof(float)) return nullptr;
  std::vector<float> axes(spec.parts * dim);
  if (!axes.empty()) std::memcpy(axes.data(), parameters.data(), parameters.size());
  return std::make_unique<LocalCodes>(spec, dim, metric, std::move(axes));
}

}  // namespace elanus::index
