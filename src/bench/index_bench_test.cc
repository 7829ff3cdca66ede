#include "bench/index_bench.h"

#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>

namespace elanus::bench {
namespace {

// A directory with base.npy (400, 16), query.npy (20, 16) of float32.
class IndexBench : public ::testing::Test {
 protected:
  IndexBench() : directory_(::testing::TempDir() + "/index_bench") {
    std::filesystem::create_directories(directory_);
    Write("base.npy", 400, 1);
    Write("query.npy", 20, 2);
    options_ = {.base = directory_ + "/base.npy",
                .query = directory_ + "/query.npy",
                .metric = "L2",
                .index = "HNSW",
                .params = "M=8,efConstruction=40",
                .search = "ef=10;ef=64",
                .threads = 2,
                .directory = directory_};
  }
  void Write(const std::string& name, int num_rows, int seed) {
    std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (" +
                         std::to_string(num_rows) + ", 16), }\n";
    std::ofstream file(directory_ + "/" + name, std::ios::binary);
    file.write("\x93NUMPY\x01\x00", 8);
    file.put(static_cast<char>(header.size())).put('\0') << header;
    std::mt19937_64 random(seed);
    std::normal_distribution<float> normal;
    for (int i = 0; i < num_rows * 16; ++i) {
      const float value = normal(random);
      file.write(reinterpret_cast<const char*>(&value), 4);
    }
  }

  const std::string directory_;
  IndexBenchOptions options_;
};

TEST_F(IndexBench, MeasuresEverySettingOfAnIndexWithAFile) {
  const auto figures = BenchIndex(options_);
  ASSERT_TRUE(figures.ok()) << figures.status();
  EXPECT_EQ(figures->index, "HNSW");
  EXPECT_EQ(figures->n, 400);
  EXPECT_EQ(figures->dim, 16);
  EXPECT_GT(figures->file_bytes, 0);
  EXPECT_GT(figures->memory_bytes, figures->file_bytes + 400 * 64 - 1);
  ASSERT_EQ(figures->search.size(), 2u);
  EXPECT_EQ(figures->search[1].params, "ef=64");
  EXPECT_GT(figures->search[1].recall, 0.95);
  const std::map<std::string, int64_t> ways = {{"scan rows", 20}};
  EXPECT_EQ(figures->search[0].strategies, ways) << "of so few rows all are compared";
  for (const SearchFigures& one : figures->search) {
    EXPECT_GT(one.qps, 0);
    EXPECT_GT(one.batch_qps, 0);
    EXPECT_LE(one.p50_us, one.p99_us);
  }
  const std::string json = FiguresAsJson(*figures);
  for (const char* key :
       {"\"index\": \"HNSW\"", "\"n\": 400", "\"build_s\"", "\"peak_mb\"", "\"file_bytes\"",
        "\"memory_bytes\"", "\"search\": [{\"params\": \"ef=10\"", "\"batch_qps\"", "\"p99_us\"",
        "\"distances\"", "\"strategies\": {\"scan rows\": ", "\"expected_us\": {\"scan rows\": ",
        "\"filter_fraction\": 1"}) {
    EXPECT_NE(json.find(key), std::string::npos) << key << " in " << json;
  }
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(directory_), {}), 2)
      << "the index file stayed behind";
}

TEST_F(IndexBench, ReportsWhatEachQueryFoundIfAskedTo) {
  const auto without = BenchIndex(options_);
  ASSERT_TRUE(without.ok());
  EXPECT_EQ(FiguresAsJson(*without).find("\"ids\""), std::string::npos);
  options_.report_ids = true;
  const auto figures = BenchIndex(options_);
  ASSERT_TRUE(figures.ok()) << figures.status();
  ASSERT_EQ(figures->search.size(), 2u);
  for (const SearchFigures& one : figures->search) {
    ASSERT_FALSE(one.ids.empty());
    EXPECT_EQ(one.ids[0].size(), static_cast<size_t>(options_.k));
  }
  EXPECT_NE(FiguresAsJson(*figures).find("\"ids\": [["), std::string::npos);
}

TEST_F(IndexBench, ExactSearchHasRecallOneUnderAFilterToo) {
  options_.index = "FLAT";
  options_.params = "";
  options_.search = "";
  options_.filter_fractions = {1.0, 0.1, 0.0};
  for (const bool cluster : {false, true}) {
    options_.filter_cluster = cluster;
    const auto figures = BenchIndex(options_);
    ASSERT_TRUE(figures.ok()) << figures.status();
    EXPECT_EQ(figures->file_bytes, 0);
    ASSERT_EQ(figures->search.size(), 3u);
    for (size_t i = 0; i < 3; ++i) {
      EXPECT_EQ(figures->search[i].filter_fraction, options_.filter_fractions[i]);
      EXPECT_EQ(figures->search[i].recall, 1);
    }
    EXPECT_GT(figures->search[0].distances, figures->search[1].distances);
    EXPECT_EQ(figures->search[2].distances, 0);
  }
}

TEST_F(IndexBench, RefusesWhatTheServerRefuses) {
  const auto refused = [&](auto change) {
    IndexBenchOptions options = options_;
    change(options);
    return !BenchIndex(options).ok();
  };
  EXPECT_TRUE(refused([](auto& o) { o.index = "NO_SUCH"; }));
  EXPECT_TRUE(refused([](auto& o) { o.metric = "HAMMING"; }));
  EXPECT_TRUE(refused([](auto& o) { o.params = "M=1"; }));
  EXPECT_TRUE(refused([](auto& o) { o.params = "M"; }));
  EXPECT_TRUE(refused([](auto& o) { o.search = "ef=5"; })) << "below k";
  EXPECT_TRUE(refused([](auto& o) { o.k = 0; }));
  EXPECT_TRUE(refused([](auto& o) { o.ids = o.base; })) << "floats are no ids";
  EXPECT_TRUE(refused([](auto& o) { o.base = "/nowhere.npy"; }));
}

}  // namespace
}  // namespace elanus::bench
