#include "kernels/nearest_set.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "kernels/simd_targets_test.h"

namespace elanus::kernels {
namespace {

bool Less(const NearestSet::Entry& a, const NearestSet::Entry& b) {
  return a.distance != b.distance ? a.distance < b.distance : a.position < b.position;
}

// Offers `values` in runs of all lengths and compares the distances with those of a plain sort.
void ExpectNearest(NearestSet& set, const std::vector<float>& values, size_t width) {
  std::vector<NearestSet::Entry> expected;
  for (uint32_t i = 0; i < values.size(); ++i) {
    if (values[i] < std::numeric_limits<float>::infinity()) expected.push_back({values[i], i});
  }
  std::sort(expected.begin(), expected.end(), Less);
  expected.resize(std::min(expected.size(), width));
  set.Begin(width);
  for (size_t at = 0, run = 1; at < values.size(); run = run % 97 + 1) {
    const size_t count = std::min(run, values.size() - at);
    set.Offer(values.data() + at, count, static_cast<uint32_t>(at));
    at += count;
  }
  const auto& sorted = set.Sorted();
  ASSERT_EQ(sorted.size(), expected.size());
  EXPECT_TRUE(std::is_sorted(sorted.begin(), sorted.end(), Less));
  for (size_t i = 0; i < expected.size(); ++i) {
    // Of equals at the end any may be kept.
    ASSERT_EQ(sorted[i].distance, expected[i].distance) << i << " of " << width;
    ASSERT_EQ(values[sorted[i].position], sorted[i].distance);
  }
}

TEST(NearestSet, HoldsTheNearestOfAllThatWasOfferedOnEveryTarget) {
  ForEachSimdTarget([] {
    NearestSet set;
    std::mt19937_64 random(3);
    std::normal_distribution<float> normal;
    for (const size_t width : {1, 2, 15, 16, 47, 200}) {
      for (const size_t count : {0, 1, 16, 100, 399, 1000, 5000}) {
        std::vector<float> values(count);
        for (float& value : values) value = normal(random);
        ExpectNearest(set, values, width);
        for (float& value : values) value = static_cast<float>(random() % 5);  // Ties.
        ExpectNearest(set, values, width);
        for (float& value : values) value = -7;
        ExpectNearest(set, values, width);
        for (size_t i = 0; i < count; ++i) values[i] = static_cast<float>(count - i) * 1e30f;
        ExpectNearest(set, values, width);  // Each nearer than all before; some infinitely far.
      }
    }
  });
}

}  // namespace
}  // namespace elanus::kernels
