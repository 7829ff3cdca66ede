#include <gtest/gtest.h>

#include <numeric>
#include <random>

#include "index/index_kinds.h"
#include "segment/segment_fixture_test.h"
#include "segment/tiers_fixture_test.h"

namespace elanus::segment {
namespace {

class TieredSegmentTest : public testing::Test {
 protected:
  void SetUp() override {
    std::vector<int64_t> keys(20'000);
    std::iota(keys.begin(), keys.end(), 0);
    growing.Insert(schema, TestRows(schema, keys), Timestamp(10));
  }
  std::shared_ptr<SealedSegment> Tiered(TightTiers& tiers) {
    return *Seal(growing, schema, *store, {}, tiers.options());
  }
  static SearchSpec Nearest(const float* query, int64_t k) {
    SearchSpec spec;
    spec.field = kVector;
    spec.queries = reinterpret_cast<const uint8_t*>(query);
    spec.num_queries = 1;
    spec.k = k;
    return spec;
  }

  schema::CollectionSchema schema = TestSchema();
  GrowingSegment growing{SegmentId(5), PartitionId(2), 0, schema};
  storage::MemoryFileSystem files;
  std::unique_ptr<storage::ObjectStore> store = storage::MakeLocalObjectStore(files, "objects");
};

TEST_F(TieredSegmentTest, OpensWithoutItsColumnsAndBringsWhatIsAskedFor) {
  TightTiers tiers(*store);
  const auto segment = Tiered(tiers);
  EXPECT_EQ(tiers.memory().used_bytes(), 0u);
  EXPECT_EQ(segment->Key(77).as_int(), 77);
  schema::Column numbers(schema.Find(kNumber)->column_type());
  const std::vector<int64_t> rows = {19'999, 1, 5};
  ASSERT_TRUE(segment->Fetch(*schema.Find(kNumber), rows, numbers, {}).ok());
  EXPECT_EQ(numbers.View().Value<int64_t>(0), 199'990);
  EXPECT_EQ(numbers.View().Value<int64_t>(1), 10);
  EXPECT_FALSE(numbers.View().IsValid(2));
  EXPECT_GT(tiers.memory().used_bytes(), 0u);
}

TEST_F(TieredSegmentTest, ExactSearchNeedsRoomForAPieceAlone) {
  // Vectors are one block of 160 kB, which has to fit.
  const auto whole = *Seal(growing, schema, *store);
  for (const bool compressed : {false, true}) {
    TightTiers tiers(*store, 200'000);
    const auto segment =
        *Seal(growing, schema, *store, {}, tiers.options(), std::nullopt, {}, {}, compressed);
    std::mt19937_64 random(4);
    for (int i = 0; i < 20; ++i) {
      const float query[kDim] = {static_cast<float>(random() % 20'000), 1};
      kernels::Bitset candidates(20'000);
      for (int64_t row = 0; row < 20'000; ++row) {
        if (random() % 3 == 0) candidates.Set(row);
      }
      const auto found = segment->Search(Nearest(query, 5), candidates, {});
      const auto expected = whole->Search(Nearest(query, 5), candidates, {});
      ASSERT_TRUE(found.ok()) << found.status();
      ASSERT_EQ((*found)[0], (*expected)[0]);
      ASSERT_TRUE(segment->Pin({{kNumber}}, {}).ok());  // Throws the vectors out.
    }
  }
}

TEST_F(TieredSegmentTest, KnowsHowValuesAreSpreadWithoutTheColumn) {
  TightTiers tiers(*store, 3 << 20);
  const auto segment = Tiered(tiers);
  const auto source = segment->Source(schema, segment->num_rows());
  const auto statistics = source->Statistics(kNumber);
  ASSERT_NE(statistics, nullptr);
  EXPECT_TRUE(statistics->has_values());
  EXPECT_EQ(tiers.memory().used_bytes(), 0u);
  // What a sample of the column says, too.
  const auto whole = *Seal(growing, schema, *store);
  const storage::ColumnStatistics sample(whole->Find(kNumber)->View());
  for (const double value : {0.0, 5000.0, 30'000.0}) {
    EXPECT_NEAR(statistics->FractionBelow(value), sample.FractionBelow(value), 0.03) << value;
  }
}

TEST_F(TieredSegmentTest, ABudgetBelowWhatAFilterReadsIsRefusedByName) {
  TightTiers tiers(*store, 1000);
  const auto segment = Tiered(tiers);
  const absl::Status refused = segment->Pin({{kNumber}}, {}).status();
  EXPECT_EQ(CodeOf(refused), ErrorCode::kMemoryLimitExceeded);
  EXPECT_NE(MessageOf(refused).find("elanus.cache.memory"), std::string_view::npos);
}

TEST_F(TieredSegmentTest, AnIndexComesAndGoesAndGivesTheSameHits) {
  TightTiers tiers(*store, 3 << 20);
  const auto segment = Tiered(tiers);
  const auto whole = *Seal(growing, schema, *store);
  const index::IndexKind& kind = *index::FindIndexKind("HNSW");
  index::BuildOptions options;
  options.rows = whole->Vectors(kVector);
  options.params = {{"M", "8"}, {"efConstruction", "40"}};
  const std::string file = *kind.build(options);
  const std::string_view part = file;
  ASSERT_TRUE(store->Put("index_files/1", {&part, 1}).ok());
  const auto open = [&](std::span<const uint8_t> bytes, const index::VectorRows& rows) {
    return kind.open(bytes, rows, kernels::Metric::kL2, options.params);
  };
  const std::vector<StoredPart> parts = {{0, 0, file.size()}};
  const auto loaded = std::make_shared<LoadedIndex>();
  loaded->type = "HNSW";
  loaded->cells = std::make_shared<CachedIndex>(
      *tiers.options().tiers,
      CachedIndex::Stored(*tiers.options().tiers, {cache::Kind::kVectorIndex, 1, "index_files/1"},
                          file.size(), parts),
      parts, segment->Vectors(kVector), open);
  segment->SetIndex(kVector, loaded);
  const index::Params params = {{"ef", "200"}};
  for (int round = 0; round < 3; ++round) {
    for (const float at : {0.f, 777.f, 19'999.f}) {
      const float query[kDim] = {at, 0};
      SearchSpec spec = Nearest(query, 1);
      spec.params = &params;
      SearchTrace trace;
      spec.trace = &trace;
      const auto hits = segment->Search(spec, kernels::Bitset(20'000, true), {});
      ASSERT_TRUE(hits.ok()) << hits.status();
      ASSERT_EQ((*hits)[0][0].row, static_cast<int64_t>(at));
      EXPECT_TRUE(trace.strategy.starts_with("HNSW")) << trace.strategy;
    }
    tiers.memory().DropAll();
    EXPECT_EQ(tiers.memory().used_bytes(), 0u);
  }
  // Damaged in the store: the rows are compared instead.
  std::string damaged = file;
  damaged[damaged.size() / 2] ^= 1;
  const std::string_view other = damaged;
  ASSERT_TRUE(store->Put("index_files/1", {&other, 1}).ok());
  const float query[kDim] = {777, 0};
  SearchSpec spec = Nearest(query, 1);
  spec.params = &params;
  SearchTrace trace;
  spec.trace = &trace;
  const auto hits = segment->Search(spec, kernels::Bitset(20'000, true), {});
  ASSERT_TRUE(hits.ok()) << hits.status();
  EXPECT_EQ((*hits)[0][0].row, 777);
  EXPECT_EQ(trace.strategy, "exact");
}

// Codes propose, and of the column only the blocks of what they propose are brought.
TEST(TieredSearch, ReadsOfTheColumnWhatTheIndexRanksBy) {
  constexpr int64_t kRows = 20'000, kLong = 64;
  schema::CollectionSchema schema = TestSchema();
  schema.fields[2].type_params["dim"] = std::to_string(kLong);
  GrowingSegment growing(SegmentId(5), PartitionId(2), 0, schema);
  std::mt19937_64 random(8);
  schema::RowBatch rows;
  rows.num_rows = kRows;
  schema::Column keys(schema.fields[0].column_type()), numbers(schema.fields[1].column_type()),
      vectors(schema.fields[2].column_type());
  std::vector<float> vector(kLong);
  for (int64_t row = 0; row < kRows; ++row) {
    keys.Append(row);
    numbers.Append(row);
    for (float& value : vector) value = static_cast<float>(random() % 1000);
    vectors.AppendFixedRows(vector.data(), 1);
  }
  rows.columns.emplace_back(kKey, std::move(keys));
  rows.columns.emplace_back(kNumber, std::move(numbers));
  rows.columns.emplace_back(kVector, std::move(vectors));
  growing.Insert(schema, rows, Timestamp(10));
  storage::MemoryFileSystem files;
  const auto store = storage::MakeLocalObjectStore(files, "objects");
  const auto whole = *Seal(growing, schema, *store);
  const index::IndexKind& kind = *index::FindIndexKind("HNSW");
  index::BuildOptions options;
  options.rows = whole->Vectors(kVector);
  options.params = {{"M", "8"}, {"efConstruction", "60"}};
  const std::string file = *kind.build(options);
  const std::string_view part = file;
  ASSERT_TRUE(store->Put("index_files/1", {&part, 1}).ok());
  const std::vector<StoredPart> parts = {{0, 0, file.size()}};
  const auto in_memory = std::make_shared<LoadedIndex>();
  in_memory->type = "HNSW";
  in_memory->index = *kind.open({reinterpret_cast<const uint8_t*>(file.data()), file.size()},
                                options.rows, kernels::Metric::kL2, options.params);
  whole->SetIndex(kVector, in_memory);
  const uint64_t column_bytes = kRows * kLong * 4;

  // Room for the index and for some blocks; then for hardly any beside it, so that a search begins
  // again with all it asked for.
  const std::vector<std::pair<uint64_t, int>> budgets = {{file.size() + (3 << 20), 1},
                                                         {file.size() + (2600 << 10), 16}};
  for (const auto& [budget, num_queries] : budgets) {
    ASSERT_LT(budget, file.size() + column_bytes);
    TightTiers tiers(*store, budget);
    const auto segment = *Seal(growing, schema, *store, {}, tiers.options(), std::nullopt, {}, {},
                               /*compressed=*/num_queries > 1);
    const auto loaded = std::make_shared<LoadedIndex>();
    loaded->type = "HNSW";
    loaded->cells = std::make_shared<CachedIndex>(
        *tiers.options().tiers,
        CachedIndex::Stored(*tiers.options().tiers, {cache::Kind::kVectorIndex, 1, "index_files/1"},
                            file.size(), parts),
        parts, segment->Vectors(kVector),
        [&](std::span<const uint8_t> bytes, const index::VectorRows& rows) {
          return kind.open(bytes, rows, kernels::Metric::kL2, options.params);
        });
    segment->SetIndex(kVector, loaded);
    // The index alone is warmed.
    ASSERT_TRUE(segment->WarmIndex(kVector, {}).ok());
    EXPECT_LT(tiers.memory().used_bytes(), file.size() + column_bytes / 2);
    std::vector<float> queries;
    for (int64_t i = 0; i < kLong * num_queries; ++i) {
      queries.push_back(static_cast<float>(random() % 1000));
    }
    SearchSpec spec;
    spec.field = kVector;
    spec.queries = reinterpret_cast<const uint8_t*>(queries.data());
    spec.num_queries = 1;
    spec.k = 10;
    const index::Params params = {{"ef", "30"}};
    spec.params = &params;
    for (int q = 0; q < num_queries; ++q) {
      spec.queries = reinterpret_cast<const uint8_t*>(queries.data() + q * kLong);
      for (const int64_t share : {1, 2000}) {
        kernels::Bitset candidates(kRows);
        for (int64_t row = 0; row < kRows; row += share) candidates.Set(row);
        SearchTrace trace;
        spec.trace = &trace;
        const auto found = segment->Search(spec, candidates, {});
        ASSERT_TRUE(found.ok()) << found.status();
        spec.trace = nullptr;
        const auto expected = whole->Search(spec, candidates, {});
        ASSERT_TRUE(expected.ok());
        EXPECT_EQ((*found)[0], (*expected)[0]);
        EXPECT_LT(trace.waits.bytes_loaded, static_cast<int64_t>(file.size() + column_bytes));
      }
    }
  }
}

}  // namespace
}  // namespace elanus::segment
