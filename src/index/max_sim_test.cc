#include "index/max_sim.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>

namespace elanus::index {
namespace {

using kernels::Metric;
using schema::DataType;

TEST(ElementMetric, IsThatOfTheSingleVectors) {
  EXPECT_EQ(ElementMetric("MAX_SIM"), Metric::kCosine);
  EXPECT_EQ(ElementMetric("MAX_SIM_COSINE"), Metric::kCosine);
  EXPECT_EQ(ElementMetric("MAX_SIM_IP"), Metric::kIp);
  EXPECT_EQ(ElementMetric("MAX_SIM_L2"), Metric::kL2);
  EXPECT_EQ(ElementMetric("MAX_SIM_HAMMING"), Metric::kHamming);
  EXPECT_EQ(ElementMetric("MAX_SIM_JACCARD"), Metric::kJaccard);
  EXPECT_EQ(ElementMetric("L2"), Metric::kL2);
  EXPECT_EQ(ElementMetric("MAX_SIMIP"), std::nullopt);
  EXPECT_EQ(ElementMetric("MAX_SIM_"), std::nullopt);
  EXPECT_EQ(ElementMetric("BM25"), std::nullopt);
}

// Vectors as bytes of a type, and as the doubles that these bytes mean.
struct Vectors {
  std::string bytes;
  std::vector<std::vector<double>> values;
};

Vectors Draw(std::mt19937& random, DataType type, int64_t dim, int64_t count) {
  Vectors out;
  for (int64_t i = 0; i < count; ++i) {
    std::vector<double>& values = out.values.emplace_back();
    if (type == DataType::kBinaryVector) {
      for (int64_t b = 0; b < dim / 8; ++b) {
        const auto byte = static_cast<uint8_t>(random());
        out.bytes.push_back(static_cast<char>(byte));
        for (int bit = 0; bit < 8; ++bit) values.push_back(byte >> bit & 1);
      }
      continue;
    }
    for (int64_t d = 0; d < dim; ++d) {
      if (type == DataType::kInt8Vector) {
        const auto value = static_cast<int8_t>(random());
        out.bytes.push_back(static_cast<char>(value));
        values.push_back(value);
      } else {
        const auto value = std::normal_distribution<float>()(random);
        out.bytes.append(reinterpret_cast<const char*>(&value), 4);
        values.push_back(value);
      }
    }
  }
  return out;
}

double Distance(Metric metric, const std::vector<double>& a, const std::vector<double>& b) {
  double dot = 0, aa = 0, bb = 0, square = 0, either = 0, differ = 0;
  for (size_t d = 0; d < a.size(); ++d) {
    dot += a[d] * b[d];
    aa += a[d] * a[d];
    bb += b[d] * b[d];
    square += (a[d] - b[d]) * (a[d] - b[d]);
    either += a[d] + b[d] > 0 ? 1 : 0;
    differ += a[d] != b[d] ? 1 : 0;
  }
  switch (metric) {
    case Metric::kL2:
      return square;
    case Metric::kIp:
      return -dot;
    case Metric::kCosine:
      return aa * bb == 0 ? 0 : -dot / std::sqrt(aa * bb);
    case Metric::kHamming:
      return differ;
    case Metric::kJaccard:
      return either == 0 ? 0 : 1 - dot / either;
    case Metric::kSubstructure:
    case Metric::kSuperstructure:
    case Metric::kMinHash:
      break;
  }
  return 0;
}

// The definition, in doubles.
double Naive(Metric metric, const Vectors& query, const Vectors& row) {
  double sum = 0;
  for (const auto& q : query.values) {
    double nearest = std::numeric_limits<double>::infinity();
    for (const auto& r : row.values) nearest = std::min(nearest, Distance(metric, q, r));
    sum += nearest;
  }
  return sum;
}

struct Case {
  DataType type;
  std::vector<Metric> metrics;
};

TEST(MaxSim, EqualsTheDefinitionForListsOfAnyLength) {
  const Case cases[] = {
      {DataType::kFloatVector, {Metric::kL2, Metric::kIp, Metric::kCosine}},
      {DataType::kInt8Vector, {Metric::kL2, Metric::kIp, Metric::kCosine}},
      {DataType::kBinaryVector, {Metric::kHamming, Metric::kJaccard}},
  };
  for (int seed = 0; seed < 15; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    for (const Case& one : cases) {
      const int64_t dim =
          one.type == DataType::kBinaryVector ? 8 * (1 + random() % 9) : 2 + random() % 40;
      schema::Column column({DataType::kArrayOfVector, one.type, dim});
      std::vector<Vectors> rows(random() % 30);
      for (Vectors& row : rows) {
        // Nothing, a few, and now and then more than a tile holds.
        const int64_t count = random() % 4 == 0 ? 0 : random() % 12 == 0 ? 600 : random() % 9;
        row = Draw(random, one.type, dim, count);
        count == 0 && random() % 2 == 0 ? column.AppendNull() : column.AppendRaw(row.bytes);
      }
      const ElementRows elements(column.View());
      const Vectors query = Draw(random, one.type, dim, 1 + random() % 40);
      for (const Metric metric : one.metrics) {
        MaxSim max_sim(one.type, dim, metric, reinterpret_cast<const uint8_t*>(query.bytes.data()),
                       static_cast<int64_t>(query.values.size()));
        const auto num_rows = static_cast<int64_t>(rows.size());
        const int64_t begin = num_rows > 0 ? random() % num_rows : 0;
        std::vector<float> found(rows.size());
        max_sim.Distances(elements, begin, num_rows, found.data());
        for (int64_t row = begin; row < num_rows; ++row) {
          const double wanted = Naive(metric, query, rows[row]);
          if (std::isinf(wanted)) {
            EXPECT_TRUE(std::isinf(found[row - begin]) && found[row - begin] > 0);
          } else {
            EXPECT_NEAR(found[row - begin], wanted, 1e-4 * (1 + std::abs(wanted))) << row;
          }
        }
      }
    }
  }
}

TEST(ElementRows, NumberElementsThroughAllRows) {
  schema::Column column({DataType::kArrayOfVector, DataType::kInt8Vector, 2});
  for (const char* row : {"", "aabb", "", "cc", "ddeeff", ""}) column.AppendRaw(row);
  column.AppendNull();
  const ElementRows rows(column.View());
  EXPECT_EQ(rows.num_rows(), 7);
  EXPECT_EQ(rows.num_elements(), 6);
  const int64_t row_of[] = {1, 1, 3, 4, 4, 4};
  for (int64_t e = 0; e < 6; ++e) {
    EXPECT_EQ(rows.RowOf(e), row_of[e]);
    EXPECT_LE(rows.Begin(row_of[e]), e);
    EXPECT_LT(e, rows.End(row_of[e]));
  }
  EXPECT_EQ(std::memcmp(rows.vectors().Row(4), "ee", 2), 0);
  kernels::Bitset some(10);  // Rows of which these are 3...9.
  some.Set(3 + 1);
  some.Set(3 + 4);
  some.Set(3 + 6);
  kernels::Bitset elements(8);
  rows.AllowElements(some.view(), 3, 2, elements);
  EXPECT_EQ(elements.Count(), 5);
  for (const int64_t bit : {2, 3, 5, 6, 7}) EXPECT_TRUE(elements.Test(bit)) << bit;
  EXPECT_EQ(ElementRows(schema::Column(column.type()).View()).num_elements(), 0);
}

}  // namespace
}  // namespace elanus::index
