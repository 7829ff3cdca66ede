#include "kernels/nibble_codes.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "kernels/simd_targets_test.h"

namespace elanus::kernels {
namespace {

int Nibble(const uint8_t* code, size_t d) {
  const uint8_t byte = code[d / 32 * 16 + d % 16];
  return d % 32 < 16 ? byte & 15 : byte >> 4;
}

constexpr size_t kCodes = 11;
const std::vector<size_t> kDims = {1, 15, 16, 31, 32, 33, 64, 96, 100, 128, 200, 384, 768, 1000};

// Codes at the very end of their allocation, so that sanitizers see a read behind them.
std::vector<uint8_t> RandomCodes(size_t dim, std::mt19937_64& random) {
  std::vector<uint8_t> codes(kCodes * NibbleCodeBytes(dim));
  for (uint8_t& byte : codes) byte = static_cast<uint8_t>(random());
  return codes;
}

TEST(NibbleCodes, DistancesAgreeWithDoublePrecisionOnEveryTarget) {
  ForEachSimdTarget([] {
    const NibbleFunctions functions = NibbleFunctionsOfCpu();
    for (const size_t dim : kDims) {
      std::mt19937_64 random(dim);
      const auto codes = RandomCodes(dim, random);
      std::vector<int8_t> weights(NibbleWeightBytes(dim));
      for (size_t d = 0; d < dim; ++d) {
        weights[NibblePlace(dim, d)] = static_cast<int8_t>(random() % 3 == 0 ? 127 : random());
      }
      std::vector<float> terms(kCodes);
      for (float& term : terms) term = static_cast<float>(random() % 1000);
      std::vector<uint32_t> ids;
      for (size_t count = 0; count <= kCodes; ++count) {
        for (const bool with_terms : {false, true}) {
          std::vector<float> out(count + 1, -1);
          functions.distances({codes.data(), with_terms ? terms.data() : nullptr, dim},
                              {weights.data(), 0.5f, 3}, ids.data(), count, out.data());
          for (size_t i = 0; i < count; ++i) {
            double expected = 3 + (with_terms ? terms[ids[i]] : 0);
            for (size_t d = 0; d < dim; ++d) {
              expected += 0.5 * weights[NibblePlace(dim, d)] *
                          Nibble(codes.data() + ids[i] * NibbleCodeBytes(dim), d);
            }
            ASSERT_EQ(out[i], static_cast<float>(expected)) << "dim " << dim << " id " << ids[i];
          }
          EXPECT_EQ(out[count], -1) << "wrote behind the distances";
        }
        ids.push_back(static_cast<uint32_t>((count * 7 + 3) % kCodes));
      }
    }
  });
}

TEST(NibbleCodes, WeightsOfACodeAreTheSameOnEveryTarget) {
  ForEachSimdTarget([] {
    const NibbleFunctions functions = NibbleFunctionsOfCpu();
    for (const size_t dim : kDims) {
      std::mt19937_64 random(dim);
      const auto codes = RandomCodes(dim, random);
      std::vector<int16_t> a(NibbleWeightBytes(dim)), b(a.size());
      for (size_t d = 0; d < dim; ++d) {
        a[NibblePlace(dim, d)] = static_cast<int16_t>(random() % 2001 - 1000);
        b[NibblePlace(dim, d)] = static_cast<int16_t>(random() % 30001 - 15000);
      }
      std::vector<int8_t> weights(a.size(), 99);
      const int32_t sum =
          functions.weights_of(codes.data(), dim, a.data(), b.data(), weights.data());
      std::vector<int8_t> expected(a.size(), 0);
      int32_t expected_sum = 0;
      for (size_t d = 0; d < dim; ++d) {
        const size_t at = NibblePlace(dim, d);
        expected[at] =
            static_cast<int8_t>((a[at] * (2 * Nibble(codes.data(), d) - 15) + b[at] + 128) >> 8);
        expected_sum += expected[at];
      }
      EXPECT_EQ(weights, expected) << dim;
      EXPECT_EQ(sum, expected_sum) << dim;
    }
  });
}

}  // namespace
}  // namespace elanus::kernels
