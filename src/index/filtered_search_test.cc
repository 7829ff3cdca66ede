// Searches of a graph under filters of every selectivity, drawn at random and related to the query,
// against exact search; with enough rows that each strategy is the cheapest somewhere.
#include <gtest/gtest.h>

#include <map>

#include "index/hnsw.h"
#include "index/test_vectors_test.h"

namespace elanus::index {
namespace {

using kernels::Bitset;
using kernels::Metric;
using schema::DataType;

constexpr int64_t kRows = 40'000, kDim = 128, kQueries = 20;
constexpr double kShares[] = {0.0002, 0.005, 0.02, 0.05, 0.15, 0.3, 0.5, 0.9, 0.99};

// Vectors as embeddings are: of few dimensions, bent into many.
TestVectors Embeddings(int64_t num_rows, uint64_t draw) {
  constexpr int64_t kLatent = 12;
  const auto latent = ClusteredVectors(DataType::kFloatVector, kLatent, num_rows, 50, 3, draw);
  const auto mix = ClusteredVectors(DataType::kFloatVector, kDim, kLatent, kLatent, 4);
  TestVectors out{DataType::kFloatVector, kDim, num_rows, {}};
  out.bytes.resize(static_cast<size_t>(num_rows * kDim * 4));
  auto* to = reinterpret_cast<float*>(out.bytes.data());
  for (int64_t row = 0; row < num_rows; ++row, to += kDim) {
    const auto* from = reinterpret_cast<const float*>(latent.row(row));
    for (int64_t l = 0; l < kLatent; ++l) {
      const auto* direction = reinterpret_cast<const float*>(mix.row(l));
      for (int64_t d = 0; d < kDim; ++d) to[d] += from[l] * direction[d];
    }
  }
  return out;
}

enum class FilterKind { kAny, kNear, kFar, kCluster };

class FilteredSearch : public ::testing::TestWithParam<Metric> {
 protected:
  void SetUp() override {
    Executor executor({.name = "filtered", .num_threads = 2});
    BuildOptions options{.rows = data_.rows(), .metric = GetParam()};
    options.params = {{"M", "16"}, {"efConstruction", "80"}};
    options.executor = &executor;
    auto file = BuildHnsw(options);
    ASSERT_TRUE(file.ok()) << file.status();
    file_ = *std::move(file);
    auto index = OpenHnsw({reinterpret_cast<const uint8_t*>(file_.data()), file_.size()},
                          data_.rows(), GetParam(), {});
    ASSERT_TRUE(index.ok()) << index.status();
    index_ = *std::move(index);
    for (int64_t q = 0; q < kQueries; ++q) {
      nearest_.push_back(ExactSearch(data_.rows(), GetParam(), queries_.row(q), kRows));
    }
  }

  // Rows by chance; the nearest to the query; the farthest; those around another row.
  Bitset Filter(FilterKind kind, double share, int64_t query) const {
    const auto count = static_cast<int64_t>(share * kRows);
    Bitset allowed(kRows);
    std::mt19937_64 random(static_cast<uint64_t>(query) + 5);
    const auto& order = nearest_[kind == FilterKind::kCluster ? (query + 1) % kQueries : query];
    for (int64_t i = 0; i < count; ++i) {
      switch (kind) {
        case FilterKind::kAny:
          allowed.Set(static_cast<int64_t>(random() % kRows));
          break;
        case FilterKind::kNear:
        case FilterKind::kCluster:
          allowed.Set(order[i].row);
          break;
        case FilterKind::kFar:
          allowed.Set(order[kRows - 1 - i].row);
          break;
      }
    }
    return allowed;
  }

  std::vector<Neighbor> Expected(int64_t query, const Bitset& allowed, int64_t k) const {
    std::vector<Neighbor> out;
    for (const Neighbor& row : nearest_[query]) {
      if (allowed.Test(row.row)) out.push_back(row);
      if (static_cast<int64_t>(out.size()) == k) break;
    }
    return out;
  }

  // Without a filter.
  double RecallOfAll(int64_t k) const {
    double recall = 0;
    const Bitset all(kRows, true);
    for (int64_t q = 0; q < kQueries; ++q) {
      SearchStatistics ignored;
      recall += Recall(Search(q, all, k, {}, ignored), Expected(q, all, k)) / kQueries;
    }
    return recall;
  }

  std::vector<Neighbor> Search(int64_t query, const Bitset& allowed, int64_t k,
                               const DistanceRange& range, SearchStatistics& statistics) const {
    const Params params = {{"ef", std::to_string(std::max<int64_t>(16, k + k / 2))}};
    SearchRequest request{.query = queries_.row(query), .k = k};
    if (range.everything()) request.params = &params;
    request.allowed = allowed.view();
    request.num_allowed = allowed.Count();
    request.range = range;
    const auto hits = index_->Search(request, &statistics);
    EXPECT_TRUE(hits.ok()) << hits.status();
    return hits.value_or(std::vector<Neighbor>());
  }

  const TestVectors data_ = Embeddings(kRows, 0);
  const TestVectors queries_ = Embeddings(kQueries, 1);
  std::string file_;
  std::unique_ptr<VectorIndex> index_;
  std::vector<std::vector<Neighbor>> nearest_;  // All rows, of each query.
};

INSTANTIATE_TEST_SUITE_P(Metrics, FilteredSearch, ::testing::Values(Metric::kL2, Metric::kCosine));

TEST_P(FilteredSearch, FindsTheNearestAllowedRowsByWhicheverStrategy) {
  std::map<SearchStrategy, int64_t> used;
  std::map<int64_t, double> recall_of_all;
  for (const int64_t k : {1, 10, 100}) {
    recall_of_all[k] = RecallOfAll(k);
    EXPECT_GE(recall_of_all[k], 0.7);
  }
  for (const FilterKind kind :
       {FilterKind::kAny, FilterKind::kNear, FilterKind::kFar, FilterKind::kCluster}) {
    for (const double share : kShares) {
      for (const int64_t k : {1, 10, 100}) {
        double recall = 0;
        for (int64_t q = 0; q < kQueries; ++q) {
          const Bitset allowed = Filter(kind, share, q);
          SearchStatistics statistics;
          const auto hits = Search(q, allowed, k, {}, statistics);
          const auto expected = Expected(q, allowed, k);
          ASSERT_EQ(hits.size(), expected.size());
          EXPECT_TRUE(std::is_sorted(hits.begin(), hits.end(), kernels::Nearer));
          std::set<int64_t> rows;
          for (const Neighbor& hit : hits) {
            EXPECT_TRUE(allowed.Test(hit.row));
            rows.insert(hit.row);
          }
          EXPECT_EQ(rows.size(), hits.size()) << "a row twice";
          recall += Recall(hits, expected);
          ++used[statistics.strategy];
          EXPECT_GT(statistics.costs[static_cast<size_t>(statistics.strategy)], 0);
        }
        EXPECT_GE(recall / kQueries, recall_of_all[k] - 0.06)
            << "filter " << static_cast<int>(kind) << " share " << share << " k " << k;
      }
    }
  }
  for (const SearchStrategy strategy : {SearchStrategy::kScanRows, SearchStrategy::kScanCodes,
                                        SearchStrategy::kWalk, SearchStrategy::kWalkAllowed}) {
    EXPECT_GT(used[strategy], 0) << SearchStrategyName(strategy) << " was not tried at all";
  }
}

TEST_P(FilteredSearch, GivesAWalkUpForAScanWhereTheAllowedRowsAreFar) {
  for (int64_t q = 0; q < kQueries; ++q) {
    const Bitset far = Filter(FilterKind::kFar, 0.5, q);
    SearchStatistics statistics;
    const auto hits = Search(q, far, 10, {}, statistics);
    EXPECT_EQ(Recall(hits, Expected(q, far, 10)), 1);
    EXPECT_TRUE(statistics.strategy == SearchStrategy::kScanCodes ||
                statistics.strategy == SearchStrategy::kScanRows);
    EXPECT_EQ(statistics.given_up, 1);
  }
}

TEST_P(FilteredSearch, GivesEveryRowOnceInPages) {
  constexpr int64_t kPage = 40, kPages = 12;
  for (const double share : {0.6, 0.02}) {
    double recall = 0;
    int64_t by_rows = 0;
    for (int64_t q = 0; q < kQueries; ++q) {
      const Bitset allowed = Filter(FilterKind::kAny, share, q);
      DistanceRange range{-std::numeric_limits<float>::max()};  // As all pages.
      std::map<int64_t, float> seen;
      for (int64_t page = 0; page < kPages; ++page) {
        SearchStatistics statistics;
        const auto hits = Search(q, allowed, kPage, range, statistics);
        ASSERT_EQ(static_cast<int64_t>(hits.size()), kPage);
        for (const Neighbor& hit : hits) {
          EXPECT_TRUE(allowed.Test(hit.row));
          EXPECT_GE(hit.distance, range.nearest);
          EXPECT_TRUE(seen.emplace(hit.row, hit.distance).second) << "row on two pages";
        }
        by_rows += statistics.strategy == SearchStrategy::kScanRows ? 1 : 0;
        range.nearest =
            std::nextafter(hits.back().distance, std::numeric_limits<float>::infinity());
      }
      for (const Neighbor& row : Expected(q, allowed, kPage * kPages)) {
        const auto found = seen.find(row.row);
        if (found == seen.end()) continue;
        EXPECT_EQ(found->second, row.distance) << "a row has one distance";
        recall += 1.0 / (kPage * kPages);
      }
    }
    EXPECT_GE(recall / kQueries, 0.97) << share;
    // By their codes: of the vectors most pages read few. Not so those of the last rows around a
    // query, behind which others are far.
    if (share > 0.5) {
      EXPECT_LT(by_rows, kQueries * kPages / 2);
    }
  }
}

}  // namespace
}  // namespace elanus::index
