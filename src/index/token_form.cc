#include "index/token_form.h"

#include <algorithm>
#include <cmath>

namespace elanus::index {
namespace {
// Products of two are far from float's largest.
constexpr float kLargest = 1e15f;
}  // namespace

void TokenForm::Get(const uint8_t* vector, float* out) const {
  if (vectors_.type != schema::DataType::kBinaryVector) {
    floats_.Convert(vector, out);
    KeepFinite(out, dim());
    return;
  }
  const float unset = metric_ == kernels::Metric::kHamming ? -1.0f : 0.0f;
  for (size_t d = 0; d < dim(); ++d) out[d] = (vector[d / 8] >> (d % 8) & 1) != 0 ? 1.0f : unset;
  if (metric_ != kernels::Metric::kHamming) ToUnitLength(out, dim());
}

void KeepFinite(float* values, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    values[i] = std::isnan(values[i]) ? 0 : std::clamp(values[i], -kLargest, kLargest);
  }
}

}  // namespace elanus::index
