#include "index/parted_index.h"

#include <gtest/gtest.h>

#include <random>

#include "index/index_kinds.h"
#include "index/test_vectors_test.h"
#include "kernels/bit_range.h"

namespace elanus::index {
namespace {

using schema::DataType;

schema::Column Tenants(const std::vector<std::pair<int64_t, int>>& runs) {
  schema::Column out({.type = DataType::kInt64});
  for (const auto& [tenant, rows] : runs) {
    for (int i = 0; i < rows; ++i) out.Append(tenant);
  }
  return out;
}

std::vector<int64_t> Starts(const std::vector<std::pair<int64_t, int>>& runs, int64_t rows_min) {
  const schema::Column tenants = Tenants(runs);
  return PartStarts(tenants.View(), rows_min);
}

TEST(PartStarts, GivesLargeTenantsAPartAndLetsSmallOnesShare) {
  using V = std::vector<int64_t>;
  EXPECT_EQ(Starts({}, 10), V({0}));
  EXPECT_EQ(Starts({{1, 50}}, 10), V({0}));
  EXPECT_EQ(Starts({{1, 50}, {2, 50}}, 10), V({0, 50}));
  EXPECT_EQ(Starts({{1, 3}, {2, 3}, {3, 3}}, 10), V({0}));
  EXPECT_EQ(Starts({{1, 6}, {2, 6}, {3, 6}, {4, 6}}, 10), V({0, 12}));
  EXPECT_EQ(Starts({{1, 3}, {2, 50}, {3, 3}, {4, 50}}, 10), V({0, 3, 53, 56}));
  EXPECT_EQ(Starts({{1, 50}, {2, 3}}, 10), V({0, 50}));
  EXPECT_EQ(Starts({{1, 10}, {2, 9}, {3, 1}, {4, 1}}, 10), V({0, 10, 20}));
}

TEST(PartStarts, NeverCutsATenant) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 300; ++round) {
    std::vector<std::pair<int64_t, int>> runs;
    for (int64_t tenant = 0; tenant < 30; ++tenant) {
      runs.emplace_back(tenant, static_cast<int>(1 + random() % (random() % 4 == 0 ? 60 : 8)));
    }
    const schema::Column column = Tenants(runs);
    const schema::ColumnView tenants = column.View();
    const std::vector<int64_t> starts = PartStarts(tenants, 20);
    ASSERT_EQ(starts.front(), 0);
    for (size_t i = 1; i < starts.size(); ++i) {
      ASSERT_LT(starts[i - 1], starts[i]);
      ASSERT_LT(starts[i], tenants.num_rows);
      ASSERT_NE(tenants.Raw(starts[i]), tenants.Raw(starts[i] - 1));
      // A part is full, or a large tenant stands behind it.
      int64_t next = starts[i];
      while (next < tenants.num_rows && tenants.Raw(next) == tenants.Raw(starts[i])) ++next;
      ASSERT_TRUE(starts[i] - starts[i - 1] >= 20 || next - starts[i] >= 20);
    }
  }
}

TEST(BitRange, CutsAndFindsLikeBitByBit) {
  std::mt19937_64 random(3);
  kernels::Bitset bits(1000);
  for (int i = 0; i < 40; ++i) bits.Set(static_cast<int64_t>(random() % 1000));
  for (int round = 0; round < 2000; ++round) {
    const auto begin = static_cast<int64_t>(random() % 1000);
    const auto count = static_cast<int64_t>(random() % (1001 - begin));
    const kernels::Bitset cut = kernels::Cut(bits.view(), begin, count);
    ASSERT_EQ(cut.size(), count);
    bool any = false;
    for (int64_t i = 0; i < count; ++i) {
      ASSERT_EQ(cut.Test(i), bits.Test(begin + i));
      any |= cut.Test(i);
    }
    ASSERT_EQ(kernels::AnyIn(bits.view(), begin, begin + count), any);
  }
}

struct NotedPins final : RowPins {
  absl::Status Pin(std::span<const uint32_t> rows) override {
    pinned.insert(rows.begin(), rows.end());
    return absl::OkStatus();
  }
  absl::Status PinAll() override {
    all = true;
    return absl::OkStatus();
  }
  std::set<uint32_t> pinned;
  bool all = false;
};

class PartedIndexTest : public testing::Test {
 protected:
  static constexpr int64_t kRows = 3000;
  const std::vector<int64_t> starts_ = {0, 70, 1500, 1501, 2600};
  const TestVectors vectors_ = ClusteredVectors(DataType::kFloatVector, 64, kRows, 20, 5);
  const TestVectors queries_ = ClusteredVectors(DataType::kFloatVector, 64, 6, 20, 5, 1);
  const Params params_ = {{"M", "8"}, {"efConstruction", "80"}};
  const Params search_ = {{"ef", "400"}};
  std::vector<std::string> files_;

  std::unique_ptr<VectorIndex> OpenPart(size_t i, const VectorRows& rows) {
    const IndexKind& kind = *FindIndexKind("HNSW");
    BuildOptions options;
    options.rows = rows;
    options.params = params_;
    files_.resize(starts_.size());
    files_[i] = *kind.build(options);
    return *kind.open({reinterpret_cast<const uint8_t*>(files_[i].data()), files_[i].size()}, rows,
                      kernels::Metric::kL2, params_);
  }
  SearchRequest Request(const kernels::Bitset& allowed, int64_t k) const {
    SearchRequest request;
    request.query = queries_.row(0);
    request.query_width = queries_.rows().width();
    request.k = k;
    request.params = &search_;
    request.num_allowed = allowed.Count();
    if (request.num_allowed < allowed.size()) request.allowed = allowed.view();
    return request;
  }
};

TEST_F(PartedIndexTest, FindsWhatAnExactSearchFinds) {
  const auto index = OpenParts(starts_, vectors_.rows(), [&](size_t i, const VectorRows& rows) {
    return absl::StatusOr<std::unique_ptr<VectorIndex>>(OpenPart(i, rows));
  });
  ASSERT_TRUE(index.ok());
  EXPECT_GT((*index)->memory_bytes(), 0);
  std::mt19937_64 random(1);
  const std::vector<std::pair<int64_t, int64_t>> tenants = {
      {0, kRows}, {0, 70}, {70, 1500}, {1500, 1501}, {1400, 1700}, {2600, kRows}, {5, 5}};
  for (const auto& [begin, end] : tenants) {
    for (const int share : {1, 3}) {
      kernels::Bitset allowed(kRows);
      for (int64_t row = begin; row < end; ++row) {
        if (random() % share == 0) allowed.Set(row);
      }
      const SearchRequest request = Request(allowed, 10);
      if (request.num_allowed == 0) continue;
      SearchStatistics statistics;
      const auto hits = (*index)->SearchMany(request, queries_.num_rows, &statistics);
      ASSERT_TRUE(hits.ok()) << hits.status();
      double recall = 0;
      for (int64_t q = 0; q < queries_.num_rows; ++q) {
        const auto expected =
            ExactSearch(vectors_.rows(), kernels::Metric::kL2, queries_.row(q), 10, allowed.view());
        ASSERT_EQ((*hits)[q].size(), expected.size());
        for (size_t i = 0; i < expected.size(); ++i) {
          ASSERT_TRUE(allowed.Test((*hits)[q][i].row));
          ASSERT_TRUE(i == 0 || kernels::Nearer((*hits)[q][i - 1], (*hits)[q][i]));
        }
        recall += Recall((*hits)[q], expected) / static_cast<double>(queries_.num_rows);
      }
      EXPECT_GE(recall, 0.98) << begin << " " << end << " " << share;
    }
  }
}

TEST_F(PartedIndexTest, NeedsOnlyThePartsOfAllowedRowsAndPinsRowsOfThese) {
  PartedIndex index(starts_, kRows);
  kernels::Bitset allowed(kRows);
  for (int64_t row = 200; row < 1400; ++row) allowed.Set(row);
  EXPECT_EQ(index.PartsOf(allowed.view()), std::vector<size_t>({1}));
  index.Set(1, OpenPart(1, index.RowsOf(1, vectors_.rows())));
  EXPECT_TRUE(index.reads_few_rows());
  NotedPins pins;
  SearchRequest request = Request(allowed, 10);
  request.pins = &pins;
  const auto hits = index.Search(request, nullptr);
  ASSERT_TRUE(hits.ok()) << hits.status();
  ASSERT_EQ(hits->size(), 10u);
  EXPECT_FALSE(pins.all);
  ASSERT_FALSE(pins.pinned.empty());
  EXPECT_GE(*pins.pinned.begin(), 70u);
  EXPECT_LT(*pins.pinned.rbegin(), 1500u);
  for (const Neighbor& hit : *hits) EXPECT_TRUE(pins.pinned.contains(hit.row));
  index.Set(1, nullptr);
  EXPECT_EQ(index.memory_bytes(), 0);

  kernels::Bitset last(kRows);
  last.Set(69);
  last.Set(1500);
  last.Set(kRows - 1);
  EXPECT_EQ(index.PartsOf(last.view()), std::vector<size_t>({0, 2, 4}));
  EXPECT_TRUE(index.PartsOf(kernels::Bitset(kRows).view()).empty());
}

}  // namespace
}  // namespace elanus::index
