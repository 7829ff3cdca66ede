#include "index/row_products.h"

#include <algorithm>
#include <functional>

#include "common/check.h"
#include "kernels/distance.h"

namespace elanus::index {
namespace {

constexpr size_t kTile = 32;

void ForEach(Executor* executor, size_t count, const std::function<void(size_t)>& body) {
  if (executor != nullptr) return executor->ParallelFor(count, body);
  for (size_t i = 0; i < count; ++i) body(i);
}

}  // namespace

void MultiplyByRows(std::span<const float> a, std::span<const float> b, size_t width,
                    Executor* executor, std::span<float> out) {
  const auto functions =
      kernels::DistanceFunctionsFor(kernels::ElementType::kFloat32, kernels::Metric::kIp);
  const size_t a_rows = a.size() / width, b_rows = b.size() / width;
  ELANUS_CHECK(out.size() == a_rows * b_rows);
  ForEach(executor, (a_rows + kTile - 1) / kTile, [&](size_t tile) {
    const size_t begin = tile * kTile, count = std::min(kTile, a_rows - begin);
    const kernels::PreparedQueries queries(
        functions, width, reinterpret_cast<const uint8_t*>(&a[begin * width]), count);
    for (size_t row = 0; row < b_rows; row += kTile) {
      functions.tile(queries.data(), count, reinterpret_cast<const uint8_t*>(&b[row * width]),
                     std::min(kTile, b_rows - row), width, &out[begin * b_rows + row], b_rows);
    }
    for (size_t i = begin * b_rows; i < (begin + count) * b_rows; ++i) out[i] = -out[i];
  });
}

}  // namespace elanus::index
