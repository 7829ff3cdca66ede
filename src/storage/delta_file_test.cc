#include "storage/delta_file.h"

#include <gtest/gtest.h>

#include "storage/random_columns.h"

namespace elanus::storage {
namespace {

using schema::DataType;

DeltaRows RandomRows(Random& random, DataType type, int64_t count) {
  DeltaRows rows;
  rows.keys = RandomColumn(random, {type}, count, 0);
  uint64_t time = 1000;
  for (int64_t i = 0; i < count; ++i) {
    rows.timestamps.push_back(Timestamp(time += random() % 3));
    rows.partitions.push_back(random() % 2 == 0 ? -1 : static_cast<int64_t>(random() % 9));
  }
  return rows;
}

absl::StatusOr<DeltaRows> Decode(std::string_view bytes) {
  // An exact copy on the heap, so that the sanitizer sees a step outside.
  const std::vector<uint8_t> exact(bytes.begin(), bytes.end());
  return DecodeDeltaFile(exact, "the-object");
}

bool Same(const DeltaRows& a, const DeltaRows& b) {
  return FirstDifference(a.keys.View(), b.keys.View()) == -1 && a.timestamps == b.timestamps &&
         a.partitions == b.partitions;
}

TEST(DeltaFile, ReadsBackWhatWasWritten) {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    Random random(seed);
    const DataType type = seed % 2 == 0 ? DataType::kInt64 : DataType::kVarChar;
    const DeltaRows rows = RandomRows(random, type, seed == 0 ? 0 : random() % 2000);
    const auto decoded = Decode(*EncodeDeltaFile(rows));
    ASSERT_TRUE(decoded.ok()) << decoded.status();
    EXPECT_TRUE(Same(rows, *decoded)) << seed;
  }
}

TEST(DeltaFile, ReadsBackWhatCompressesWithoutEnd) {
  DeltaRows rows;
  rows.keys = schema::Column({DataType::kInt64});
  for (int64_t i = 0; i < 200000; ++i) rows.keys.Append<int64_t>(7);
  rows.timestamps.assign(200000, Timestamp(5));
  rows.partitions.assign(200000, -1);
  const auto decoded = Decode(*EncodeDeltaFile(rows));
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_TRUE(Same(rows, *decoded));
}

TEST(DeltaFile, DetectsEveryDamagedByteAndEveryTruncation) {
  Random random(3);
  for (const DataType type : {DataType::kInt64, DataType::kVarChar}) {
    const std::string bytes = *EncodeDeltaFile(RandomRows(random, type, 100));
    for (size_t at = 0; at < bytes.size(); ++at) {
      ASSERT_EQ(CodeOf(Decode(bytes.substr(0, at)).status()), ErrorCode::kDataIntegrity) << at;
      for (const char value : {static_cast<char>(bytes[at] ^ (1 << (at % 8))), '\0', '\xff'}) {
        if (value == bytes[at]) continue;
        std::string damaged = bytes;
        damaged[at] = value;
        const auto decoded = Decode(damaged);
        ASSERT_EQ(CodeOf(decoded.status()), ErrorCode::kDataIntegrity) << at;
        ASSERT_NE(MessageOf(decoded.status()).find("the-object"), std::string_view::npos);
      }
    }
    EXPECT_FALSE(Decode(bytes + "x").ok());
  }
}

TEST(DeltaFile, RefusesRowsThatDoNotFit) {
  Random random(4);
  DeltaRows rows = RandomRows(random, DataType::kInt64, 3);
  rows.partitions.pop_back();
  EXPECT_FALSE(EncodeDeltaFile(rows).ok());
  EXPECT_FALSE(EncodeDeltaFile(RandomRows(random, DataType::kDouble, 3)).ok());
}

TEST(DeltaFile, RefusesTimestampsThatDescend) {
  Random random(5);
  DeltaRows rows = RandomRows(random, DataType::kInt64, 3);
  rows.timestamps[1] = Timestamp(1);
  EXPECT_EQ(CodeOf(Decode(*EncodeDeltaFile(rows)).status()), ErrorCode::kDataIntegrity);
}

}  // namespace
}  // namespace elanus::storage
