#include "index/hnsw.h"

#include <gtest/gtest.h>

#include <atomic>

#include "index/hnsw_file.h"
#include "index/test_vectors_test.h"

namespace elanus::index {
namespace {

using kernels::Bitset;
using kernels::Metric;
using schema::DataType;

BuildOptions Options(const TestVectors& data, Metric metric, int m = 16, int ef = 200) {
  BuildOptions options;
  options.rows = data.rows();
  options.metric = metric;
  options.params = {{"M", std::to_string(m)}, {"efConstruction", std::to_string(ef)}};
  options.seed = 42;
  return options;
}

std::span<const uint8_t> Bytes(const std::string& file) {
  return {reinterpret_cast<const uint8_t*>(file.data()), file.size()};
}

std::unique_ptr<VectorIndex> Open(const std::string& file, const TestVectors& data, Metric metric) {
  auto index = OpenHnsw(Bytes(file), data.rows(), metric, {});
  EXPECT_TRUE(index.ok()) << index.status().ToString();
  return index.ok() ? std::move(*index) : nullptr;
}

std::vector<Neighbor> SearchOne(const VectorIndex& index, const uint8_t* query, int64_t k,
                                int64_t ef, const Bitset* allowed = nullptr,
                                SearchStatistics* statistics = nullptr) {
  const Params params = {{"ef", std::to_string(ef)}};
  SearchRequest request{.query = query, .k = k, .params = &params};
  if (allowed != nullptr) {
    request.allowed = allowed->view();
    request.num_allowed = allowed->Count();
  }
  auto hits = index.Search(request, statistics);
  EXPECT_TRUE(hits.ok()) << hits.status().ToString();
  return hits.ok() ? *hits : std::vector<Neighbor>();
}

double MeanRecall(const VectorIndex& index, const TestVectors& data, const TestVectors& queries,
                  Metric metric, int64_t k, int64_t ef, const Bitset* allowed = nullptr) {
  double sum = 0;
  for (int64_t q = 0; q < queries.num_rows; ++q) {
    const auto expected = ExactSearch(data.rows(), metric, queries.row(q), k,
                                      allowed ? allowed->view() : kernels::BitView());
    sum += Recall(SearchOne(index, queries.row(q), k, ef, allowed), expected);
  }
  return sum / queries.num_rows;
}

TEST(Hnsw, FindsNineteenOfTwentyNeighboursAndLooksAtFewRows) {
  const auto data = ClusteredVectors(DataType::kFloatVector, 64, 20000, 100, 1);
  const auto queries = ClusteredVectors(DataType::kFloatVector, 64, 100, 100, 1, 9);
  Executor executor({.name = "hnsw", .num_threads = 2});
  auto options = Options(data, Metric::kL2);
  options.executor = &executor;
  std::atomic<double> last{0};
  options.progress = [&](double part) { last = std::max(last.load(), part); };
  auto file = BuildHnsw(options);
  ASSERT_TRUE(file.ok()) << file.status().ToString();
  EXPECT_EQ(last.load(), 1);
  const auto index = Open(*file, data, Metric::kL2);
  EXPECT_GE(MeanRecall(*index, data, queries, Metric::kL2, 10, 64), 0.95);

  SearchStatistics statistics;
  SearchOne(*index, queries.row(0), 10, 64, nullptr, &statistics);
  EXPECT_GT(statistics.hops, 0);
  EXPECT_LT(statistics.distances, 4000);

  // Filters that let few, some and most rows through, related to the query or not.
  for (const int64_t part : {2, 5, 20, 100, 1000}) {
    Bitset allowed(data.num_rows), low(data.num_rows);
    for (int64_t row = 0; row < data.num_rows; row += part) allowed.Set(row);
    EXPECT_GE(MeanRecall(*index, data, queries, Metric::kL2, 10, 64, &allowed), 0.95) << part;
    for (int64_t row = 0; row < data.num_rows / part; ++row) low.Set(row);
    EXPECT_GE(MeanRecall(*index, data, queries, Metric::kL2, 10, 64, &low), 0.95) << part;
  }
}

TEST(Hnsw, IsTheSameFileForTheSameRowsAndSeedWithAnyNumberOfThreads) {
  Executor executor({.name = "hnsw", .num_threads = 3});
  for (const auto& [dim, num_rows] : {std::pair{16, 800}, {48, 9000}}) {  // Without, with codes.
    const auto data = ClusteredVectors(DataType::kFloatVector, dim, num_rows, 10, 3);
    auto options = Options(data, Metric::kL2, 8, 20);
    const auto once = BuildHnsw(options);
    options.executor = &executor;
    const auto again = BuildHnsw(options);
    ASSERT_TRUE(once.ok() && again.ok());
    EXPECT_TRUE(*once == *again);
    options.seed = 43;
    const auto other = BuildHnsw(options);
    ASSERT_TRUE(other.ok());
    EXPECT_FALSE(*once == *other);
  }
}

// Rows that a breadth-first search from the entry point finds at level 0.
int64_t NumReached(const std::string& file) {
  std::vector<uint64_t> copy((file.size() + 7) / 8);
  std::memcpy(copy.data(), file.data(), file.size());
  const auto graph = OpenHnswFile({reinterpret_cast<const uint8_t*>(copy.data()), file.size()});
  EXPECT_TRUE(graph.ok());
  std::vector<bool> seen(graph->header.num_rows);
  std::vector<uint32_t> queue{graph->header.entry_row}, buffer;
  seen[queue[0]] = true;
  for (size_t at = 0; at < queue.size(); ++at) {
    for (const uint32_t next : graph->Links(0, queue[at], buffer)) {
      if (!seen[next]) queue.push_back(next);
      seen[next] = true;
    }
  }
  return static_cast<int64_t>(queue.size());
}

TEST(Hnsw, ReachesEveryRowOfClustersThatLieFarApart) {
  for (const auto& [type, metric] : {std::pair{DataType::kFloatVector, Metric::kL2},
                                     {DataType::kFloatVector, Metric::kIp},
                                     {DataType::kFloat16Vector, Metric::kCosine},
                                     {DataType::kInt8Vector, Metric::kL2},
                                     {DataType::kBinaryVector, Metric::kJaccard}}) {
    for (const int64_t dim : {32, 64}) {
      SCOPED_TRACE(
          fmt::format("{} {} {}", schema::DataTypeName(type), kernels::MetricName(metric), dim));
      // 15 clusters of 300 rows, each wider than what efConstruction looks at; 500 copies of a row.
      auto data = ClusteredVectors(type, dim, 4500, 15, 21);
      const auto width = static_cast<size_t>(data.rows().width());
      for (size_t row = 1000; row < 1500; ++row) {
        std::memcpy(data.bytes.data() + row * width, data.row(0), width);
      }
      const auto file = BuildHnsw(Options(data, metric, 8, 40));
      ASSERT_TRUE(file.ok());
      EXPECT_EQ(NumReached(*file), data.num_rows);
      const auto index = Open(*file, data, metric);
      int found = 0;
      for (int64_t row = 0; row < 4500; row += 45) {
        const auto best = ExactSearch(data.rows(), metric, data.row(row), 1).front();
        found += SearchOne(*index, data.row(row), 1, 40).front().distance <= best.distance;
      }
      EXPECT_GE(found, metric == Metric::kIp ? 80 : 95);
    }
  }
}

// Queries that lie between the clusters, as the rows do not.
TEST(Hnsw, AnswersQueriesOfAnotherKindThanTheRows) {
  const auto data = ClusteredVectors(DataType::kFloatVector, 64, 8000, 200, 1);
  auto queries = ClusteredVectors(DataType::kFloatVector, 64, 100, 200, 1, 3);
  const auto others = ClusteredVectors(DataType::kFloatVector, 64, 100, 200, 1, 4);
  auto* values = reinterpret_cast<float*>(queries.bytes.data());
  const auto* more = reinterpret_cast<const float*>(others.bytes.data());
  for (size_t i = 0; i < queries.bytes.size() / 4; ++i) values[i] = (values[i] + more[i]) / 2;
  const auto file = BuildHnsw(Options(data, Metric::kL2, 16, 100));
  ASSERT_TRUE(file.ok());
  const auto index = Open(*file, data, Metric::kL2);
  EXPECT_GE(MeanRecall(*index, data, queries, Metric::kL2, 10, 100), 0.9);
}

TEST(Hnsw, IsBetterForAHigherEfConstruction) {
  const auto data = ClusteredVectors(DataType::kFloatVector, 64, 8000, 1, 1);  // One cloud: hard.
  const auto queries = ClusteredVectors(DataType::kFloatVector, 64, 50, 1, 1, 3);
  double before = 0;
  for (const int ef : {4, 20, 100}) {
    const auto file = BuildHnsw(Options(data, Metric::kL2, 16, ef));
    ASSERT_TRUE(file.ok());
    const auto index = Open(*file, data, Metric::kL2);
    const double recall = MeanRecall(*index, data, queries, Metric::kL2, 10, 32);
    EXPECT_GT(recall, before + 0.02) << ef;
    before = recall;
  }
}

TEST(Hnsw, ComparesTheRowsThemselvesWhereCodesTellTooFewOfThemApart) {
  auto data = ClusteredVectors(DataType::kFloatVector, 64, 2000, 4, 1);
  const auto centres = ClusteredVectors(DataType::kFloatVector, 64, 4, 4, 9);
  auto* values = reinterpret_cast<float*>(data.bytes.data());
  const auto* centre = reinterpret_cast<const float*>(centres.bytes.data());
  for (size_t i = 0; i < 2000 * 64; ++i) {
    values[i] = centre[i / 64 % 4 * 64 + i % 64] + values[i] * 1e-3f;
  }
  const auto file = BuildHnsw(Options(data, Metric::kL2, 8, 60));
  ASSERT_TRUE(file.ok());
  const auto graph = OpenHnswFile({reinterpret_cast<const uint8_t*>(file->data()), file->size()});
  ASSERT_TRUE(graph.ok());
  EXPECT_FALSE(graph->header.has_codes);
  const auto index = Open(*file, data, Metric::kL2);
  EXPECT_GE(MeanRecall(*index, data, data, Metric::kL2, 10, 64), 0.9);
}

TEST(Hnsw, FindsTheGreatestInnerProductsOfRowsOfManyLengths) {
  auto data = ClusteredVectors(DataType::kFloatVector, 48, 6000, 50, 3);
  auto* values = reinterpret_cast<float*>(data.bytes.data());
  for (size_t row = 0; row < 6000; ++row) {
    for (size_t d = 0; d < 48; ++d) values[row * 48 + d] *= 0.1f + static_cast<float>(row % 37);
  }
  const auto queries = ClusteredVectors(DataType::kFloatVector, 48, 50, 50, 3, 1);
  const auto file = BuildHnsw(Options(data, Metric::kIp, 16, 100));
  ASSERT_TRUE(file.ok());
  const auto index = Open(*file, data, Metric::kIp);
  EXPECT_GE(MeanRecall(*index, data, queries, Metric::kIp, 10, 64), 0.9);
}

TEST(Hnsw, ReturnsKRowsWheneverKAreAllowed) {
  const auto data = ClusteredVectors(DataType::kFloatVector, 8, 3000, 30, 5);
  const auto file = BuildHnsw(Options(data, Metric::kL2, 2, 4));  // As bad a graph as is admitted.
  ASSERT_TRUE(file.ok());
  const auto index = Open(*file, data, Metric::kL2);
  for (const int64_t part : {1, 2, 3, 10, 500, 2999}) {
    Bitset allowed(data.num_rows);
    for (int64_t row = 0; row < data.num_rows; row += part) allowed.Set(row);
    for (const int64_t k : {1, 10, 100, 5000}) {
      const auto hits = SearchOne(*index, data.row(7), k, k, &allowed);
      EXPECT_EQ(static_cast<int64_t>(hits.size()), std::min(k, allowed.Count()));
      EXPECT_TRUE(std::is_sorted(hits.begin(), hits.end(), kernels::Nearer));
      std::set<int64_t> rows;
      for (const Neighbor& hit : hits) {
        EXPECT_TRUE(allowed.Test(hit.row));
        rows.insert(hit.row);
      }
      EXPECT_EQ(rows.size(), hits.size());
    }
  }
}

TEST(Hnsw, FindsEqualVectorsAndTheOnesBesideThem) {
  for (const int64_t dim : {16, 64}) {
    auto data = ClusteredVectors(DataType::kFloatVector, dim, 4000, 20, 6);
    const size_t width = static_cast<size_t>(dim) * 4;
    for (size_t row = 0; row < 3000; row += 3) {  // A thousand copies of row 0.
      std::memcpy(data.bytes.data() + row * width, data.bytes.data(), width);
    }
    const auto file = BuildHnsw(Options(data, Metric::kL2, 8, 60));
    ASSERT_TRUE(file.ok());
    const auto index = Open(*file, data, Metric::kL2);
    const auto queries = ClusteredVectors(DataType::kFloatVector, dim, 60, 20, 6, 1);
    EXPECT_GE(MeanRecall(*index, data, queries, Metric::kL2, 10, 64), 0.95);
    const auto hits = SearchOne(*index, data.row(0), 500, 500);
    for (const Neighbor& hit : hits) EXPECT_LT(std::abs(hit.distance), 1e-6);
  }
}

TEST(Hnsw, LeavesNullRowsOut) {
  const auto data = ClusteredVectors(DataType::kFloatVector, 8, 2000, 10, 8);
  Bitset valid(data.num_rows);
  for (int64_t row = 0; row < data.num_rows; ++row) {
    if (row % 3 != 0) valid.Set(row);
  }
  auto options = Options(data, Metric::kCosine, 8, 50);
  options.valid = valid.view();
  const auto file = BuildHnsw(options);
  ASSERT_TRUE(file.ok());
  const auto index = Open(*file, data, Metric::kCosine);
  for (const int64_t k : {10, 1500, 3000}) {
    const auto hits = SearchOne(*index, data.row(3), k, k);
    EXPECT_EQ(static_cast<int64_t>(hits.size()), std::min<int64_t>(k, valid.Count()));
    for (const Neighbor& hit : hits) EXPECT_NE(hit.row % 3, 0);
  }
  Bitset allowed(data.num_rows);  // Nulls are allowed by the filter, yet are no hits.
  allowed.Set(0);
  allowed.Set(1);
  EXPECT_EQ(SearchOne(*index, data.row(3), 10, 10, &allowed).size(), 1u);
}

TEST(Hnsw, StopsWhenCancelled) {
  const auto data = ClusteredVectors(DataType::kFloatVector, 8, 3000, 10, 8);
  const auto flag = std::make_shared<std::atomic<bool>>(true);
  const Cancellation cancelled(flag, 0);
  auto options = Options(data, Metric::kL2, 8, 50);
  options.cancellation = &cancelled;
  EXPECT_EQ(CodeOf(BuildHnsw(options).status()), ErrorCode::kCancelled);
  Executor executor({.name = "hnsw", .num_threads = 2});
  options.executor = &executor;
  EXPECT_EQ(CodeOf(BuildHnsw(options).status()), ErrorCode::kCancelled);
  options.cancellation = nullptr;
  const auto file = BuildHnsw(options);
  ASSERT_TRUE(file.ok());
  const auto index = Open(*file, data, Metric::kL2);
  SearchRequest request{.query = data.row(0), .k = 5, .cancellation = &cancelled};
  EXPECT_EQ(CodeOf(index->Search(request, nullptr).status()), ErrorCode::kCancelled);
}

TEST(Hnsw, RefusesAFileOfOtherRows) {
  const auto data = ClusteredVectors(DataType::kFloatVector, 8, 300, 10, 8);
  const auto file = BuildHnsw(Options(data, Metric::kL2, 8, 50));
  ASSERT_TRUE(file.ok());
  VectorRows rows = data.rows();
  const auto code = [&](Metric metric = Metric::kL2) {
    return CodeOf(OpenHnsw(Bytes(*file), rows, metric, {}).status());
  };
  EXPECT_EQ(code(), ErrorCode::kOk);
  EXPECT_EQ(code(Metric::kIp), ErrorCode::kDataIntegrity);
  rows.num_rows = 299;
  EXPECT_EQ(code(), ErrorCode::kDataIntegrity);
  rows = data.rows();
  rows.dim = 4;
  EXPECT_EQ(code(), ErrorCode::kDataIntegrity);
  rows = data.rows();
  rows.type = DataType::kInt8Vector;
  EXPECT_EQ(code(), ErrorCode::kDataIntegrity);
}

TEST(Hnsw, WorksFromBytesThatAreNotAligned) {
  const auto data = ClusteredVectors(DataType::kFloatVector, 8, 300, 10, 8);
  const auto file = BuildHnsw(Options(data, Metric::kL2, 8, 50));
  ASSERT_TRUE(file.ok());
  const std::string shifted = "x" + *file;
  const auto index = OpenHnsw(Bytes(shifted).subspan(1), data.rows(), Metric::kL2, {});
  ASSERT_TRUE(index.ok());
  EXPECT_EQ(SearchOne(**index, data.row(9), 1, 16).front().row, 9);
}

}  // namespace
}  // namespace elanus::index
