#include "log/dml_record.h"

#include <gtest/gtest.h>

#include "storage/random_columns.h"

namespace elanus::log {
namespace {

using schema::Column;
using schema::DataType;
using storage::Random;

DmlRecord RandomRecord(Random& random) {
  DmlRecord record;
  record.collection = CollectionId(static_cast<int64_t>(random() >> 1));
  record.timestamp = Timestamp(random());
  if (random() % 2 == 0) record.delete_partition = PartitionId(7);
  if (random() % 2 == 0) {
    const DataType type = random() % 2 == 0 ? DataType::kInt64 : DataType::kVarChar;
    record.deleted_keys = storage::RandomColumn(random, {type}, random() % 30, 0);
  }
  for (uint64_t parts = random() % 4; parts > 0; --parts) {
    InsertPart part;
    part.shard = static_cast<int32_t>(random() % 16);
    part.partition = PartitionId(static_cast<int64_t>(random() % 100));
    part.segment = SegmentId(static_cast<int64_t>(random() % 100));
    part.rows.num_rows = static_cast<int64_t>(random() % 40);
    int64_t field = 100;
    for (const schema::ColumnType& type : storage::EveryColumnType()) {
      if (random() % 3 == 0) continue;
      part.rows.columns.emplace_back(
          FieldId(field++), storage::RandomColumn(random, type, part.rows.num_rows, random() % 5));
    }
    record.inserts.push_back(std::move(part));
  }
  return record;
}

void ExpectEqual(const DmlRecord& a, const DmlRecord& b) {
  EXPECT_EQ(a.collection, b.collection);
  EXPECT_EQ(a.timestamp, b.timestamp);
  EXPECT_EQ(a.delete_partition, b.delete_partition);
  EXPECT_EQ(storage::FirstDifference(a.deleted_keys.View(), b.deleted_keys.View()), -1);
  ASSERT_EQ(a.inserts.size(), b.inserts.size());
  for (size_t i = 0; i < a.inserts.size(); ++i) {
    EXPECT_EQ(a.inserts[i].shard, b.inserts[i].shard);
    EXPECT_EQ(a.inserts[i].partition, b.inserts[i].partition);
    EXPECT_EQ(a.inserts[i].segment, b.inserts[i].segment);
    EXPECT_EQ(a.inserts[i].rows.num_rows, b.inserts[i].rows.num_rows);
    ASSERT_EQ(a.inserts[i].rows.columns.size(), b.inserts[i].rows.columns.size());
    for (size_t c = 0; c < a.inserts[i].rows.columns.size(); ++c) {
      const auto& [field, column] = a.inserts[i].rows.columns[c];
      EXPECT_EQ(field, b.inserts[i].rows.columns[c].first);
      EXPECT_EQ(storage::FirstDifference(column.View(), b.inserts[i].rows.columns[c].second.View()),
                -1);
    }
  }
}

TEST(DmlRecord, ReadsBackWhatWasWritten) {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    Random random(seed);
    const DmlRecord record = RandomRecord(random);
    const auto decoded = DecodeDmlRecord(EncodeDmlRecord(record));
    ASSERT_TRUE(decoded.ok()) << decoded.status() << " seed " << seed;
    ExpectEqual(record, *decoded);
  }
}

TEST(DmlRecord, ReservesExactly) {
  Random random(9);
  for (int i = 0; i < 50; ++i) {
    const std::string bytes = EncodeDmlRecord(RandomRecord(random));
    EXPECT_LE(bytes.capacity(), bytes.size() + 16);
  }
}

TEST(DmlRecord, RefusesEveryTruncationAndBytesBehind) {
  Random random(2);
  const std::string bytes = EncodeDmlRecord(RandomRecord(random));
  for (size_t length = 0; length < bytes.size(); ++length) {
    ASSERT_EQ(CodeOf(DecodeDmlRecord(std::string_view(bytes).substr(0, length)).status()),
              ErrorCode::kDataIntegrity)
        << length;
  }
  EXPECT_FALSE(DecodeDmlRecord(bytes + "x").ok());
}

TEST(DmlRecord, NeverReadsOutsideDamagedBytes) {
  Random random(3);
  for (int round = 0; round < 5000; ++round) {
    std::string bytes = EncodeDmlRecord(RandomRecord(random));
    for (uint64_t flips = 1 + random() % 4; flips > 0; --flips) {
      bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    const std::vector<char> exact(bytes.begin(), bytes.end());
    const auto decoded = DecodeDmlRecord({exact.data(), exact.size()});
    if (!decoded.ok()) continue;
    for (const InsertPart& part : decoded->inserts) {
      for (const auto& [field, column] : part.rows.columns) {
        ASSERT_EQ(column.num_rows(), part.rows.num_rows);
      }
    }
  }
}

TEST(DmlRecord, RefusesAVersionItDoesNotKnow) {
  std::string bytes = EncodeDmlRecord(DmlRecord{});
  bytes[0] = 99;
  const auto decoded = DecodeDmlRecord(bytes);
  EXPECT_NE(MessageOf(decoded.status()).find("version"), std::string_view::npos);
}

TEST(DmlRecord, RefusesDeletedKeysThatAreNoKeys) {
  DmlRecord record;
  record.deleted_keys = Column({DataType::kDouble});
  record.deleted_keys.Append(1.0);
  EXPECT_FALSE(DecodeDmlRecord(EncodeDmlRecord(record)).ok());
  record.deleted_keys = Column({DataType::kInt64});
  record.deleted_keys.AppendNull();
  EXPECT_FALSE(DecodeDmlRecord(EncodeDmlRecord(record)).ok());
}

}  // namespace
}  // namespace elanus::log
