#include "segment/segment_merge.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <tuple>

#include "segment/segment_fixture_test.h"
#include "storage/object_store.h"

namespace elanus::segment {
namespace {

class SegmentMergeTest : public testing::Test {
 protected:
  SegmentMergeTest() : store_(storage::MakeLocalObjectStore(files_, "objects")) {}

  // A sealed segment of these keys, each batch at its own time.
  std::shared_ptr<SealedSegment> MakeSegment(
      const schema::CollectionSchema& schema,
      const std::vector<std::pair<uint64_t, std::vector<int64_t>>>& batches,
      FieldId order_by = {}) {
    GrowingSegment growing(SegmentId(++last_id_), PartitionId(1), 0, schema);
    for (const auto& [at, keys] : batches) {
      growing.Insert(schema, TestRows(schema, keys), Timestamp(at));
    }
    const auto sealed =
        Seal(growing, schema, *store_, {}, {}, std::nullopt, {}, order_by, compressed_);
    EXPECT_TRUE(sealed.ok()) << sealed.status();
    return *sealed;
  }
  static MergeInput All(std::shared_ptr<const SealedSegment> segment) {
    kernels::Bitset kept(segment->num_rows(), true);
    return {std::move(segment), std::move(kept)};
  }
  absl::StatusOr<MergedRows> Merge(const std::vector<MergeInput>& inputs,
                                   const schema::CollectionSchema& schema,
                                   const Cancellation& cancellation = {}, FieldId order_by = {}) {
    return MergeSegments(inputs, schema, kStamps, KeyOf, *store_, cancellation,
                         {.order_by = order_by, .compress_vectors = compressed_});
  }
  static std::string KeyOf(FieldId field) { return fmt::format("insert_log/merged/{}", field); }
  std::shared_ptr<SealedSegment> Open(const MergedRows& merged,
                                      const schema::CollectionSchema& schema,
                                      FieldId order_by = {}) {
    SealedFiles files;
    files.ordered_by = order_by;
    files.id = SegmentId(1000);
    files.partition = PartitionId(1);
    files.num_rows = merged.num_rows;
    files.max_timestamp = merged.max_timestamp;
    for (const WrittenColumn& column : merged.columns) {
      if (column.field == kStamps) {
        files.timestamps = column.key;
      } else {
        files.columns.push_back({column.field, column.key});
      }
    }
    const auto opened = SealedSegment::Open(files, schema, *store_);
    EXPECT_TRUE(opened.ok()) << opened.status();
    return *opened;
  }

  storage::MemoryFileSystem files_;
  std::unique_ptr<storage::ObjectStore> store_;
  int64_t last_id_ = 0;
  bool compressed_ = false;
};

using Row = std::tuple<std::string, uint64_t, std::vector<std::string>>;  // Key, time, values.

// Every value as bytes, "null" where there is none.
std::vector<Row> RowsOf(const SealedSegment& segment, const schema::CollectionSchema& schema,
                        const kernels::Bitset& kept) {
  std::vector<Row> out;
  kept.view().ForEach([&](int64_t row) {
    std::vector<std::string> values;
    for (const schema::FieldSchema& field : schema.fields) {
      schema::Column column(field.column_type());
      const int64_t rows[] = {row};
      EXPECT_TRUE(segment.Fetch(field, rows, column, {}).ok());
      const schema::ColumnView view = column.View();
      values.emplace_back(view.IsValid(0) ? view.Raw(0) : "null");
    }
    out.emplace_back(values[0], segment.RowTimestamp(row).value(), std::move(values));
  });
  return out;
}

// The rows of a segment stand by (key, time), or by (number, key, time).
void ExpectInOrder(const SealedSegment& segment) {
  const schema::ColumnView numbers = segment.Find(kNumber)->View();
  for (int64_t row = 1; row < segment.num_rows(); ++row) {
    auto order = segment.ordered_by() == kNumber
                     ? numbers.Value<int64_t>(row - 1) <=> numbers.Value<int64_t>(row)
                     : std::strong_ordering::equal;
    if (order == 0) order = segment.Key(row - 1) <=> segment.Key(row);
    ASSERT_TRUE(order < 0 ||
                (order == 0 && segment.RowTimestamp(row - 1) <= segment.RowTimestamp(row)));
  }
}

TEST_F(SegmentMergeTest, HoldsTheKeptRowsInOrderOfKeyAndTime) {
  std::mt19937_64 random(5);
  for (int round = 0; round < 80; ++round) {
    const FieldId order_by = round % 4 < 2 ? FieldId() : kNumber;
    const bool text_keys = round % 2 == 1;
    compressed_ = round % 8 >= 4;
    const auto schema = TestSchema(text_keys, /*with_added=*/true);
    // Half of the segments are from before the last field was there.
    const auto older = TestSchema(text_keys);
    std::vector<MergeInput> inputs;
    std::vector<Row> expected;
    const int num_inputs = 1 + static_cast<int>(random() % 5);
    for (int i = 0; i < num_inputs; ++i) {
      std::vector<std::pair<uint64_t, std::vector<int64_t>>> batches;
      for (uint64_t at = 1; at < 4; ++at) {
        std::vector<int64_t> keys(random() % (round < 5 ? 3 : 200));
        for (int64_t& key : keys) key = static_cast<int64_t>(random() % 300);
        batches.emplace_back(at * 10 + random() % 10, std::move(keys));
      }
      batches.emplace_back(50, std::vector<int64_t>{i});
      // In the order of the merged segment, mostly.
      const FieldId input_order = random() % 4 != 0 ? order_by : random() % 2 ? FieldId() : kNumber;
      MergeInput input = All(MakeSegment(i % 2 == 0 ? older : schema, batches, input_order));
      ExpectInOrder(*input.segment);
      for (int64_t row = 0; row < input.kept.size(); ++row) {
        if (random() % 3 == 0) input.kept.Reset(row);
      }
      const auto rows = RowsOf(*input.segment, schema, input.kept);
      expected.insert(expected.end(), rows.begin(), rows.end());
      inputs.push_back(std::move(input));
    }
    const auto merged = Merge(inputs, schema, {}, order_by);
    ASSERT_TRUE(merged.ok()) << merged.status();
    ASSERT_EQ(merged->num_rows, std::ssize(expected));
    if (expected.empty()) {
      EXPECT_TRUE(merged->columns.empty());
      continue;
    }
    const auto opened = Open(*merged, schema, order_by);
    auto found = RowsOf(*opened, schema, kernels::Bitset(opened->num_rows(), true));
    uint64_t oldest = UINT64_MAX, newest = 0;
    ExpectInOrder(*opened);
    for (const Row& row : expected) {
      oldest = std::min(oldest, std::get<1>(row));
      newest = std::max(newest, std::get<1>(row));
    }
    EXPECT_EQ(merged->min_timestamp.value(), oldest);
    EXPECT_EQ(merged->max_timestamp.value(), newest);
    std::sort(expected.begin(), expected.end());
    std::sort(found.begin(), found.end());
    EXPECT_EQ(found, expected) << "round " << round;
  }
}

TEST_F(SegmentMergeTest, AFieldThatAllLackGetsNoFile) {
  const auto older = TestSchema();
  const auto merged = Merge({All(MakeSegment(older, {{10, {1, 2}}}))}, TestSchema(false, true));
  ASSERT_TRUE(merged.ok()) << merged.status();
  for (const WrittenColumn& column : merged->columns) EXPECT_NE(column.field, kAdded);
}

TEST_F(SegmentMergeTest, NothingIsLeftBehindWhenItIsCancelledOrTheDiskIsFull) {
  const auto schema = TestSchema();
  const std::vector<MergeInput> inputs = {All(MakeSegment(schema, {{10, {1, 2, 3}}}))};
  const auto before = store_->List("insert_log")->size();
  const auto flag = std::make_shared<std::atomic<bool>>(true);
  EXPECT_EQ(CodeOf(Merge(inputs, schema, Cancellation(flag, 0)).status()), ErrorCode::kCancelled);
  EXPECT_EQ(store_->List("insert_log")->size(), before);
}

}  // namespace
}  // namespace elanus::segment
