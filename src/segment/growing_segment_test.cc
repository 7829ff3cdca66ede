#include "segment/growing_segment.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <thread>

#include "segment/segment_fixture_test.h"

namespace elanus::segment {
namespace {

using Keys = std::map<int64_t, int>;

class GrowingSegmentTest : public testing::Test {
 protected:
  void Insert(const std::vector<int64_t>& keys, uint64_t at) {
    segment.Insert(schema, TestRows(schema, keys), Timestamp(at));
  }
  bool Delete(int64_t key, uint64_t at) {
    return segment.Delete(schema::PrimaryKeyView(key), Timestamp(at));
  }
  Keys At(uint64_t at) { return VisibleKeys(segment, Timestamp(at)); }

  schema::CollectionSchema schema = TestSchema();
  GrowingSegment segment{SegmentId(1), PartitionId(2), 0, schema};
};

TEST_F(GrowingSegmentTest, AReaderSeesRowsUpToItsTimestamp) {
  Insert({1, 2}, 10);
  Insert({3}, 20);
  EXPECT_EQ(At(9), Keys());
  EXPECT_EQ(At(10), (Keys{{1, 1}, {2, 1}}));
  EXPECT_EQ(At(20), (Keys{{1, 1}, {2, 1}, {3, 1}}));
  EXPECT_EQ(segment.min_timestamp(), Timestamp(10));
  EXPECT_EQ(segment.max_timestamp(), Timestamp(20));
}

TEST_F(GrowingSegmentTest, ADeleteHidesOlderRowsOfItsKeyFromItsTimestampOn) {
  Insert({1}, 10);
  Insert({1, 2}, 20);
  EXPECT_TRUE(Delete(1, 30));
  EXPECT_FALSE(Delete(1, 40));
  EXPECT_FALSE(Delete(9, 40));
  Insert({1}, 50);
  EXPECT_EQ(At(29), (Keys{{1, 2}, {2, 1}}));
  EXPECT_EQ(At(30), (Keys{{2, 1}}));
  EXPECT_EQ(At(50), (Keys{{1, 1}, {2, 1}}));
}

TEST_F(GrowingSegmentTest, AnUpsertHidesTheOldRowAndNotItsOwn) {
  Insert({1}, 10);
  Delete(1, 20);
  Insert({1}, 20);
  EXPECT_EQ(At(19), (Keys{{1, 1}}));
  EXPECT_EQ(At(20), (Keys{{1, 1}}));
  EXPECT_EQ(segment.Visible(Timestamp(20)).Test(1), true);
  EXPECT_EQ(segment.Visible(Timestamp(20)).Test(0), false);
}

// Of a key written over and over, a delete may not walk the whole history: 200,000 times 200,000
// steps would not come back.
TEST_F(GrowingSegmentTest, WritingOneKeyOverAndOverStaysCheap) {
  for (uint64_t at = 1; at <= 200'000; ++at) {
    Delete(7, at);
    if (at % 64 == 0) Insert(std::vector<int64_t>(64, 7), at);
  }
  EXPECT_EQ(At(200'000), (Keys{{7, 64}}));
}

TEST_F(GrowingSegmentTest, TruncationHidesEverythingUpToItsTime) {
  Insert({1}, 10);
  Insert({2}, 20);
  segment.HideUpTo(Timestamp(15));
  EXPECT_EQ(At(20), (Keys{{2, 1}}));
  EXPECT_EQ(At(14), (Keys{{1, 1}}));
}

TEST_F(GrowingSegmentTest, TextKeysAreFoundAcrossTextGrowth) {
  const schema::CollectionSchema text = TestSchema(/*text_keys=*/true);
  GrowingSegment rows(SegmentId(1), PartitionId(2), 0, text);
  for (int64_t i = 0; i < 500; ++i) rows.Insert(text, TestRows(text, {i}), Timestamp(10 + i));
  EXPECT_TRUE(rows.Delete(schema::PrimaryKeyView(std::string_view("k3")), Timestamp(1000)));
  EXPECT_TRUE(rows.Delete(schema::PrimaryKeyView(std::string_view("k499")), Timestamp(1000)));
  EXPECT_FALSE(rows.Delete(schema::PrimaryKeyView(std::string_view("k500")), Timestamp(1000)));
  EXPECT_EQ(rows.Visible(Timestamp(1000)).Count(), 498);
}

TEST_F(GrowingSegmentTest, AFieldAddedLaterHasItsDefaultInOlderRows) {
  Insert({1, 2}, 10);
  const schema::CollectionSchema wider = TestSchema(false, /*with_added=*/true);
  const schema::FieldSchema& added = *wider.Find(kAdded);
  schema::Column before(added.column_type());
  const std::vector<int64_t> rows = {1, 0};
  EXPECT_TRUE(segment.Fetch(added, rows, before, {}).ok());
  EXPECT_EQ(before.View().Value<int64_t>(1), 7);
  segment.Insert(wider, TestRows(wider, {3}), Timestamp(20));
  segment.Insert(schema, TestRows(schema, {4}), Timestamp(30));  // By a writer that knows less.
  schema::Column after(added.column_type());
  const std::vector<int64_t> all = {0, 1, 2, 3};
  EXPECT_TRUE(segment.Fetch(added, all, after, {}).ok());
  EXPECT_EQ(after.View().Value<int64_t>(0), 7);
  EXPECT_EQ(after.View().Value<int64_t>(2), 3);
  EXPECT_EQ(after.View().IsValid(3), false);  // That schema has no default for it.
  const auto source = segment.Source(wider, 4);
  EXPECT_EQ(source->Rows(kAdded, 0, 4).Value<int64_t>(1), 7);
}

TEST_F(GrowingSegmentTest, AFieldThatNobodyKnowsIsLeftOutAndRowsStayAligned) {
  Insert({1, 2}, 10);
  const schema::CollectionSchema wider = TestSchema(false, /*with_added=*/true);
  segment.Insert(schema, TestRows(wider, {3}), Timestamp(20));
  EXPECT_EQ(segment.Find(kAdded), nullptr);
  EXPECT_EQ(segment.num_rows(), 3);
}

TEST_F(GrowingSegmentTest, SourcesGiveAllRowsInPiecesThatBeginAtMultiplesOf64) {
  std::vector<int64_t> keys(1000);
  for (int64_t i = 0; i < 1000; ++i) keys[i] = i;
  Insert(keys, 10);
  const auto source = segment.Source(schema, 999);
  int64_t row = 0;
  while (row < source->num_rows()) {
    ASSERT_EQ(row % 64, 0);
    const int64_t count = source->ContiguousRows(row);
    const schema::ColumnView numbers = source->Rows(kNumber, row, count);
    for (int64_t i = 0; i < count; ++i) {
      ASSERT_EQ(numbers.IsValid(i), (row + i) % 5 != 0);
      if (numbers.IsValid(i)) {
        ASSERT_EQ(numbers.Value<int64_t>(i), (row + i) * 10);
      }
    }
    row += count;
  }
  EXPECT_EQ(row, 999);
}

TEST_F(GrowingSegmentTest, SearchLooksAtCandidatesOnlyAcrossChunks) {
  std::vector<int64_t> keys(300);
  for (int64_t i = 0; i < 300; ++i) keys[i] = i;
  Insert(keys, 10);
  Delete(150, 20);
  const float query[kDim] = {150, 0};
  SearchSpec spec;
  spec.field = kVector;
  spec.queries = reinterpret_cast<const uint8_t*>(query);
  spec.num_queries = 1;
  spec.k = 3;
  const auto hits = segment.Search(spec, segment.Visible(Timestamp(20)), Cancellation());
  ASSERT_TRUE(hits.ok());
  ASSERT_EQ(hits->front().size(), 3u);
  EXPECT_EQ(hits->front()[0].row, 149);
  EXPECT_EQ(hits->front()[1].row, 151);
  EXPECT_EQ(hits->front()[0].distance, 1);
}

TEST_F(GrowingSegmentTest, ReadersSeeWholePrefixesWhileRowsComeAndGo) {
  std::atomic<uint64_t> applied{0};
  std::atomic<int> wrong{0};
  constexpr uint64_t kLast = 400;
  // At time t the keys 0 ... t - 1 were inserted, and every second one up to t deleted.
  const auto read = [&] {
    for (uint64_t at = 0; at < kLast;) {
      at = applied.load(std::memory_order_acquire);
      const Keys keys = At(at);
      for (uint64_t key = 0; key < at; ++key) {
        const bool deleted = key % 2 == 0 && key + 1 < at;
        wrong += keys.contains(static_cast<int64_t>(key)) == deleted;
      }
      wrong += keys.size() > at;
    }
  };
  std::thread one(read), two(read);
  for (uint64_t at = 1; at <= kLast; ++at) {
    if (at >= 2 && (at - 2) % 2 == 0) Delete(static_cast<int64_t>(at - 2), at);
    Insert({static_cast<int64_t>(at - 1)}, at);
    applied.store(at, std::memory_order_release);
  }
  one.join();
  two.join();
  EXPECT_EQ(wrong.load(), 0);
}

}  // namespace
}  // namespace elanus::segment
