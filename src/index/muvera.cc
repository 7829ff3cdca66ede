#include "index/muvera.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>
#include <random>

#include "index/row_products.h"

namespace elanus::index {
namespace {

// Encodings of defaults have whole vectors up to 146 components. Measured, as in muvera.h, dim 64:
// projected to 36 of 64 components 0.42, to 18 0.36.
constexpr size_t kDimsWanted = 16384;
constexpr size_t kWidthMin = 8;  // The narrowest projection of the paper.
constexpr size_t kMeanVectors = 100'000;

double Dot(const float* a, const float* b, size_t dim) {
  double sum = 0;
  for (size_t d = 0; d < dim; ++d) sum += static_cast<double>(a[d]) * b[d];
  return sum;
}

}  // namespace

size_t MuveraShape::PartWidth(size_t dim) const {
  return std::min(dim, std::max(kWidthMin, kDimsWanted / (num_repeats * num_parts())));
}

size_t MuveraShape::EncodedDim(size_t dim, kernels::Metric metric) const {
  const size_t square = metric == kernels::Metric::kL2 ? 1 : 0;
  return num_repeats * num_parts() * (PartWidth(dim) + square);
}

MuveraShape MuveraShapeOf(const Params& params) {
  return {.num_planes = static_cast<uint32_t>(IntParam(params, "muvera_num_projections", 4)),
          .num_repeats = static_cast<uint32_t>(IntParam(params, "muvera_num_repeats", 7)),
          .seed = static_cast<uint64_t>(IntParam(params, "muvera_seed", 42))};
}

Muvera::Muvera(const MuveraShape& shape, const TokenForm& form, std::span<const float> floats)
    : shape_(shape),
      form_(form),
      width_(shape.PartWidth(form.dim())),
      mean_(floats.first(form.dim())),
      planes_(floats.subspan(form.dim())) {
  thresholds_.resize(size_t{shape.num_repeats} * shape.num_planes);
  for (size_t i = 0; i < thresholds_.size() && !has_squares(); ++i) {
    thresholds_[i] = static_cast<float>(Dot(&planes_[i * form.dim()], mean_.data(), form.dim()));
  }
  for (size_t repeat = 0; repeat < shape.num_repeats && width_ < form.dim(); ++repeat) {
    rotations_.emplace_back(form.dim(), shape.seed + repeat);
  }
}

int64_t Muvera::memory_bytes() const {
  size_t bytes = thresholds_.capacity() * sizeof(float);
  for (const Rotation& rotation : rotations_) bytes += rotation.memory_bytes();
  return static_cast<int64_t>(bytes);
}

Muvera::List Muvera::Read(const uint8_t* list, int64_t num_vectors) const {
  const size_t dim = form_.dim(), count = static_cast<size_t>(num_vectors);
  List out{std::vector<float>(count * dim), std::vector<float>(count * thresholds_.size())};
  for (size_t i = 0; i < count; ++i) {
    float* form = &out.forms[i * dim];
    form_.Get(list + static_cast<int64_t>(i) * form_.width(), form);
    for (size_t d = 0; d < dim && has_squares(); ++d) form[d] -= mean_[d];
  }
  MultiplyByRows(out.forms, planes_, dim, nullptr, out.products);
  return out;
}

Muvera::Projected Muvera::Project(const List& list, size_t repeat) const {
  const size_t dim = form_.dim(), count = list.forms.size() / dim;
  const float scale = std::sqrt(static_cast<float>(dim) / static_cast<float>(width_));
  Projected out;
  out.vectors.resize(count * width_);
  out.parts.resize(count);
  std::vector<float> rotated(dim);
  for (size_t i = 0; i < count; ++i) {
    const float* form = &list.forms[i * dim];
    for (size_t plane = 0; plane < shape_.num_planes; ++plane) {
      const size_t at = repeat * shape_.num_planes + plane;
      const bool above = list.products[i * thresholds_.size() + at] > thresholds_[at];
      out.parts[i] |= static_cast<uint32_t>(above) << plane;
    }
    if (rotations_.empty()) {
      std::copy_n(form, dim, &out.vectors[i * width_]);
      continue;
    }
    rotations_[repeat].Apply(form, rotated.data());
    for (size_t d = 0; d < width_; ++d) out.vectors[i * width_ + d] = rotated[d] * scale;
  }
  return out;
}

ListEncoder::Query Muvera::Encode(const uint8_t* list, int64_t num_vectors) const {
  Query query{.vector = std::vector<float>(dim())};
  const size_t stride = dim() / (shape_.num_repeats * shape_.num_parts());
  const List read = Read(list, num_vectors);
  for (size_t repeat = 0; repeat < shape_.num_repeats; ++repeat) {
    const Projected projected = Project(read, repeat);
    for (size_t i = 0; i < projected.parts.size(); ++i) {
      float* part = &query.vector[(repeat * shape_.num_parts() + projected.parts[i]) * stride];
      for (size_t d = 0; d < width_; ++d) part[d] += projected.vectors[i * width_ + d];
      if (has_squares()) part[width_] -= 0.5f;
    }
  }
  KeepFinite(query.vector.data(), query.vector.size());
  query.scale = 1.0 / shape_.num_repeats;
  switch (form_.metric()) {
    case kernels::Metric::kL2:  // |q|^2 - 2 (q p - |p|^2 / 2)
      query.offset = Dot(read.forms.data(), read.forms.data(), read.forms.size());
      query.scale *= 2;
      break;
    case kernels::Metric::kHamming:  // (dim - q p) / 2
      query.offset = static_cast<double>(num_vectors) * static_cast<double>(form_.dim()) / 2;
      query.scale /= 2;
      break;
    case kernels::Metric::kJaccard:
      query.offset = static_cast<double>(num_vectors);
      break;
    case kernels::Metric::kIp:
    case kernels::Metric::kCosine:
    case kernels::Metric::kSubstructure:
    case kernels::Metric::kSuperstructure:
    case kernels::Metric::kMinHash:
      break;
  }
  return query;
}

void Muvera::EncodeRow(const uint8_t* list, int64_t num_vectors, float* out) const {
  std::fill_n(out, dim(), 0.0f);
  const size_t parts = shape_.num_parts(), stride = dim() / (shape_.num_repeats * parts);
  const List read = Read(list, num_vectors);
  std::vector<float> squares(static_cast<size_t>(num_vectors));
  for (size_t i = 0; i < squares.size() && has_squares(); ++i) {
    const float* form = &read.forms[i * form_.dim()];
    squares[i] = static_cast<float>(Dot(form, form, form_.dim()));
  }
  std::vector<uint32_t> counts;
  for (size_t repeat = 0; repeat < shape_.num_repeats; ++repeat) {
    const Projected projected = Project(read, repeat);
    const auto add = [&](size_t i, size_t part, float share) {
      float* to = out + (repeat * parts + part) * stride;
      for (size_t d = 0; d < width_; ++d) to[d] += share * projected.vectors[i * width_ + d];
      if (has_squares()) to[width_] += share * squares[i];
    };
    counts.assign(parts, 0);
    for (const uint32_t part : projected.parts) ++counts[part];
    for (size_t i = 0; i < projected.parts.size(); ++i) {
      add(i, projected.parts[i], 1 / static_cast<float>(counts[projected.parts[i]]));
    }
    for (uint32_t part = 0; part < parts; ++part) {
      if (counts[part] > 0) continue;
      const auto nearest = std::min_element(
          projected.parts.begin(), projected.parts.end(), [part](uint32_t a, uint32_t b) {
            return std::popcount(a ^ part) < std::popcount(b ^ part);
          });
      add(static_cast<size_t>(nearest - projected.parts.begin()), part, 1);
    }
  }
  KeepFinite(out, dim());
}

std::vector<float> MuveraFloats(const MuveraShape& shape, const TokenForm& form,
                                const ElementRows& lists) {
  const size_t dim = form.dim();
  std::vector<float> floats(shape.NumFloats(dim)), vector(dim);
  std::vector<uint32_t> elements(static_cast<size_t>(lists.num_elements()));
  std::iota(elements.begin(), elements.end(), 0u);
  const std::vector<uint32_t> sample = SampleOf(elements, kMeanVectors, shape.seed);
  std::vector<double> mean(dim);
  for (const uint32_t element : sample) {
    form.Get(lists.vectors().Row(element), vector.data());
    for (size_t d = 0; d < dim; ++d) mean[d] += vector[d];
  }
  for (size_t d = 0; d < dim; ++d) {
    floats[d] =
        static_cast<float>(mean[d] / std::max<double>(static_cast<double>(sample.size()), 1));
  }
  std::mt19937_64 random(shape.seed);
  std::normal_distribution<float> normal;
  for (size_t i = dim; i < floats.size(); ++i) floats[i] = normal(random);
  return floats;
}

}  // namespace elanus::index
