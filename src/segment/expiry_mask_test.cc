#include "segment/expiry_mask.h"

#include <gtest/gtest.h>

#include <random>

#include "segment/segment_fixture_test.h"
#include "segment/tiers_fixture_test.h"

namespace elanus::segment {
namespace {

constexpr FieldId kGoneAt{104};

schema::CollectionSchema SchemaWithTimes() {
  schema::CollectionSchema schema = TestSchema();
  schema::FieldSchema gone_at{
      .id = kGoneAt, .name = "gone_at", .type = schema::DataType::kTimestamptz};
  gone_at.nullable = true;
  schema.fields.push_back(gone_at);
  return schema;
}

class ExpiryMaskTest : public testing::Test {
 protected:
  // One row at each of the times, key = time; gone_at = 100 * key, null for multiples of 7.
  void Insert(const std::vector<uint64_t>& times) {
    for (const uint64_t at : times) {
      const auto key = static_cast<int64_t>(at);
      schema::RowBatch rows = TestRows(TestSchema(), {key});
      schema::Column gone_at({.type = schema::DataType::kTimestamptz});
      if (key % 7 == 0) {
        gone_at.AppendNull();
      } else {
        gone_at.Append(key * 100);
      }
      rows.columns.emplace_back(kGoneAt, std::move(gone_at));
      growing.Insert(schema, rows, Timestamp(at));
    }
  }
  std::vector<int64_t> Kept(const Segment& segment, const ExpiredAt& at) {
    kernels::Bitset rows = segment.Visible(kMaxTimestamp);
    EXPECT_TRUE(ExpiryMask(at).Hide(segment, schema, rows, Cancellation()).ok());
    std::vector<int64_t> keys;
    rows.view().ForEach([&](int64_t row) {
      keys.push_back(static_cast<int64_t>(segment.RowTimestamp(row).value()));
    });
    std::sort(keys.begin(), keys.end());
    return keys;
  }

  schema::CollectionSchema schema = SchemaWithTimes();
  GrowingSegment growing{SegmentId(5), PartitionId(2), 0, schema};
  storage::MemoryFileSystem files;
  std::unique_ptr<storage::ObjectStore> store = storage::MakeLocalObjectStore(files, "objects");
};

TEST_F(ExpiryMaskTest, HidesRowsByAgeInGrowingAndSealedSegmentsAlike) {
  std::vector<uint64_t> times(200);
  for (uint64_t i = 0; i < 200; ++i) times[i] = 10 + i;
  Insert(times);
  const auto sealed = *Seal(growing, schema, *store);
  for (const uint64_t at : {0u, 9u, 10u, 73u, 74u, 137u, 208u, 209u, 999u}) {
    std::vector<int64_t> expected;
    for (const uint64_t time : times) {
      if (time > at) expected.push_back(static_cast<int64_t>(time));
    }
    const ExpiredAt expired{.inserted_up_to = Timestamp(at)};
    EXPECT_EQ(Kept(growing, expired), expected) << at;
    EXPECT_EQ(Kept(*sealed, expired), expected) << at;
  }
}

TEST_F(ExpiryMaskTest, HidesRowsByTheirOwnTime) {
  Insert({1, 2, 3, 7, 8});
  const auto sealed = *Seal(growing, schema, *store);
  const ExpiredAt expired{.field = schema.Find(kGoneAt), .micros = 200};
  EXPECT_EQ(Kept(growing, expired), (std::vector<int64_t>{3, 7, 8}));
  EXPECT_EQ(Kept(*sealed, expired), (std::vector<int64_t>{3, 7, 8}));
  // Where nothing of the column is here yet.
  TightTiers tiers(*store);
  const auto tiered = *Seal(growing, schema, *store, {}, tiers.options());
  EXPECT_EQ(Kept(*tiered, expired), (std::vector<int64_t>{3, 7, 8}));
}

TEST_F(ExpiryMaskTest, LooksAtTheRowsAskedForOnly) {
  Insert({1, 2, 3});
  kernels::Bitset first(1, true);
  ASSERT_TRUE(ExpiryMask({.inserted_up_to = Timestamp(2)})
                  .Hide(growing, schema, first, Cancellation())
                  .ok());
  EXPECT_EQ(first.Count(), 0);
  EXPECT_EQ(first.size(), 1);
}

}  // namespace
}  // namespace elanus::segment
