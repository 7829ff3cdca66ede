#include "kernels/half.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "kernels/simd_targets_test.h"

namespace elanus::kernels {
namespace {

// The value of a binary16 pattern by its definition.
double Float16Value(uint16_t half) {
  const int exponent = half >> 10 & 31, mantissa = half & 1023;
  const double sign = half >> 15 ? -1 : 1;
  if (exponent == 31) return mantissa ? std::nan("") : sign * INFINITY;
  return exponent == 0 ? sign * std::ldexp(mantissa, -24)
                       : sign * std::ldexp(1024 + mantissa, exponent - 25);
}

TEST(Half, EveryFiniteFloat16PatternReadsAsItsDefinitionSays) {
  std::vector<uint16_t> all(65536);
  for (size_t i = 0; i < all.size(); ++i) all[i] = static_cast<uint16_t>(i);
  ForEachSimdTarget([&] {
    std::vector<float> values(all.size());
    HalfToFloat(ElementType::kFloat16, all.data(), all.size(), values.data());
    for (size_t i = 0; i < all.size(); ++i) {
      const double expected = Float16Value(all[i]);
      if (std::isnan(expected)) {
        ASSERT_TRUE(std::isnan(Float16ToFloat(all[i]))) << i;
      } else {
        ASSERT_EQ(Float16ToFloat(all[i]), expected) << i;
        if (std::isfinite(expected)) {
          ASSERT_EQ(values[i], expected) << i;
        }
      }
    }
  });
}

TEST(Half, FiniteFloat16SurvivesTheWayToFloatAndBack) {
  for (uint32_t i = 0; i < 65536; ++i) {
    const float value = Float16ToFloat(static_cast<uint16_t>(i));
    if (!std::isnan(value)) {
      ASSERT_EQ(FloatToFloat16(value), i);
    }
  }
}

TEST(Half, RoundsToTheNearestAndTiesToEven) {
  for (uint32_t i = 0; i < 0x7BFF; ++i) {  // Each pair of positive neighbours.
    const double low = Float16Value(static_cast<uint16_t>(i));
    const double high = Float16Value(static_cast<uint16_t>(i + 1));
    const float middle = static_cast<float>((low + high) / 2);
    ASSERT_EQ(FloatToFloat16(middle), i % 2 == 0 ? i : i + 1) << middle;
    ASSERT_EQ(FloatToFloat16(std::nextafter(middle, 0.0f)), i);
    ASSERT_EQ(FloatToFloat16(-std::nextafter(middle, 1e9f)), (i + 1) | 0x8000u);
  }
  EXPECT_EQ(FloatToFloat16(65519.99f), 0x7BFF);
  EXPECT_EQ(FloatToFloat16(65520.0f), 0x7C00);
  EXPECT_EQ(FloatToBFloat16(1.0f), 0x3F80);
  EXPECT_EQ(FloatToBFloat16(std::bit_cast<float>(0x3F808000u)), 0x3F80);  // Tie: even.
  EXPECT_EQ(FloatToBFloat16(std::bit_cast<float>(0x3F818000u)), 0x3F82);
  EXPECT_TRUE(std::isnan(BFloat16ToFloat(FloatToBFloat16(std::nanf("")))));
  EXPECT_TRUE(std::isnan(Float16ToFloat(FloatToFloat16(std::nanf("")))));
}

TEST(Half, SaysWhenAFiniteValueDoesNotFit) {
  const float fits[3] = {1.0f, -65504.0f, 1e-30f}, too_large[3] = {1.0f, 70000.0f, 2.0f};
  uint16_t out[3];
  EXPECT_TRUE(FloatToHalf(ElementType::kFloat16, fits, 3, out));
  EXPECT_FALSE(FloatToHalf(ElementType::kFloat16, too_large, 3, out));
  EXPECT_TRUE(FloatToHalf(ElementType::kBFloat16, too_large, 3, out));
  const float limit[1] = {std::numeric_limits<float>::max()};
  EXPECT_FALSE(FloatToHalf(ElementType::kBFloat16, limit, 1, out));
}

TEST(Half, FindsANanOrInfinityAtAnyPlace) {
  ForEachSimdTarget([] {
    for (size_t count = 1; count <= 70; ++count) {
      std::vector<float> floats(count, std::numeric_limits<float>::max());
      std::vector<uint16_t> float16(count, 0x7BFF), bfloat16(count, 0xFF7F);
      EXPECT_TRUE(AllFinite(ElementType::kFloat32, floats.data(), count));
      EXPECT_TRUE(AllFinite(ElementType::kFloat16, float16.data(), count));
      EXPECT_TRUE(AllFinite(ElementType::kBFloat16, bfloat16.data(), count));
      for (size_t at = 0; at < count; ++at) {
        for (const float bad : {INFINITY, -INFINITY, std::nanf("")}) {
          auto damaged = floats;
          damaged[at] = bad;
          EXPECT_FALSE(AllFinite(ElementType::kFloat32, damaged.data(), count));
        }
        for (const uint16_t bad : {0x7C00, 0xFC00, 0x7C01}) {
          auto damaged = float16;
          damaged[at] = bad;
          EXPECT_FALSE(AllFinite(ElementType::kFloat16, damaged.data(), count));
        }
        for (const uint16_t bad : {0x7F80, 0xFF80, 0x7F81}) {
          auto damaged = bfloat16;
          damaged[at] = bad;
          EXPECT_FALSE(AllFinite(ElementType::kBFloat16, damaged.data(), count));
        }
      }
    }
  });
}

TEST(Half, IntegersAreAlwaysFinite) {
  const uint8_t bytes[4] = {0xFF, 0xFF, 0xFF, 0xFF};
  EXPECT_TRUE(AllFinite(ElementType::kInt8, bytes, 4));
  EXPECT_TRUE(AllFinite(ElementType::kBinary, bytes, 32));
}

}  // namespace
}  // namespace elanus::kernels
