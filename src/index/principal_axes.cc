#include "index/principal_axes.h"

#include <algorithm>
#include <cmath>
#include <random>

#include "index/row_products.h"
#include "kernels/distance.h"

namespace elanus::index {
namespace {

constexpr int kRounds =
    5;  // Of the iteration: enough for axes to code by, which need not be exact.
// What is left of a direction of length 1 when it lies in the span of others.
constexpr float kNothingLeft = 1e-4f;

// Gram-Schmidt, each row twice: once is not enough for float32.
void Orthonormalise(std::vector<float>& rows, size_t width) {
  const auto functions =
      kernels::DistanceFunctionsFor(kernels::ElementType::kFloat32, kernels::Metric::kIp);
  std::vector<float> dots;
  const auto length = [&](const float* row) {
    double squared = 0;
    for (size_t d = 0; d < width; ++d) squared += static_cast<double>(row[d]) * row[d];
    return static_cast<float>(std::sqrt(squared));
  };
  for (size_t i = 0; i < rows.size() / width; ++i) {
    float* row = &rows[i * width];
    for (int pass = 0; pass < 2; ++pass) {
      const float before = length(row);
      for (size_t d = 0; d < width; ++d) row[d] = before > 0 ? row[d] / before : 0;
      dots.resize(i);
      functions.rows({row, 0}, reinterpret_cast<const uint8_t*>(rows.data()), i, width,
                     dots.data());
      for (size_t j = 0; j < i; ++j) {
        const float* other = &rows[j * width];
        for (size_t d = 0; d < width; ++d) row[d] += dots[j] * other[d];  // dots are negated.
      }
      const float after = length(row);
      const float scale = after > kNothingLeft && std::isfinite(after) ? 1 / after : 0;
      for (size_t d = 0; d < width; ++d) row[d] = scale > 0 ? row[d] * scale : 0;
    }
  }
}

}  // namespace

absl::StatusOr<std::vector<float>> PrincipalAxes(const std::vector<float>& vectors, size_t dim,
                                                 size_t num_axes, uint64_t seed, Executor* executor,
                                                 const Cancellation* cancellation) {
  std::mt19937_64 random(seed);
  std::vector<float> axes(num_axes * dim), next, covariance;
  for (float& value : axes) {
    value = static_cast<float>(static_cast<double>(random() >> 11) * 0x1p-52 - 1);
  }
  Orthonormalise(axes, dim);
  const size_t count = vectors.size() / dim;
  if (count == 0) return axes;
  std::vector<float> components(vectors.size());  // (dim, count).
  for (size_t i = 0; i < count; ++i) {
    for (size_t d = 0; d < dim; ++d) {
      const float value = vectors[i * dim + d];
      components[d * count + i] = std::isfinite(value) ? value : 0;
    }
  }
  covariance.resize(dim * dim);
  MultiplyByRows(components, components, count, executor, covariance);
  next.resize(axes.size());
  for (int round = 0; round < kRounds; ++round) {
    if (cancellation != nullptr) ELANUS_RETURN_IF_ERROR(cancellation->Check());
    MultiplyByRows(axes, covariance, dim, executor, next);
    std::swap(axes, next);
    Orthonormalise(axes, dim);
  }
  return axes;
}

}  // namespace elanus::index
