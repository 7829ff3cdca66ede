#include "index/hnsw_measure.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "index/hnsw.h"
#include "index/hnsw_pool.h"
#include "index/test_vectors_test.h"

namespace elanus::index {
namespace {

using kernels::Metric;
using schema::DataType;

struct Coded {
  Coded(const TestVectors& data, Metric metric) {
    good = EncodeHnswRows(data.rows(), {}, metric, nullptr, storage, own_terms);
  }
  HnswCodeStorage storage;
  std::vector<float> own_terms;
  bool good;
};

TEST(HnswMeasure, CodesOrderRowsNearlyAsTheirVectorsDo) {
  for (const DataType type : {DataType::kFloatVector, DataType::kFloat16Vector,
                              DataType::kBFloat16Vector, DataType::kInt8Vector}) {
    for (const Metric metric : {Metric::kL2, Metric::kIp, Metric::kCosine}) {
      for (const int64_t dim : {48, 100}) {
        SCOPED_TRACE(
            fmt::format("{} {} {}", schema::DataTypeName(type), kernels::MetricName(metric), dim));
        const auto data = ClusteredVectors(type, dim, 500, 5, 1);
        const Coded coded(data, metric);
        ASSERT_TRUE(coded.good);
        const NodeMeasure measure(data.rows(), metric, coded.storage.view(), coded.own_terms);
        NodeMeasure::Query query, from_code;
        ASSERT_TRUE(measure.Prepare(data.row(7), query));
        measure.PrepareRow(7, from_code);
        std::vector<uint32_t> ids(500);
        for (uint32_t i = 0; i < 500; ++i) ids[i] = i;
        std::vector<float> exact(500), near(500), nearer(500);
        measure.Exact(query, ids.data(), 500, exact.data());
        measure.Measure(query, ids.data(), 500, near.data());
        measure.Measure(from_code, ids.data(), 500, nearer.data());
        double error = 0, code_error = 0, mean = 0, spread = 0;
        for (size_t i = 0; i < 500; ++i) mean += exact[i] / 500;
        for (size_t i = 0; i < 500; ++i) {
          error += std::pow(near[i] - exact[i], 2);
          code_error += std::pow(nearer[i] - exact[i], 2);
          spread += std::pow(exact[i] - mean, 2);
        }
        EXPECT_LT(std::sqrt(error / spread), 0.06);
        EXPECT_LT(std::sqrt(code_error / spread), 0.09);
      }
    }
  }
}

TEST(HnswMeasure, RowsAreComparedByTheirCodesOrVectors) {
  auto data = ClusteredVectors(DataType::kFloatVector, 64, 10, 2, 1);
  std::memcpy(data.bytes.data() + 256, data.bytes.data(), 256);
  const Coded coded(data, Metric::kL2);
  for (const HnswCodes& codes : {coded.storage.view(), HnswCodes{}}) {
    const NodeMeasure measure(data.rows(), Metric::kL2, codes);
    EXPECT_EQ(measure.BytesOf(0).size(), codes.empty() ? 256u : 32u);
    EXPECT_EQ(measure.BytesOf(0), measure.BytesOf(1));
    EXPECT_NE(measure.BytesOf(0), measure.BytesOf(2));
  }
}

TEST(HnswMeasure, TilesMeasureAsOneByOne) {
  for (const DataType type : {DataType::kFloatVector, DataType::kFloat16Vector,
                              DataType::kInt8Vector, DataType::kBinaryVector}) {
    const Metric metric = type == DataType::kBinaryVector ? Metric::kHamming : Metric::kL2;
    for (const int64_t dim : {16, 64}) {
      const auto data = ClusteredVectors(type, dim, 300, 5, 1);
      HnswCodeStorage storage;
      std::vector<float> own_terms;
      HnswCodes codes;
      if (HnswHasCodes(type, dim)) {
        ASSERT_TRUE(EncodeHnswRows(data.rows(), {}, metric, nullptr, storage, own_terms));
        codes = storage.view();
      }
      const NodeMeasure measure(data.rows(), metric, codes, own_terms);
      std::vector<uint32_t> rows;
      for (uint32_t i = 0; i < 53; ++i) rows.push_back(i * 7 % 300);
      const NodeTile tile(measure, rows);
      ASSERT_EQ(tile.size(), 53u);
      std::vector<NodeMeasure::Query> queries(70);
      std::vector<const NodeMeasure::Query*> pointers;
      for (uint32_t q = 0; q < 70; ++q) {
        measure.PrepareRow(q, queries[q]);
        pointers.push_back(&queries[q]);
      }
      std::vector<float> out(70 * 48);
      tile.Measure(pointers, 16, 37, out.data(), 48);
      for (size_t q = 0; q < 70; ++q) {
        std::vector<float> expected(37);
        measure.Measure(queries[q], rows.data() + 16, 37, expected.data());
        for (size_t i = 0; i < 37; ++i) ASSERT_EQ(out[q * 48 + i], expected[i]) << dim;
      }
    }
  }
}

// Row 0 and a query outside the range that codes are good for.
TEST(HnswMeasure, ValuesOutOfRangeAreComparedThemselves) {
  for (const Metric metric : {Metric::kL2, Metric::kIp, Metric::kCosine}) {
    auto data = ClusteredVectors(DataType::kFloatVector, 64, 300, 5, 1);
    BuildOptions options{.rows = data.rows(), .metric = metric};
    options.params = {{"M", "8"}, {"efConstruction", "40"}};
    const auto find = [&](const uint8_t* query) {
      const auto file = BuildHnsw(options);
      EXPECT_TRUE(file.ok());
      const auto index = OpenHnsw({reinterpret_cast<const uint8_t*>(file->data()), file->size()},
                                  data.rows(), metric, {});
      EXPECT_TRUE(index.ok());
      const auto hits = (*index)->Search({.query = query, .k = 5}, nullptr);
      EXPECT_TRUE(hits.ok());
      return Recall(*hits, ExactSearch(data.rows(), metric, query, 5));
    };
    std::vector<float> query(64);
    std::memcpy(query.data(), data.row(3), 256);
    for (float& value : query) value *= 1e17f;
    const auto* bytes = reinterpret_cast<const uint8_t*>(query.data());
    EXPECT_GE(find(bytes), 0.8);
    std::memcpy(data.bytes.data(), query.data(), 256);
    EXPECT_FALSE(Coded(data, metric).good);
    EXPECT_GE(find(bytes), 0.8);
    EXPECT_GE(find(data.row(9)), 0.8);
  }
}

TEST(HnswMeasure, ConstantComponentsAndEqualRowsHaveCodes) {
  TestVectors data = ClusteredVectors(DataType::kFloatVector, 64, 20, 2, 1);
  for (int64_t row = 0; row < 20; ++row)
    std::memcpy(data.bytes.data() + row * 256, data.row(0), 256);
  const Coded coded(data, Metric::kL2);
  ASSERT_TRUE(coded.good);
  const NodeMeasure measure(data.rows(), Metric::kL2, coded.storage.view());
  NodeMeasure::Query query;
  ASSERT_TRUE(measure.Prepare(data.row(1), query));
  const uint32_t id = 2;
  float distance = 1;
  measure.Measure(query, &id, 1, &distance);
  EXPECT_NEAR(distance, 0, 1e-3);
}

TEST(NodePool, KeepsTheNearestAndHandsThemOutNearestFirst) {
  std::mt19937_64 random(5);
  for (const size_t capacity : {1, 2, 7, 64}) {
    NodePool pool;
    pool.Begin(capacity);
    std::vector<float> all;
    std::set<uint32_t> handed_out;
    for (uint32_t node = 0; node < 200; ++node) {
      all.push_back(static_cast<float>(random() % 50));
      pool.Insert(all.back(), node);
      std::sort(all.begin(), all.end());
      const auto entries = pool.entries();
      ASSERT_EQ(entries.size(), std::min<size_t>(capacity, all.size()));
      for (size_t i = 0; i < entries.size(); ++i) ASSERT_EQ(entries[i].distance, all[i]);
      if (random() % 3 != 0) continue;
      const auto* next = pool.Next();
      float nearest = std::numeric_limits<float>::infinity();
      for (const auto& entry : entries) {
        if (!handed_out.contains(entry.node())) nearest = std::min(nearest, entry.distance);
      }
      ASSERT_EQ(next == nullptr, std::isinf(nearest));
      if (next == nullptr) continue;
      EXPECT_EQ(next->distance, nearest);
      EXPECT_TRUE(handed_out.insert(next->node()).second);
    }
  }
}

}  // namespace
}  // namespace elanus::index
