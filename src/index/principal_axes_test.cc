#include "index/principal_axes.h"

#include <gtest/gtest.h>

#include <random>

namespace elanus::index {
namespace {

double Dot(const float* a, const float* b, size_t dim) {
  double sum = 0;
  for (size_t d = 0; d < dim; ++d) sum += double{a[d]} * b[d];
  return sum;
}

TEST(PrincipalAxes, AreOrthonormalAndSpanTheDirectionsOfMostVariance) {
  constexpr size_t kDim = 37, kAxes = 5, kCount = 500;
  std::mt19937_64 random(3);
  std::normal_distribution<float> normal;
  // Large along five directions that are no axes of the coordinates, small elsewhere.
  std::vector<float> directions(kAxes * kDim), vectors(kCount * kDim);
  for (float& value : directions) value = normal(random);
  for (size_t i = 0; i < kCount; ++i) {
    for (size_t d = 0; d < kDim; ++d) vectors[i * kDim + d] = 0.01f * normal(random);
    for (size_t a = 0; a < kAxes; ++a) {
      const float along = normal(random);
      for (size_t d = 0; d < kDim; ++d) vectors[i * kDim + d] += along * directions[a * kDim + d];
    }
  }
  const auto axes = PrincipalAxes(vectors, kDim, kAxes, 1, nullptr, nullptr);
  ASSERT_TRUE(axes.ok());
  ASSERT_EQ(axes->size(), kAxes * kDim);
  for (size_t a = 0; a < kAxes; ++a) {
    for (size_t b = 0; b < kAxes; ++b) {
      EXPECT_NEAR(Dot(&(*axes)[a * kDim], &(*axes)[b * kDim], kDim), a == b ? 1 : 0, 1e-4);
    }
  }
  double kept = 0, all = 0;
  for (size_t i = 0; i < kCount; ++i) {
    const float* v = &vectors[i * kDim];
    all += Dot(v, v, kDim);
    for (size_t a = 0; a < kAxes; ++a) {
      const double along = Dot(v, &(*axes)[a * kDim], kDim);
      kept += along * along;
    }
  }
  EXPECT_GT(kept / all, 0.9999);
  Executor executor({.name = "test", .num_threads = 3});
  EXPECT_EQ(*PrincipalAxes(vectors, kDim, kAxes, 1, &executor, nullptr), *axes);
}

TEST(PrincipalAxes, AreZeroWhereTheVectorsHaveNoDirection) {
  const std::vector<float> same = {1, 2, 3, 1, 2, 3};
  const auto axes = PrincipalAxes(same, 3, 2, 1, nullptr, nullptr);
  ASSERT_TRUE(axes.ok());
  EXPECT_NEAR(std::abs(Dot(axes->data(), same.data(), 3)), std::sqrt(14.0), 1e-3);
  EXPECT_NEAR(Dot(&(*axes)[3], same.data(), 3), 0, 1e-3);
  EXPECT_TRUE(PrincipalAxes({}, 3, 2, 1, nullptr, nullptr).ok());
}

}  // namespace
}  // namespace elanus::index
