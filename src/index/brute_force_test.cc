#include "index/brute_force.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "index/test_vectors_test.h"
#include "kernels/distance.h"

namespace elanus::index {
namespace {

using kernels::Bitset;
using kernels::Metric;
using schema::DataType;

// Every distance, sorted.
std::vector<Neighbor> Dull(const TestVectors& data, Metric metric, const uint8_t* query, int64_t k,
                           const Bitset* allowed) {
  const auto functions = kernels::DistanceFunctionsFor(ElementTypeOf(data.type), metric);
  const kernels::PreparedQueries queries(functions, data.dim, query, 1);
  std::vector<Neighbor> all;
  for (int64_t row = 0; row < data.num_rows; ++row) {
    if (allowed != nullptr && !allowed->Test(row)) continue;
    all.push_back({functions.One(queries[0], data.row(row), data.dim), row});
  }
  std::sort(all.begin(), all.end(), kernels::Nearer);
  if (static_cast<int64_t>(all.size()) > k) all.resize(k);
  return all;
}

void ExpectSame(const std::vector<Neighbor>& found, const std::vector<Neighbor>& expected) {
  ASSERT_EQ(found.size(), expected.size());
  for (size_t i = 0; i < found.size(); ++i) {
    EXPECT_NEAR(found[i].distance, expected[i].distance, 1e-4);
    // A tile may round otherwise than a single row does; rows may then change places.
    if (found[i].row != expected[i].row) {
      EXPECT_NEAR(found[i].distance, expected[i].distance, 1e-4);
    }
  }
}

TEST(BruteForce, FindsWhatASortOfAllDistancesFinds) {
  const std::pair<DataType, Metric> cases[] = {
      {DataType::kFloatVector, Metric::kL2},        {DataType::kFloat16Vector, Metric::kIp},
      {DataType::kBFloat16Vector, Metric::kCosine}, {DataType::kInt8Vector, Metric::kL2},
      {DataType::kBinaryVector, Metric::kHamming},  {DataType::kBinaryVector, Metric::kJaccard}};
  std::mt19937_64 random(11);
  for (const auto& [type, metric] : cases) {
    const auto data = ClusteredVectors(type, 40, 3000, 5, 1);
    const auto queries = ClusteredVectors(type, 40, 70, 5, 1, 2);
    for (const int64_t part : {0, 1, 2, 64, 3000}) {  // 0: no filter.
      Bitset allowed(data.num_rows);
      for (int64_t row = 0; part > 0 && row < data.num_rows; ++row) {
        if (random() % part == 0) allowed.Set(row);
      }
      for (const int64_t num_queries : {1, 70}) {
        for (const int64_t k : {1, 10, 4000}) {
          BruteForce search(type, 40, metric, queries.bytes.data(), num_queries, k);
          // In runs of uneven length, as the chunks of a growing segment are.
          for (int64_t first = 0; first < data.num_rows;) {
            const int64_t count = std::min<int64_t>(data.num_rows - first, 1 + first / 2);
            const VectorRows run{type, 40, count, data.row(first)};
            ASSERT_TRUE(
                search.Add(run, first, part > 0 ? allowed.view() : kernels::BitView(), nullptr)
                    .ok());
            first += count;
          }
          const auto hits = search.Finish();
          for (int64_t q = 0; q < num_queries; q += 23) {
            ExpectSame(hits[q],
                       Dull(data, metric, queries.row(q), k, part > 0 ? &allowed : nullptr));
          }
        }
      }
    }
  }
}

TEST(BruteForce, FindsRowsOfARangeExactlyHoweverManyQueriesThereAre) {
  std::mt19937_64 random(12);
  for (const auto& [type, metric] : {std::pair{DataType::kFloatVector, Metric::kCosine},
                                     {DataType::kFloatVector, Metric::kL2},
                                     {DataType::kBinaryVector, Metric::kHamming}}) {
    const auto data = ClusteredVectors(type, 40, 1000, 5, 1);
    const auto queries = ClusteredVectors(type, 40, 9, 5, 1, 2);
    const auto all = Dull(data, metric, queries.row(0), 1000, nullptr);
    for (int trial = 0; trial < 50; ++trial) {
      // Bounds are distances of rows: a row at `nearest` is in, one at `farthest` is out.
      const DistanceRange range{all[random() % 1000].distance, all[random() % 1000].distance};
      std::vector<Neighbor> expected;
      for (const Neighbor& hit : all) {
        if (hit.distance >= range.nearest && hit.distance < range.farthest &&
            expected.size() < 70) {
          expected.push_back(hit);
        }
      }
      for (const int64_t num_queries : {1, 9}) {
        BruteForce search(type, 40, metric, queries.bytes.data(), num_queries, 70, range);
        ASSERT_TRUE(search.Add(data.rows(), 0, {}, nullptr).ok());
        EXPECT_EQ(search.Finish().front(), expected);
      }
    }
  }
}

TEST(BruteForce, ComparesOnlyAllowedRows) {
  const auto data = ClusteredVectors(DataType::kFloatVector, 8, 5000, 5, 1);
  Bitset allowed(data.num_rows);
  for (const int64_t row : {0, 63, 64, 4999}) allowed.Set(row);
  BruteForce search(DataType::kFloatVector, 8, Metric::kL2, data.row(64), 1, 10);
  ASSERT_TRUE(search.Add(data.rows(), 0, allowed.view(), nullptr).ok());
  EXPECT_EQ(search.statistics().distances, 4);
  const auto hits = search.Finish().front();
  ASSERT_EQ(hits.size(), 4u);
  EXPECT_EQ(hits[0], (Neighbor{0, 64}));
}

TEST(BruteForce, PutsEqualDistancesInOrderOfRows) {
  TestVectors data{DataType::kInt8Vector, 4, 1000, std::vector<uint8_t>(4000, 3)};
  BruteForce search(DataType::kInt8Vector, 4, Metric::kL2, data.row(0), 1, 100);
  ASSERT_TRUE(search.Add(data.rows(), 0, {}, nullptr).ok());
  const auto hits = search.Finish().front();
  for (int64_t i = 0; i < 100; ++i) EXPECT_EQ(hits[i], (Neighbor{0, i}));
}

TEST(BruteForce, ReturnsOnlyMembersForMembershipMetrics) {
  // Bits of the rows: 0001, 0011, 0111, 1000; of the query: 0011.
  const uint8_t rows[] = {1, 3, 7, 8}, query[] = {3};
  const VectorRows run{DataType::kBinaryVector, 8, 4, rows};
  const auto found = [&](Metric metric) {
    BruteForce search(DataType::kBinaryVector, 8, metric, query, 1, 10);
    EXPECT_TRUE(search.Add(run, 0, {}, nullptr).ok());
    std::vector<int64_t> out;
    const auto hits = search.Finish();
    for (const Neighbor& hit : hits.front()) out.push_back(hit.row);
    return out;
  };
  EXPECT_EQ(found(Metric::kSubstructure), (std::vector<int64_t>{0, 1}));
  EXPECT_EQ(found(Metric::kSuperstructure), (std::vector<int64_t>{1, 2}));
}

TEST(BruteForce, StopsWhenCancelledAndRefusesAFilterThatIsTooShort) {
  const auto data = ClusteredVectors(DataType::kFloatVector, 8, 100, 5, 1);
  BruteForce search(DataType::kFloatVector, 8, Metric::kL2, data.row(0), 1, 10);
  const Cancellation cancelled(std::make_shared<std::atomic<bool>>(true), 0);
  EXPECT_EQ(CodeOf(search.Add(data.rows(), 0, {}, &cancelled)), ErrorCode::kCancelled);
  const Bitset allowed(99, true);
  EXPECT_EQ(CodeOf(search.Add(data.rows(), 0, allowed.view(), nullptr)), ErrorCode::kInternal);
}

}  // namespace
}  // namespace elanus::index
