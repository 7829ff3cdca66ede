#include "index/rotation.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <random>

namespace elanus::index {
namespace {

TEST(Rotation, KeepsInnerProductsAndSpreadsWhatLiesInOneComponent) {
  std::mt19937_64 random(4);
  std::normal_distribution<float> normal;
  for (const size_t dim : {1, 2, 3, 17, 64, 100, 384, 511}) {
    const Rotation rotation(dim, 9);
    std::vector<float> a(dim), b(dim), ra(dim), rb(dim);
    for (float& value : a) value = normal(random);
    for (float& value : b) value = normal(random);
    rotation.Apply(a.data(), ra.data());
    rotation.Apply(b.data(), rb.data());
    const auto dot = [](const std::vector<float>& x, const std::vector<float>& y) {
      return std::inner_product(x.begin(), x.end(), y.begin(), 0.0);
    };
    EXPECT_NEAR(dot(ra, rb), dot(a, b), 1e-4 * static_cast<double>(dim)) << dim;
    EXPECT_NEAR(dot(ra, ra), dot(a, a), 1e-4 * static_cast<double>(dim)) << dim;
    if (dim < 64) continue;
    // One component in, many out: none holds much of it.
    for (size_t d = 0; d < dim; d += dim / 7) {
      std::vector<float> unit(dim), out(dim);
      unit[d] = 1;
      rotation.Apply(unit.data(), out.data());
      double fourth =
          0;  // 1 / dim where all are equal, 3 / dim for a Gaussian, 1 for one component.
      for (const float value : out) fourth += std::pow(double{value}, 4);
      EXPECT_LT(fourth, 8.0 / static_cast<double>(dim)) << dim << " component " << d;
    }
  }
}

TEST(Rotation, IsMadeByItsSeed) {
  const std::vector<float> in = {1, 2, 3, 4, 5, 6, 7};
  std::vector<float> a(7), b(7), c(7);
  Rotation(7, 1).Apply(in.data(), a.data());
  Rotation(7, 1).Apply(in.data(), b.data());
  Rotation(7, 2).Apply(in.data(), c.data());
  EXPECT_EQ(a, b);
  EXPECT_NE(a, c);
}

}  // namespace
}  // namespace elanus::index
