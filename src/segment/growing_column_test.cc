#include "segment/growing_column.h"

#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <thread>

#include "storage/random_columns.h"

namespace elanus::segment {
namespace {

TEST(GrowingColumn, ChunksFollowEachOtherWithoutGapsAndHoldTheLargestSegment) {
  int64_t expected = 0;
  for (int chunk = 0; chunk < kMaxChunks; ++chunk) {
    ASSERT_EQ(ChunkBegin(chunk), expected);
    ASSERT_EQ(ChunkOf(expected), chunk);
    ASSERT_EQ(ChunkOf(expected + ChunkSize(chunk) - 1), chunk);
    ASSERT_EQ(ChunkBegin(chunk) % 64, 0);
    expected += ChunkSize(chunk);
  }
  EXPECT_GE(expected, kMaxGrowingRows);
}

// Compares all rows of `column` with `expected`, by views and row by row.
void ExpectSame(const GrowingColumn& column, const schema::ColumnView& expected) {
  std::vector<uint64_t> validity;
  for (int64_t begin = 0; begin < expected.num_rows;) {
    const int chunk = ChunkOf(begin);
    const int64_t count = std::min(ChunkSize(chunk), expected.num_rows - begin);
    const schema::ColumnView view = column.View(chunk, count, validity);
    for (int64_t row = 0; row < count; ++row) {
      ASSERT_EQ(view.IsValid(row), expected.IsValid(begin + row)) << begin + row;
      ASSERT_EQ(view.Raw(row), expected.Raw(begin + row)) << begin + row;
      ASSERT_EQ(column.IsValid(begin + row), expected.IsValid(begin + row));
      ASSERT_EQ(column.Raw(begin + row), expected.Raw(begin + row));
    }
    begin += count;
  }
}

TEST(GrowingColumn, HoldsEveryTypeOverChunkBordersInBatchesOfAnySize) {
  storage::Random random(1);
  for (const schema::ColumnType& type : storage::EveryColumnType()) {
    for (const int null_every : {0, 3}) {
      SCOPED_TRACE(schema::DataTypeName(type.type));
      GrowingColumn column(type);
      schema::Column expected(type);
      while (expected.num_rows() < 400) {
        const schema::Column batch =
            storage::RandomColumn(random, type, 1 + random() % 90, null_every);
        column.Append(batch.View());
        expected.AppendRows(batch.View(), 0, batch.num_rows());
      }
      ASSERT_EQ(column.num_rows(), expected.num_rows());
      ExpectSame(column, expected.View());
      schema::Column copied(type);
      for (int64_t row = 0; row < expected.num_rows(); ++row) column.AppendRowTo(row, copied);
      EXPECT_EQ(storage::FirstDifference(copied.View(), expected.View()), -1);
    }
  }
}

TEST(GrowingColumn, TakesOneBatchLargerThanManyChunks) {
  storage::Random random(2);
  const schema::ColumnType type{schema::DataType::kVarChar};
  GrowingColumn column(type);
  const schema::Column batch = storage::RandomColumn(random, type, 140'000, 7);
  column.Append(batch.View());
  ExpectSame(column, batch.View());
  EXPECT_GE(column.byte_size(), batch.num_rows() * 8);
}

TEST(GrowingColumn, ViewsOfOldTextStayValidWhileTheTextGrows) {
  GrowingColumn column({.type = schema::DataType::kVarChar});
  schema::Column first({.type = schema::DataType::kVarChar});
  first.AppendRaw("first");
  column.Append(first.View());
  std::vector<uint64_t> validity;
  const schema::ColumnView view = column.View(0, 1, validity);
  schema::Column more({.type = schema::DataType::kVarChar});
  more.AppendRaw(std::string(1000, 'x'));
  for (int i = 0; i < 50; ++i) column.Append(more.View());
  EXPECT_EQ(view.Raw(0), "first");
  EXPECT_EQ(column.Raw(0), "first");
  EXPECT_EQ(column.Raw(50), std::string(1000, 'x'));
}

TEST(GrowingColumn, ReadersSeePublishedRowsWholeWhileOthersAreAppended) {
  for (const schema::ColumnType& type : {schema::ColumnType{schema::DataType::kVarChar},
                                         schema::ColumnType{schema::DataType::kInt64}}) {
    storage::Random random(3);
    const schema::Column all = storage::RandomColumn(random, type, 6000, 4);
    GrowingColumn column(type);
    std::atomic<int64_t> published{0};
    std::atomic<int64_t> wrong{0};
    const auto read = [&] {
      std::vector<uint64_t> validity;
      for (int64_t rows = 0; rows < all.num_rows();) {
        rows = published.load(std::memory_order_acquire);
        if (rows == 0) continue;
        const int chunk = ChunkOf(rows - 1);
        const int64_t begin = ChunkBegin(chunk);
        const schema::ColumnView view = column.View(chunk, rows - begin, validity);
        for (int64_t row = begin; row < rows; row += 1 + (rows - begin) / 50) {
          wrong += view.IsValid(row - begin) != all.View().IsValid(row) ||
                   view.Raw(row - begin) != all.View().Raw(row) ||
                   column.IsValid(row) != all.View().IsValid(row);
        }
      }
    };
    std::thread one(read), two(read);
    for (int64_t row = 0; row < all.num_rows();) {
      const int64_t count = std::min<int64_t>(1 + random() % 30, all.num_rows() - row);
      schema::Column batch(type);
      batch.AppendRows(all.View(), row, count);
      column.Append(batch.View());
      row += count;
      published.store(row, std::memory_order_release);
    }
    one.join();
    two.join();
    EXPECT_EQ(wrong.load(), 0);
  }
}

}  // namespace
}  // namespace elanus::segment
