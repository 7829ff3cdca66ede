#include "kernels/centroid_panels.h"

#include <gtest/gtest.h>

#include <random>

#include "kernels/simd_targets_test.h"

namespace elanus::kernels {
namespace {

std::vector<float> RandomFloats(size_t count, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> values(count);
  for (float& value : values) value = normal(random);
  return values;
}

TEST(CentroidPanels, AgreeWithDoublePrecisionOnEveryTarget) {
  constexpr size_t kRows = 55;  // A chunk of 48, a tile of 6, one row.
  for (const size_t dim : {1, 2, 3, 8, 17, 96}) {
    for (const size_t count : {1, 5, 63, 64, 65, 200}) {
      const auto centroids = RandomFloats(count * dim, dim * 1000 + count);
      const size_t stride = dim + 3;
      const auto rows = RandomFloats(kRows * stride, count);
      ForEachSimdTarget([&] {
        const CentroidPanels panels(centroids.data(), count, dim);
        std::vector<uint32_t> nearest(kRows);
        panels.Nearest(rows.data(), stride, kRows, nearest.data());
        std::vector<float> dots(count + 1, -1);
        for (size_t r = 0; r < kRows; ++r) {
          panels.Dots(&rows[r * stride], dots.data());
          double least = 1e300, found = 0;
          for (size_t c = 0; c < count; ++c) {
            double dot = 0, l2 = 0, magnitude = 0;
            for (size_t d = 0; d < dim; ++d) {
              const double x = rows[r * stride + d], y = centroids[c * dim + d];
              dot += x * y;
              magnitude += std::abs(x * y);
              l2 += (x - y) * (x - y);
            }
            ASSERT_NEAR(dots[c], dot, 1e-5 * (magnitude + 1)) << dim << " " << count;
            least = std::min(least, l2);
            if (c == nearest[r]) found = l2;
          }
          ASSERT_LT(nearest[r], count);
          ASSERT_NEAR(found, least, 1e-4 * (least + 1)) << dim << " " << count << " row " << r;
        }
        EXPECT_EQ(dots[count], -1) << "wrote behind the last centroid";
      });
    }
  }
}

TEST(CentroidPanels, OfEqualCentroidsTheFirstIsNearest) {
  const std::vector<float> centroids(130 * 2, 1.0f);
  const std::vector<float> rows = {1, 1, 5, -3, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8};
  ForEachSimdTarget([&] {
    const CentroidPanels panels(centroids.data(), 130, 2);
    std::vector<uint32_t> nearest(7, 9);
    panels.Nearest(rows.data(), 2, 7, nearest.data());
    EXPECT_EQ(nearest, std::vector<uint32_t>(7, 0));
  });
}

}  // namespace
}  // namespace elanus::kernels
