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

TEST(NibbleCodes, TilesAgreeWithDistancesOneByOneOnEveryTarget) {
  ForEachSimdTarget([] {
    const NibbleFunctions functions = NibbleFunctionsOfCpu();
    for (const size_t dim : kDims) {
      std::mt19937_64 random(dim);
      const auto codes = RandomCodes(dim, random);
      for (const size_t count : {1, 16, 17, 40}) {
        std::vector<uint32_t> ids(count);
        for (uint32_t& id : ids) id = static_cast<uint32_t>(random() % kCodes);
        std::vector<uint8_t> packed(NibblePackedBytes(dim, count), 99);
        PackNibbleCodes(codes.data(), dim, ids.data(), count, packed.data());
        const size_t stride = (count + 15) / 16 * 16 + 3;
        for (const size_t num_queries : {1, 2, 7, 10, 11, 23}) {
          std::vector<int8_t> weights(num_queries * NibbleWeightBytes(dim));
          std::vector<NibbleQuery> queries;
          for (size_t q = 0; q < num_queries; ++q) {
            int8_t* own = weights.data() + q * NibbleWeightBytes(dim);
            for (size_t d = 0; d < dim; ++d) {
              own[NibblePlace(dim, d)] = static_cast<int8_t>(random());
            }
            queries.push_back({own, 0.5f, static_cast<float>(q)});
          }
          std::vector<float> terms(kCodes), own_terms(stride), out(num_queries * stride, -1);
          for (float& term : terms) term = static_cast<float>(random() % 1000);
          for (size_t i = 0; i < count; ++i) own_terms[i] = terms[ids[i]];
          for (const bool with_terms : {false, true}) {
            functions.tile(queries.data(), num_queries, packed.data(), (count + 15) / 16, dim,
                           with_terms ? own_terms.data() : nullptr, out.data(), stride);
            for (size_t q = 0; q < num_queries; ++q) {
              std::vector<float> expected(count);
              functions.distances({codes.data(), with_terms ? terms.data() : nullptr, dim},
                                  queries[q], ids.data(), count, expected.data());
              for (size_t i = 0; i < count; ++i) ASSERT_EQ(out[q * stride + i], expected[i]);
              EXPECT_EQ(out[q * stride + stride - 1], -1) << "wrote behind the groups";
            }
          }
        }
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
