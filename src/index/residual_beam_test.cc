#include "index/residual_beam.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

namespace elanus::index {
namespace {

constexpr size_t kDim = 6, kEntries = 8, kLevels = 3;

struct World {
  std::vector<float> values, squares;
  std::vector<kernels::CentroidPanels> panels;

  explicit World(uint64_t seed) : values(kLevels * kEntries * kDim) {
    std::mt19937_64 random(seed);
    std::normal_distribution<float> normal;
    for (float& value : values) value = normal(random);
    for (size_t level = 0; level < kLevels; ++level) {
      panels.emplace_back(&values[level * kEntries * kDim], kEntries, kDim);
    }
    for (size_t at = 0; at < values.size(); at += kDim) {
      float sum = 0;
      for (size_t d = 0; d < kDim; ++d) sum += values[at + d] * values[at + d];
      squares.push_back(sum);
    }
  }
  ResidualLevels levels() const { return {panels, values.data(), squares.data(), kEntries, kDim}; }
  double Error(const std::vector<float>& vector, const uint32_t* codes) const {
    double error = 0;
    for (size_t d = 0; d < kDim; ++d) {
      double left = vector[d];
      for (size_t level = 0; level < kLevels; ++level) {
        left -= values[(level * kEntries + codes[level]) * kDim + d];
      }
      error += left * left;
    }
    return error;
  }
};

TEST(ResidualBeam, FindsTheBestCodesWhenItKeepsAllAndBetterOnesTheMoreItKeeps) {
  const World world(3);
  std::mt19937_64 random(4);
  std::normal_distribution<float> normal(0, 2);
  BeamScratch scratch;
  double greedy = 0, narrow = 0, all = 0;
  for (int i = 0; i < 50; ++i) {
    std::vector<float> vector(kDim);
    for (float& value : vector) value = normal(random);
    const auto error = [&](size_t beam) {
      uint32_t codes[kLevels];
      EncodeByBeam(world.levels(), vector.data(), beam, scratch, codes);
      return world.Error(vector, codes);
    };
    double best = std::numeric_limits<double>::infinity();
    for (uint32_t code = 0; code < kEntries * kEntries * kEntries; ++code) {
      const uint32_t codes[] = {code % kEntries, code / kEntries % kEntries,
                                code / kEntries / kEntries};
      best = std::min(best, world.Error(vector, codes));
    }
    EXPECT_NEAR(error(kEntries * kEntries), best, 1e-4 * (1 + best));
    greedy += error(1);
    narrow += error(4);
    all += best;
  }
  EXPECT_LT(narrow, greedy);
  EXPECT_LT(all, narrow);
}

TEST(ResidualBeam, GivesValidCodesForValuesThatAreNotFinite) {
  const World world(5);
  BeamScratch scratch;
  for (const float value :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(), 3e38f}) {
    const std::vector<float> vector(kDim, value);
    uint32_t codes[kLevels];
    EncodeByBeam(world.levels(), vector.data(), 4, scratch, codes);
    for (const uint32_t code : codes) EXPECT_LT(code, kEntries);
  }
}

}  // namespace
}  // namespace elanus::index
