#include "index/disk_graph.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "index/disk_graph_file.h"
#include "index/index_kinds.h"
#include "index/test_vectors_test.h"

namespace elanus::index {
namespace {

using kernels::Metric;
using schema::DataType;

constexpr int64_t kRows = 4000, kDim = 48;

class DiskGraphTest : public testing::TestWithParam<const char*> {
 protected:
  DiskGraphTest()
      : kind_(*FindIndexKind(GetParam())),
        data_(ClusteredVectors(DataType::kFloatVector, kDim, kRows, 20, 7)),
        queries_(ClusteredVectors(DataType::kFloatVector, kDim, 30, 20, 7, 1)),
        path_(testing::TempDir() + "/disk_graph_test." + std::to_string(::getpid())) {}
  ~DiskGraphTest() override { std::filesystem::remove(path_); }

  std::string Build(Params params = {{"max_degree", "32"}, {"search_list_size", "60"}}) const {
    BuildOptions options{.rows = data_.rows(), .metric = Metric::kL2};
    options.params = std::move(params);
    return *kind_.build(options);
  }
  absl::StatusOr<std::unique_ptr<VectorIndex>> OpenOnDisk(const std::string& file,
                                                          const Params& params) const {
    std::ofstream(path_, std::ios::binary).write(file.data(), static_cast<long>(file.size()));
    return kind_.open_blocks(storage::MakeFileReader(::open(path_.c_str(), O_RDONLY), file.size()),
                             data_.rows(), Metric::kL2, params);
  }
  // Mean recall at 10, and what the searches took.
  double RecallOf(const VectorIndex& index, const Params& params,
                  SearchStatistics* statistics = nullptr) const {
    double recall = 0;
    for (int64_t q = 0; q < queries_.num_rows; ++q) {
      const SearchRequest request{.query = queries_.row(q), .k = 10, .params = &params};
      const auto hits = index.Search(request, statistics);
      EXPECT_TRUE(hits.ok()) << hits.status();
      recall += Recall(*hits, ExactSearch(data_.rows(), Metric::kL2, queries_.row(q), 10, {}));
    }
    return recall / static_cast<double>(queries_.num_rows);
  }

  const IndexKind& kind_;
  const TestVectors data_, queries_;
  const std::string path_;
};

INSTANTIATE_TEST_SUITE_P(Kinds, DiskGraphTest, testing::Values("DISKANN", "AISAQ"));

TEST_P(DiskGraphTest, ReadsFromDiskOnlyWhatAWalkTouches) {
  const std::string file = Build();
  const auto index = OpenOnDisk(file, {{"search_cache_budget_gb_ratio", "0"}});
  ASSERT_TRUE(index.ok()) << index.status();
  SearchStatistics statistics;
  EXPECT_GE(RecallOf(**index, {{"search_list", "40"}}, &statistics), 0.9);
  EXPECT_GE(statistics.reads, 40 * queries_.num_rows);
  EXPECT_LE(statistics.reads, 120 * queries_.num_rows) << "nearly all candidates are read once";
  EXPECT_EQ(statistics.bytes_read % 4096, 0);
  // Codes are an eighth of the vectors, with DISKANN; entry points come on top.
  const int64_t raw = kRows * kDim * 4;
  EXPECT_LT((*index)->memory_bytes(), kind_.name == "AISAQ" ? raw / 10 : raw / 4);
}

TEST_P(DiskGraphTest, ReadsLessWithACacheAndFindsTheSame) {
  const std::string file = Build();
  SearchStatistics without, with, all;
  const Params search = {{"search_list", "30"}};
  RecallOf(**OpenOnDisk(file, {{"search_cache_budget_gb_ratio", "0"}}), search, &without);
  const auto cached = OpenOnDisk(file, {{"search_cache_budget_gb_ratio", "0.5"}});
  RecallOf(**cached, search, &with);
  EXPECT_LT(with.reads, without.reads);
  EXPECT_EQ(with.hops, without.hops);
  RecallOf(**OpenOnDisk(file, {{"search_cache_budget_gb_ratio", "100"}}), search, &all);
  EXPECT_EQ(all.reads, 0);
}

TEST_P(DiskGraphTest, FindsMoreWithALongerList) {
  const auto index = OpenOnDisk(Build(), {});
  const double small = RecallOf(**index, {{"search_list", "10"}});
  const double large = RecallOf(**index, {{"search_list", "200"}});
  EXPECT_GT(large, 0.99);
  EXPECT_LE(small, large);
}

TEST_P(DiskGraphTest, ScansFromThePartFilteredOutThatTheRequestNames) {
  const auto index = OpenOnDisk(Build(), {});
  ASSERT_TRUE(index.ok()) << index.status();
  kernels::Bitset half(kRows);
  for (int64_t row = 0; row < kRows; row += 2) half.Set(row);
  const auto strategy_at = [&](const char* threshold) {
    const Params params = {{"filter_threshold", threshold}, {"search_list", "20"}};
    SearchRequest request{.query = queries_.row(0), .k = 5, .params = &params};
    request.allowed = half.view();
    request.num_allowed = half.Count();
    SearchStatistics statistics;
    EXPECT_TRUE((*index)->Search(request, &statistics).ok());
    EXPECT_GT(statistics.costs[static_cast<size_t>(SearchStrategy::kScanRows)], 0);
    return statistics.strategy;
  };
  EXPECT_EQ(strategy_at("-1"), SearchStrategy::kWalk);
  EXPECT_EQ(strategy_at("0.9"), SearchStrategy::kWalk);
  EXPECT_EQ(strategy_at("0.3"), SearchStrategy::kScanRows);
}

TEST_P(DiskGraphTest, WorksWithShortCodesAndLongVectors) {
  // 3 bytes a code: parts by tables. And vectors of more than a page.
  const auto index = OpenOnDisk(Build({{"pq_code_budget_gb_ratio", "0.0156"}}), {});
  ASSERT_TRUE(index.ok()) << index.status();
  EXPECT_GT(RecallOf(**index, {{"search_list", "400"}}), 0.9);

  const auto wide = ClusteredVectors(DataType::kFloatVector, 1500, 300, 5, 3);
  BuildOptions options{.rows = wide.rows(), .metric = Metric::kL2};
  const std::string file = *kind_.build(options);
  const auto opened = kind_.open({reinterpret_cast<const uint8_t*>(file.data()), file.size()},
                                 wide.rows(), Metric::kL2, {});
  ASSERT_TRUE(opened.ok()) << opened.status();
  const SearchRequest request{.query = wide.row(17), .k = 1};
  EXPECT_EQ((*opened)->Search(request, nullptr)->front().row, 17);
}

TEST_P(DiskGraphTest, ScansTheColumnOnceABlockIsDamaged) {
  std::string file = Build();
  const auto intact = OpenOnDisk(file, {{"search_cache_budget_gb_ratio", "0"}});
  // Every block: whichever the walk reads first is damaged.
  for (size_t at = kPageBytes + 100; at < file.size() / 2; at += kPageBytes) file[at] ^= 1;
  const auto index = OpenOnDisk(file, {{"search_cache_budget_gb_ratio", "0"}});
  ASSERT_TRUE(index.ok()) << index.status();
  EXPECT_EQ(RecallOf(**index, {{"search_list", "10"}}), 1.0);
  // In memory everything is verified at once; so is what the cache holds.
  const auto opened = kind_.open({reinterpret_cast<const uint8_t*>(file.data()), file.size()},
                                 data_.rows(), Metric::kL2, {});
  EXPECT_EQ(CodeOf(opened.status()), ErrorCode::kDataIntegrity);
  EXPECT_NE(opened.status().message().find("the block at offset"), std::string_view::npos);
  EXPECT_EQ(CodeOf(OpenOnDisk(file, {}).status()), ErrorCode::kDataIntegrity);
}

TEST_P(DiskGraphTest, ScansTheColumnIfTheFileIsCutShortLater) {
  const auto index = OpenOnDisk(Build(), {{"search_cache_budget_gb_ratio", "0"}});
  std::filesystem::resize_file(path_, kPageBytes);
  EXPECT_EQ(RecallOf(**index, {}), 1.0);
}

TEST_P(DiskGraphTest, TheSameSeedGivesTheSameFile) {
  EXPECT_EQ(Build(), Build());
}

}  // namespace
}  // namespace elanus::index
