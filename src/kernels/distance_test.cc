#include "kernels/distance.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <random>
#include <set>
#include <string>

#include "kernels/half.h"
#include "kernels/simd_targets_test.h"

namespace elanus::kernels {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// Component i of a stored vector, as a number.
double Component(ElementType type, const uint8_t* vector, size_t i) {
  uint16_t half;
  float value;
  switch (type) {
    case ElementType::kFloat32:
      std::memcpy(&value, vector + 4 * i, 4);
      return value;
    case ElementType::kFloat16:
      std::memcpy(&half, vector + 2 * i, 2);
      return Float16ToFloat(half);
    case ElementType::kBFloat16:
      std::memcpy(&half, vector + 2 * i, 2);
      return BFloat16ToFloat(half);
    case ElementType::kInt8:
      return static_cast<int8_t>(vector[i]);
    case ElementType::kBinary:
      return vector[i / 8] >> (i % 8) & 1;
  }
  return 0;
}

struct Expected {
  double distance;
  double scale;  // Sum of the magnitudes of the terms: what rounding errors are relative to.
};

Expected Reference(ElementType type, Metric metric, const uint8_t* a, const uint8_t* b,
                   size_t dim) {
  double dot = 0, l2 = 0, norm_a = 0, norm_b = 0, magnitude = 0, both = 0, either = 0;
  bool a_in_b = true, b_in_a = true;
  for (size_t i = 0; i < dim; ++i) {
    const double x = Component(type, a, i), y = Component(type, b, i);
    dot += x * y;
    magnitude += std::abs(x * y);
    l2 += (x - y) * (x - y);
    norm_a += x * x;
    norm_b += y * y;
    both += x != 0 && y != 0;
    either += x != 0 || y != 0;
    a_in_b &= x == 0 || y != 0;
    b_in_a &= y == 0 || x != 0;
  }
  switch (metric) {
    case Metric::kL2:
      return {l2, l2};
    case Metric::kIp:
      return {-dot, magnitude};
    case Metric::kCosine:
      if (norm_a == 0 || norm_b == 0) return {0, 0};
      return {-dot / std::sqrt(norm_a * norm_b), 1};
    case Metric::kHamming:
      return {either - both, 0};
    case Metric::kJaccard:
      return {either == 0 ? 0 : 1 - both / either, 1};
    case Metric::kSubstructure:
      return {b_in_a ? 0 : kInfinity, 0};
    case Metric::kSuperstructure:
      return {a_in_b ? 0 : kInfinity, 0};
    case Metric::kMinHash: {
      size_t equal = 0;  // Of elements of one byte.
      for (size_t i = 0; i < dim / 8; ++i) equal += a[i] == b[i];
      return {equal == 0 ? kInfinity : -static_cast<double>(equal) / static_cast<double>(dim / 8),
              1};
    }
  }
  return {};
}

std::vector<uint8_t> RandomVectors(ElementType type, size_t count, size_t dim, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<float> normal;
  std::vector<uint8_t> bytes(count * VectorBytes(type, dim));
  if (type == ElementType::kInt8 || type == ElementType::kBinary) {
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
    return bytes;
  }
  std::vector<float> values(count * dim);
  for (float& value : values) value = normal(random);
  if (type == ElementType::kFloat32) {
    std::memcpy(bytes.data(), values.data(), bytes.size());
  } else {
    EXPECT_TRUE(FloatToHalf(type, values.data(), values.size(), bytes.data()));
  }
  return bytes;
}

struct Case {
  ElementType type;
  Metric metric;
};

std::vector<Case> AllCases() {
  std::vector<Case> cases;
  for (const auto type :
       {ElementType::kFloat32, ElementType::kFloat16, ElementType::kBFloat16, ElementType::kInt8}) {
    for (const auto metric : {Metric::kL2, Metric::kIp, Metric::kCosine}) {
      cases.push_back({type, metric});
    }
  }
  for (const auto metric : {Metric::kHamming, Metric::kJaccard, Metric::kSubstructure,
                            Metric::kSuperstructure, Metric::kMinHash}) {
    cases.push_back({ElementType::kBinary, metric});
  }
  return cases;
}

std::vector<size_t> Dims(ElementType type) {
  std::vector<size_t> dims;
  for (size_t dim = 1; dim <= 130; ++dim) dims.push_back(dim);
  dims.insert(dims.end(), {384, 768, 1000});
  if (type == ElementType::kBinary) {
    for (size_t& dim : dims) dim *= 8;
  }
  return dims;
}

void ExpectNear(float actual, const Expected& expected, size_t dim) {
  if (std::isinf(expected.distance)) {
    EXPECT_EQ(actual, static_cast<float>(expected.distance));
    return;
  }
  EXPECT_NEAR(actual, expected.distance, 1e-6 * expected.scale + 1e-6 * std::abs(expected.distance))
      << "dim " << dim;
}

TEST(Distance, AgreesWithDoublePrecisionOnEveryTargetTypeAndLength) {
  constexpr size_t kQueries = 5, kRows = 3;
  ForEachSimdTarget([] {
    for (const auto& [type, metric] : AllCases()) {
      SCOPED_TRACE(std::string(MetricName(metric)) + " type " + std::to_string(int(type)));
      const DistanceFunctions functions = DistanceFunctionsFor(type, metric);
      ASSERT_TRUE(functions.valid());
      for (const size_t dim : Dims(type)) {
        const size_t bytes = VectorBytes(type, dim);
        const auto query_bytes = RandomVectors(type, kQueries, dim, dim);
        // Rows at the very end of their allocation and at an odd address: nothing may be read
        // behind them, and sanitizers see it if it is.
        auto aligned = RandomVectors(type, kRows, dim, dim + 1000);
        if (type == ElementType::kBinary) {  // Make set inclusion happen.
          for (size_t i = 0; i < bytes; ++i) aligned[i] &= query_bytes[i];
          for (size_t i = 0; i < bytes; ++i) aligned[bytes + i] |= query_bytes[i];
        }
        std::vector<uint8_t> storage(aligned.size() + 1);
        std::memcpy(storage.data() + 1, aligned.data(), aligned.size());
        const uint8_t* rows = storage.data() + 1;

        const PreparedQueries queries(functions, dim, query_bytes.data(), kQueries);
        std::vector<float> tile(kQueries * (kRows + 2), -1);
        functions.tile(queries.data(), kQueries, rows, kRows, dim, tile.data(), kRows + 2);
        for (size_t q = 0; q < kQueries; ++q) {
          float contiguous[kRows], scattered[kRows];
          functions.rows(queries[q], rows, kRows, dim, contiguous);
          const uint32_t ids[kRows] = {2, 0, 1};
          functions.gather(queries[q], rows, ids, kRows, dim, scattered);
          for (size_t r = 0; r < kRows; ++r) {
            const Expected expected =
                Reference(type, metric, query_bytes.data() + q * bytes, rows + r * bytes, dim);
            ExpectNear(contiguous[r], expected, dim);
            ExpectNear(tile[q * (kRows + 2) + r], expected, dim);
            EXPECT_EQ(scattered[(r + 1) % 3], contiguous[r]);
          }
          EXPECT_EQ(tile[q * (kRows + 2) + kRows], -1) << "wrote behind the tile";
          EXPECT_EQ(functions.One(queries[q], rows, dim), contiguous[0]);
        }
        if (::testing::Test::HasFailure()) return;
      }
    }
  });
}

TEST(Distance, Int8SumsAreExactAtTheLargestDimension) {
  constexpr size_t kDim = 32768;
  const std::vector<uint8_t> low(kDim, 0x80), high(kDim, 0x7F);  // -128 and 127.
  ForEachSimdTarget([&] {
    const auto l2 = DistanceFunctionsFor(ElementType::kInt8, Metric::kL2);
    EXPECT_EQ(l2.One({low.data(), 0}, high.data(), kDim), static_cast<float>(65025.0 * kDim));
    const auto ip = DistanceFunctionsFor(ElementType::kInt8, Metric::kIp);
    EXPECT_EQ(ip.One({low.data(), 0}, low.data(), kDim), static_cast<float>(-16384.0 * kDim));
  });
}

TEST(Distance, AZeroVectorHasCosineSimilarityZeroWithEverything) {
  ForEachSimdTarget([] {
    for (const auto type : {ElementType::kFloat32, ElementType::kFloat16, ElementType::kBFloat16,
                            ElementType::kInt8}) {
      const auto functions = DistanceFunctionsFor(type, Metric::kCosine);
      const auto some = RandomVectors(type, 1, 33, 7);
      const std::vector<uint8_t> zero(some.size(), 0);
      const PreparedQueries queries(functions, 33, some.data(), 1);
      EXPECT_EQ(functions.One(queries[0], zero.data(), 33), 0);
      const PreparedQueries zeros(functions, 33, zero.data(), 1);
      EXPECT_EQ(functions.One(zeros[0], some.data(), 33), 0);
      EXPECT_EQ(functions.One(zeros[0], zero.data(), 33), 0);
    }
  });
}

TEST(Distance, CosineOfVeryLongAndVeryShortVectorsIsRight) {
  ForEachSimdTarget([] {
    const auto functions = DistanceFunctionsFor(ElementType::kFloat32, Metric::kCosine);
    for (const float scale : {1e-38f, 1e-20f, 1.0f, 1e19f, 1e37f}) {
      for (const float other : {1e-38f, 1.0f, 1e37f}) {
        const float a[3] = {3 * scale, 4 * scale, 0}, b[3] = {4 * other, 3 * other, 0};
        const auto* bytes = reinterpret_cast<const uint8_t*>(a);
        const PreparedQueries queries(functions, 3, bytes, 1);
        EXPECT_NEAR(functions.One(queries[0], reinterpret_cast<const uint8_t*>(b), 3), -0.96, 1e-6)
            << scale << " " << other;
      }
    }
  });
}

TEST(Distance, OverflowCountsAsFarthestAndNeverAsNan) {
  ForEachSimdTarget([] {
    const float a[2] = {3e38f, 3e38f}, b[2] = {3e38f, -3e38f};
    const auto* row = reinterpret_cast<const uint8_t*>(b);
    const auto ip = DistanceFunctionsFor(ElementType::kFloat32, Metric::kIp);
    float tile[4 * 2];
    const QueryVector queries[4] = {{a, 0}, {a, 0}, {a, 0}, {a, 0}};
    const float rows[4] = {b[0], b[1], b[0], b[1]};
    ip.tile(queries, 4, reinterpret_cast<const uint8_t*>(rows), 2, 2, tile, 2);
    for (const float value : tile) EXPECT_FALSE(std::isnan(value));
    EXPECT_FALSE(std::isnan(ip.One({a, 0}, row, 2)));
    const auto l2 = DistanceFunctionsFor(ElementType::kFloat32, Metric::kL2);
    EXPECT_EQ(l2.One({a, 0}, row, 2), kInfinity);
  });
}

TEST(Distance, TwoEmptySetsAreEqualByJaccard) {
  const uint8_t zero[5] = {};
  const auto functions = DistanceFunctionsFor(ElementType::kBinary, Metric::kJaccard);
  EXPECT_EQ(functions.One({zero, 0}, zero, 40), 0);
}

TEST(Distance, HasNoKernelForAMetricTheTypeDoesNotHave) {
  EXPECT_FALSE(DistanceFunctionsFor(ElementType::kFloat32, Metric::kHamming).valid());
  EXPECT_FALSE(DistanceFunctionsFor(ElementType::kInt8, Metric::kJaccard).valid());
  EXPECT_FALSE(DistanceFunctionsFor(ElementType::kBinary, Metric::kL2).valid());
}

TEST(Distance, LimitSimdTakesTheNamesOfTheSettingAndNoOthers) {
  std::set<std::string> seen;
  for (const char* name : {"avx512", "avx2", "avx", "sse4_2", "scalar"}) {
    EXPECT_TRUE(LimitSimd(name)) << name;
    seen.insert(std::string(SimdTargetName()));
  }
  EXPECT_GE(seen.size(), 2u) << "limits change nothing";
  EXPECT_FALSE(LimitSimd("mmx"));
  EXPECT_TRUE(LimitSimd("auto"));
}

TEST(Distance, OfSignaturesByElementsOfAnyWidthAndByBands) {
  std::mt19937_64 random(5);
  ForEachSimdTarget([&] {
    for (const uint32_t width : {1u, 2u, 3u, 4u, 8u, 32u}) {
      for (const size_t elements : {size_t{1}, size_t{2}, size_t{7}, size_t{37}, size_t{128}}) {
        const size_t bytes = elements * width;
        std::vector<uint8_t> a(bytes + 1), b(bytes + 1);  // Begin unaligned.
        for (size_t i = 1; i <= bytes; ++i) a[i] = static_cast<uint8_t>(random());
        b = a;
        size_t equal = elements;
        std::vector<bool> same(elements, true);
        for (size_t e = 0; e < elements; ++e) {
          if (random() % 2 == 0) continue;
          b[1 + e * width + random() % width] ^= 0x40;  // One bit is enough.
          same[e] = false;
          --equal;
        }
        DistanceFunctions functions = DistanceFunctionsFor(ElementType::kBinary, Metric::kMinHash);
        functions.signature = {width, 0};
        const auto distance = [&] {
          return functions.One(PrepareQuery(functions, bytes * 8, &a[1], nullptr), &b[1],
                               bytes * 8);
        };
        const float share = static_cast<float>(equal) / static_cast<float>(elements);
        EXPECT_EQ(distance(), equal > 0 ? -share : kInfinity) << width << " x " << elements;
        for (const uint32_t bands : {1u, 2u, 5u, 7u}) {
          if (bands > elements) continue;
          functions.signature.num_bands = bands;
          bool collides = false;
          for (size_t band = 0; band < bands; ++band) {
            bool all = true;
            for (size_t e = elements * band / bands; e < elements * (band + 1) / bands; ++e) {
              all = all && same[e];
            }
            collides = collides || all;
          }
          EXPECT_EQ(distance(), collides ? -1.0f : kInfinity) << width << " x " << elements;
        }
      }
    }
  });
}

TEST(Metric, NamesAreReadInAnyCaseAndWrittenInCapitals) {
  EXPECT_EQ(MetricFromName("cosine"), Metric::kCosine);
  EXPECT_EQ(MetricFromName("Ip"), Metric::kIp);
  EXPECT_EQ(MetricFromName("L2 "), std::nullopt);
  EXPECT_EQ(MetricFromName(""), std::nullopt);
  EXPECT_EQ(MetricName(Metric::kSuperstructure), "SUPERSTRUCTURE");
  EXPECT_EQ(ToScore(Metric::kIp, -3), 3);
  EXPECT_EQ(ToScore(Metric::kL2, 3), 3);
}

}  // namespace
}  // namespace elanus::kernels
