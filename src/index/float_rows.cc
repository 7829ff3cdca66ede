#include "index/float_rows.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>

#include "kernels/half.h"

namespace elanus::index {
void ToUnitLength(float* vector, size_t dim) {
  double sum = 0;
  for (size_t d = 0; d < dim; ++d) sum += static_cast<double>(vector[d]) * vector[d];
  if (!(sum > 0) || !std::isfinite(sum)) return;
  const double scale = 1 / std::sqrt(sum);
  for (size_t d = 0; d < dim; ++d) vector[d] = static_cast<float>(vector[d] * scale);
}

void FloatRows::Convert(const uint8_t* vector, float* out) const {
  switch (ElementTypeOf(rows_.type)) {
    case kernels::ElementType::kFloat32:
      std::memcpy(out, vector, dim() * sizeof(float));
      break;
    case kernels::ElementType::kInt8:
      for (size_t d = 0; d < dim(); ++d) out[d] = static_cast<int8_t>(vector[d]);
      break;
    case kernels::ElementType::kFloat16:
    case kernels::ElementType::kBFloat16:
    case kernels::ElementType::kBinary:  // Has no such form; HalfToFloat refuses it.
      kernels::HalfToFloat(ElementTypeOf(rows_.type), vector, dim(), out);
      break;
  }
  if (unit_length_) ToUnitLength(out, dim());
}

std::vector<uint32_t> SampleOf(const std::vector<uint32_t>& members, size_t count, uint64_t seed) {
  if (count >= members.size()) return members;
  std::mt19937_64 random(seed);
  std::vector<uint32_t> sample = members;
  for (size_t i = 0; i < count; ++i) {  // The first part of a shuffle.
    std::swap(sample[i], sample[i + random() % (sample.size() - i)]);
  }
  sample.resize(count);
  std::sort(sample.begin(), sample.end());
  return sample;
}

}  // namespace elanus::index
