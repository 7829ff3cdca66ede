#include "kernels/scalar_codes.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "kernels/simd_targets_test.h"

namespace elanus::kernels {
namespace {

std::vector<uint8_t> RandomValues(size_t dim, int bits, std::mt19937_64& random) {
  std::vector<uint8_t> values(dim);
  for (uint8_t& value : values) value = static_cast<uint8_t>(random() % (1u << bits));
  return values;
}

constexpr size_t kDims[] = {1, 2, 3, 5, 31, 63, 64, 65, 100, 128, 191, 384, 777};

TEST(ScalarCodes, UnpackToWhatWasPacked) {
  std::mt19937_64 random(1);
  for (const int bits : {4, 6, 8}) {
    for (const size_t dim : kDims) {
      const auto values = RandomValues(dim, bits, random);
      std::vector<uint8_t> code(ScalarCodeBytes(dim, bits)), back(dim);
      PackScalarCode(values.data(), dim, bits, code.data());
      UnpackScalarCode(code.data(), dim, bits, back.data());
      EXPECT_EQ(back, values) << bits << " bits, dim " << dim;
    }
  }
  EXPECT_EQ(ScalarCodeBytes(384, 6), 288u);
  EXPECT_EQ(ScalarCodeBytes(100, 4), 50u);
}

TEST(ScalarCodes, DotsAreExactOnEveryTargetInAnyOrderUnaligned) {
  constexpr size_t kCodes = 9;
  std::mt19937_64 random(2);
  for (const int bits : {4, 6, 8}) {
    for (const size_t dim : kDims) {
      std::vector<int16_t> query((dim + 63) / 64 * 64);
      for (size_t d = 0; d < dim; ++d) query[d] = static_cast<int16_t>(random() % 60001 - 30000);
      const size_t bytes = ScalarCodeBytes(dim, bits), stride = bytes + 5;
      // The last code ends where the buffer does, so that sanitizers see a read behind it.
      std::vector<uint8_t> codes(1 + (kCodes - 1) * stride + bytes);
      std::vector<int32_t> expected(kCodes);
      for (size_t i = 0; i < kCodes; ++i) {
        const auto values = RandomValues(dim, bits, random);
        PackScalarCode(values.data(), dim, bits, &codes[1 + i * stride]);
        int64_t sum = 0;
        for (size_t d = 0; d < dim; ++d) sum += int64_t{query[d]} * values[d];
        expected[i] = static_cast<int32_t>(sum);
        ASSERT_EQ(expected[i], sum);
      }
      const uint32_t ids[kCodes] = {8, 0, 3, 1, 7, 2, 6, 4, 5};
      ForEachSimdTarget([&] {
        std::vector<int32_t> out(kCodes), gathered(kCodes);
        ScalarCodeDots(query.data(), dim, bits, &codes[1], stride, nullptr, kCodes, out.data());
        EXPECT_EQ(out, expected) << bits << " bits, dim " << dim;
        ScalarCodeDots(query.data(), dim, bits, &codes[1], stride, ids, kCodes, gathered.data());
        for (size_t i = 0; i < kCodes; ++i) EXPECT_EQ(gathered[i], expected[ids[i]]);
      });
    }
  }
}

TEST(ScalarCodes, AQueryInIntegersKeepsItsValuesAndNeverOverflows) {
  std::mt19937_64 random(3);
  std::normal_distribution<float> normal;
  for (const size_t dim : {size_t{1}, size_t{64}, size_t{384}, size_t{32768}}) {
    for (const float scale : {1e-30f, 1.0f, 1e30f}) {
      std::vector<float> query(dim);
      for (float& value : query) value = std::abs(normal(random)) * scale;
      std::vector<int16_t> out((dim + 63) / 64 * 64);
      const double unit = QuantizeQuery(query.data(), dim, out.data());
      int64_t sum = 0;
      for (size_t d = 0; d < dim; ++d) {
        EXPECT_NEAR(out[d] * unit, query[d], unit * 0.51);
        sum += std::abs(out[d]);
      }
      EXPECT_LE(sum * 255, INT32_MAX);
      EXPECT_GT(sum, dim < 1000 ? 30000 : 1000000) << "coarser than need be";
    }
  }
  const float nothing[3] = {}, huge[3] = {3e38f, -3e38f, 3e38f};
  int16_t out[64];
  QuantizeQuery(nothing, 3, out);
  EXPECT_EQ(out[0], 0);
  EXPECT_NEAR(QuantizeQuery(huge, 3, out) * out[1], -3e38, 1e35);
}

}  // namespace
}  // namespace elanus::kernels
