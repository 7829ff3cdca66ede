#include "segment/sealed_segment.h"

#include <gtest/gtest.h>

#include <random>

#include "segment/segment_fixture_test.h"
#include "storage/fault_file_system.h"

namespace elanus::segment {
namespace {

using Keys = std::map<int64_t, int>;

class SealedSegmentTest : public testing::Test {
 protected:
  void Insert(const std::vector<int64_t>& keys, uint64_t at) {
    growing.Insert(schema, TestRows(schema, keys), Timestamp(at));
  }

  schema::CollectionSchema schema = TestSchema();
  GrowingSegment growing{SegmentId(5), PartitionId(2), 0, schema};
  storage::MemoryFileSystem memory;
  storage::FaultFileSystem files{memory};
  std::unique_ptr<storage::ObjectStore> store = storage::MakeLocalObjectStore(files, "objects");
};

TEST_F(SealedSegmentTest, RowsAreWrittenInOrderOfKeyAndTime) {
  std::mt19937_64 random(1);
  for (uint64_t at = 1; at <= 300; ++at) Insert({static_cast<int64_t>(random() % 50)}, at);
  const auto sealed = Seal(growing, schema, *store);
  ASSERT_TRUE(sealed.ok()) << sealed.status();
  ASSERT_EQ((*sealed)->num_rows(), 300);
  for (int64_t row = 1; row < 300; ++row) {
    const auto order = (*sealed)->Key(row - 1) <=> (*sealed)->Key(row);
    ASSERT_TRUE(order < 0 ||
                (order == 0 && (*sealed)->RowTimestamp(row - 1) < (*sealed)->RowTimestamp(row)));
  }
  EXPECT_EQ((*sealed)->LowerBound(schema::PrimaryKeyView(int64_t{-1})), 0);
  EXPECT_EQ((*sealed)->LowerBound(schema::PrimaryKeyView(int64_t{50})), 300);
}

TEST_F(SealedSegmentTest, KnowsTheOrderOfKeysWhereRowsLieInAnother) {
  std::mt19937_64 random(1);
  for (uint64_t at = 1; at <= 300; ++at) Insert({static_cast<int64_t>(random() % 50)}, at);
  const auto sealed = *Seal(growing, schema, *store, {}, {}, std::nullopt, {}, kNumber);
  const int64_t before = sealed->memory_bytes();
  const std::span<const uint32_t> order = sealed->KeyOrder();
  ASSERT_EQ(order.size(), 300u);
  EXPECT_EQ(sealed->memory_bytes(), before + 1200);
  std::vector<bool> seen(300);
  for (size_t i = 0; i < 300; ++i) {
    ASSERT_FALSE(seen[order[i]]);
    seen[order[i]] = true;
    if (i == 0) continue;
    const auto by_key = sealed->Key(order[i - 1]) <=> sealed->Key(order[i]);
    ASSERT_TRUE(by_key < 0 || (by_key == 0 && sealed->RowTimestamp(order[i - 1]) <
                                                  sealed->RowTimestamp(order[i])));
  }
  EXPECT_EQ(sealed->LowerBound(schema::PrimaryKeyView(int64_t{50})), 300);
  EXPECT_TRUE((*Seal(growing, schema, *store))->KeyOrder().empty());
}

TEST_F(SealedSegmentTest, HoldsWhatTheGrowingSegmentHeld) {
  Insert({5, 3, 1}, 10);
  Insert({2, 4, 3}, 20);
  const auto sealed = *Seal(growing, schema, *store);
  for (const uint64_t at : {9u, 10u, 19u, 20u, 30u}) {
    EXPECT_EQ(VisibleKeys(*sealed, Timestamp(at)), VisibleKeys(growing, Timestamp(at))) << at;
  }
  schema::Column numbers(schema.Find(kNumber)->column_type());
  const std::vector<int64_t> rows = {5, 0};  // Keys 5 and 1.
  EXPECT_TRUE(sealed->Fetch(*schema.Find(kNumber), rows, numbers, {}).ok());
  EXPECT_FALSE(numbers.View().IsValid(0));
  EXPECT_EQ(numbers.View().Value<int64_t>(1), 10);
}

TEST_F(SealedSegmentTest, DeletesInAnyOrderGiveTheSameAsTheGrowingSegmentInTimeOrder) {
  for (uint64_t seed = 0; seed < 40; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    GrowingSegment rows(SegmentId(static_cast<int64_t>(100 + seed)), PartitionId(2), 0, schema);
    std::vector<std::pair<int64_t, uint64_t>> deletes;
    for (uint64_t at = 1; at <= 120; ++at) {
      const int64_t key = random() % 8;
      if (random() % 3 == 0) {
        rows.Delete(schema::PrimaryKeyView(key), Timestamp(at));
        deletes.emplace_back(key, at);
      } else {
        rows.Insert(schema, TestRows(schema, {key}), Timestamp(at));
      }
    }
    const auto sealed =
        *Seal(rows, schema, *store, {}, {}, std::nullopt, {}, seed % 2 ? kNumber : FieldId());
    ASSERT_EQ(sealed->sorted_by_key(), seed % 2 == 0);
    std::shuffle(deletes.begin(), deletes.end(), random);
    for (const auto& [key, at] : deletes) {
      sealed->Delete(schema::PrimaryKeyView(key), Timestamp(at));
      EXPECT_FALSE(sealed->Delete(schema::PrimaryKeyView(key), Timestamp(at)));
    }
    for (uint64_t at = 0; at <= 121; ++at) {
      ASSERT_EQ(VisibleKeys(*sealed, Timestamp(at)), VisibleKeys(rows, Timestamp(at))) << at;
    }
  }
}

TEST_F(SealedSegmentTest, TextKeysWork) {
  const schema::CollectionSchema text = TestSchema(/*text_keys=*/true);
  GrowingSegment rows(SegmentId(6), PartitionId(2), 0, text);
  rows.Insert(text, TestRows(text, {3, 20, 1}), Timestamp(10));
  const auto sealed = *Seal(rows, text, *store);
  EXPECT_EQ(sealed->Key(1).as_string(), "k20");
  EXPECT_TRUE(sealed->Delete(schema::PrimaryKeyView(std::string_view("k3")), Timestamp(20)));
  EXPECT_FALSE(sealed->Delete(schema::PrimaryKeyView(std::string_view("k2")), Timestamp(20)));
  EXPECT_EQ(sealed->Visible(Timestamp(20)).Count(), 2);
}

TEST_F(SealedSegmentTest, TruncationHidesOlderRowsOnly) {
  Insert({2}, 10);
  Insert({1}, 20);
  const auto sealed = *Seal(growing, schema, *store);
  sealed->HideUpTo(Timestamp(10));
  EXPECT_EQ(VisibleKeys(*sealed, Timestamp(30)), (Keys{{1, 1}}));
}

TEST_F(SealedSegmentTest, AFieldAddedLaterReadsAsItsDefault) {
  Insert({1, 2}, 10);
  const schema::CollectionSchema wider = TestSchema(false, /*with_added=*/true);
  const auto sealed = *Seal(growing, wider, *store);
  schema::Column added(wider.Find(kAdded)->column_type());
  const std::vector<int64_t> rows = {0, 1};
  EXPECT_TRUE(sealed->Fetch(*wider.Find(kAdded), rows, added, {}).ok());
  EXPECT_EQ(added.View().Value<int64_t>(1), 7);
  const auto source = sealed->Source(wider, 2);
  EXPECT_EQ(source->ContiguousRows(0), 2);
  EXPECT_EQ(source->Rows(kAdded, 0, 2).Value<int64_t>(0), 7);
}

TEST_F(SealedSegmentTest, SearchIsExactOverCandidates) {
  Insert({4, 3, 2, 1, 0}, 10);
  const auto sealed = *Seal(growing, schema, *store);
  sealed->Delete(schema::PrimaryKeyView(int64_t{2}), Timestamp(20));
  const float queries[2 * kDim] = {2, 0, 0, 0};
  SearchSpec spec;
  spec.field = kVector;
  spec.queries = reinterpret_cast<const uint8_t*>(queries);
  spec.num_queries = 2;
  spec.k = 2;
  SearchTrace trace;
  spec.trace = &trace;
  const auto hits = sealed->Search(spec, sealed->Visible(Timestamp(20)), Cancellation());
  ASSERT_TRUE(hits.ok());
  EXPECT_EQ(trace.statistics.strategy, index::SearchStrategy::kScanRows);
  EXPECT_EQ(trace.statistics.distances, 8) << "two queries, four rows";
  ASSERT_EQ((*hits)[0].size(), 2u);
  EXPECT_EQ((*hits)[0][0].row, 1);  // Rows stand by key: row = key.
  EXPECT_EQ((*hits)[0][1].row, 3);
  EXPECT_EQ((*hits)[1][0].row, 0);
}

TEST_F(SealedSegmentTest, DamageIsNamed) {
  Insert({1, 2, 3}, 10);
  ASSERT_TRUE(Seal(growing, schema, *store).ok());
  for (const std::string& path : memory.Paths()) {
    SCOPED_TRACE(path);
    const std::string whole = *memory.Read(path);
    std::string damaged = whole;
    damaged[damaged.size() - 1] ^= 1;
    memory.Put(path, damaged);
    SealedFiles opened;
    opened.id = growing.id();
    opened.num_rows = 3;
    opened.max_timestamp = growing.max_timestamp();
    opened.timestamps = "insert_log/5/1";
    for (const FieldId field : growing.Fields()) {
      opened.columns.push_back({field, fmt::format("insert_log/5/{}", field)});
    }
    const auto sealed = SealedSegment::Open(opened, schema, *store);
    EXPECT_EQ(CodeOf(sealed.status()), ErrorCode::kDataIntegrity);
    EXPECT_NE(MessageOf(sealed.status()).find("insert_log/5/"), std::string_view::npos);
    memory.Put(path, whole);
    EXPECT_TRUE(SealedSegment::Open(opened, schema, *store).ok());
    opened.num_rows = 4;
    EXPECT_EQ(CodeOf(SealedSegment::Open(opened, schema, *store).status()),
              ErrorCode::kDataIntegrity);
  }
}

TEST_F(SealedSegmentTest, AWriteThatFailsAnywhereLeavesNothingBehind) {
  Insert({1, 2, 3}, 10);
  uint64_t faults = 0;
  for (uint64_t call = 1; call < 60; ++call) {
    files.Inject({call, storage::FaultKind::kNoSpace, /*forever=*/true});
    const auto sealed = Seal(growing, schema, *store);
    faults = files.num_faults();
    files.StopFaults();
    if (sealed.ok()) break;
    EXPECT_TRUE(memory.Paths().empty()) << memory.Paths().front();
  }
  EXPECT_GT(faults, 0u);
  EXPECT_TRUE(Seal(growing, schema, *store).ok());
}

}  // namespace
}  // namespace elanus::segment
