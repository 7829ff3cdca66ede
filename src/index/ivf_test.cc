#include "index/ivf.h"

#include <gtest/gtest.h>

#include <set>

#include "index/ivf_file.h"
#include "index/kmeans.h"
#include "index/test_vectors_test.h"

namespace elanus::index {
namespace {

using kernels::Metric;
using schema::DataType;

absl::StatusOr<std::string> Build(const TestVectors& data, Metric metric, const std::string& nlist,
                                  Executor* executor = nullptr) {
  BuildOptions options{.rows = data.rows(), .metric = metric, .params = {{"nlist", nlist}}};
  options.executor = executor;
  return BuildIvfFlat(options);
}

std::unique_ptr<VectorIndex> Open(const std::string& file, const TestVectors& data, Metric metric) {
  auto index = OpenIvfFlat({reinterpret_cast<const uint8_t*>(file.data()), file.size()},
                           data.rows(), metric, {});
  ELANUS_CHECK_OK(index.status());
  return *std::move(index);
}

TEST(Ivf, FindsEverythingWhenAllListsAreProbedAndMoreWithMoreLists) {
  const auto data = ClusteredVectors(DataType::kFloatVector, 24, 4000, 300, 5);
  const auto queries = ClusteredVectors(DataType::kFloatVector, 24, 30, 300, 5, 1);
  for (const Metric metric : {Metric::kL2, Metric::kIp, Metric::kCosine}) {
    const auto file = Build(data, metric, "64");
    ASSERT_TRUE(file.ok()) << file.status().ToString();
    const auto index = Open(*file, data, metric);
    double before = 0;
    int64_t distances_before = 0;
    for (const char* nprobe : {"1", "4", "16", "64"}) {
      const Params params = {{"nprobe", nprobe}};
      double recall = 0;
      SearchStatistics statistics;
      for (int64_t q = 0; q < queries.num_rows; ++q) {
        const SearchRequest request{.query = queries.row(q), .k = 10, .params = &params};
        const auto hits = index->Search(request, &statistics);
        ASSERT_TRUE(hits.ok());
        ASSERT_EQ(hits->size(), 10u);
        recall += Recall(*hits, ExactSearch(data.rows(), metric, queries.row(q), 10));
      }
      recall /= static_cast<double>(queries.num_rows);
      EXPECT_GE(recall, before) << nprobe;
      EXPECT_GT(statistics.distances, distances_before) << nprobe;
      before = recall;
      distances_before = statistics.distances;
    }
    EXPECT_EQ(before, 1) << "all lists";
  }
}

TEST(Ivf, FillsUpFromFurtherListsUnlessToldOtherwise) {
  const auto data = ClusteredVectors(DataType::kFloatVector, 8, 500, 50, 9);
  const auto file = Build(data, Metric::kL2, "100");
  ASSERT_TRUE(file.ok());
  const auto index = Open(*file, data, Metric::kL2);
  Params params = {{"nprobe", "1"}};
  const SearchRequest request{.query = data.row(3), .k = 200, .params = &params};
  EXPECT_EQ(index->Search(request, nullptr)->size(), 200u);
  params["ensure_topk_full"] = "false";
  EXPECT_LT(index->Search(request, nullptr)->size(), 200u);
}

TEST(Ivf, MakesTheSameFileWithAnyNumberOfThreads) {
  const auto data = ClusteredVectors(DataType::kFloat16Vector, 16, 3000, 40, 2);
  Executor executor({.name = "ivf", .num_threads = 3});
  const auto alone = Build(data, Metric::kCosine, "32");
  const auto together = Build(data, Metric::kCosine, "32", &executor);
  ASSERT_TRUE(alone.ok() && together.ok());
  EXPECT_TRUE(*alone == *together);
}

TEST(Ivf, ListsEqualRowsByTheThousand) {
  TestVectors data = ClusteredVectors(DataType::kFloatVector, 4, 1, 1, 1);
  const std::vector<uint8_t> row = data.bytes;
  for (data.num_rows = 1; data.num_rows < 3000; ++data.num_rows) {
    data.bytes.insert(data.bytes.end(), row.begin(), row.end());
  }
  const auto file = Build(data, Metric::kL2, "128");
  ASSERT_TRUE(file.ok());
  const SearchRequest request{.query = row.data(), .k = 2000};
  const auto hits = Open(*file, data, Metric::kL2)->Search(request, nullptr);
  ASSERT_TRUE(hits.ok());
  std::set<int64_t> rows;
  for (const Neighbor& hit : *hits) rows.insert(hit.row);
  EXPECT_EQ(rows.size(), 2000u);
}

// What checksums do not tell: a file that a hostile writer sealed.
TEST(Ivf, RefusesFilesWhoseListsContradictTheirCounts) {
  const std::vector<uint8_t> centroids(2 * 8 * 4);
  const IvfFacts good{.type = static_cast<uint32_t>(DataType::kFloatVector),
                      .metric = MetricNumber(Metric::kL2),
                      .dim = 8,
                      .num_rows = 3,
                      .num_listed = 3,
                      .num_lists = 2};
  const auto open = [&](const IvfFacts& facts, std::vector<uint64_t> begins,
                        std::vector<uint32_t> rows) {
    std::vector<uint64_t> copy;
    const std::string file = MakeIvfFile(facts, centroids, begins, rows);
    const Bytes bytes{reinterpret_cast<const uint8_t*>(file.data()), file.size()};
    return CodeOf(OpenIvfFile(AlignedFile(bytes, copy)).status());
  };
  EXPECT_EQ(open(good, {0, 1, 3}, {2, 0, 1}), ErrorCode::kOk);
  EXPECT_EQ(open(good, {0, 1, 3}, {2, 0, 0}), ErrorCode::kDataIntegrity) << "a row twice";
  EXPECT_EQ(open(good, {0, 1, 3}, {3, 0, 1}), ErrorCode::kDataIntegrity) << "no such row";
  EXPECT_EQ(open(good, {0, 4, 3}, {2, 0, 1}), ErrorCode::kDataIntegrity) << "list ends early";
  EXPECT_EQ(open(good, {1, 1, 3}, {2, 0, 1}), ErrorCode::kDataIntegrity) << "begin";
  EXPECT_EQ(open(good, {0, 1, 2}, {2, 0, 1}), ErrorCode::kDataIntegrity) << "end";
  EXPECT_EQ(open(good, {0, 3}, {2, 0, 1}), ErrorCode::kDataIntegrity) << "a list is missing";
  for (const auto& change : std::vector<void (*)(IvfFacts&)>{
           [](IvfFacts& f) { f.type = 5; }, [](IvfFacts& f) { f.metric = 9; },
           [](IvfFacts& f) { f.dim = 16; }, [](IvfFacts& f) { f.dim = 0; },
           [](IvfFacts& f) { f.num_rows = 2; }, [](IvfFacts& f) { f.num_lists = 4; },
           [](IvfFacts& f) { f.num_lists = 0; }}) {
    IvfFacts facts = good;
    change(facts);
    EXPECT_EQ(open(facts, {0, 1, 3}, {2, 0, 1}), ErrorCode::kDataIntegrity);
  }
}

}  // namespace
}  // namespace elanus::index
