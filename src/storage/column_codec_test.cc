#include "storage/column_codec.h"

#include <gtest/gtest.h>

#include "storage/column_file.h"
#include "storage/random_columns.h"

namespace elanus::storage {
namespace {

using schema::Column;
using schema::ColumnType;
using schema::ColumnView;
using schema::DataType;

std::string Encode(const ColumnView& column) {
  std::string bytes;
  EncodeColumn(column, bytes);
  return bytes;
}

TEST(ColumnCodec, ReadsBackEveryTypeWithAndWithoutNulls) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    Random random(seed);
    for (const ColumnType& type : EveryColumnType()) {
      const Column column = RandomColumn(random, type, random() % 200, random() % 4);
      const std::string bytes = Encode(column.View()) + "behind";
      EXPECT_EQ(EncodedColumnSize(column.View()), bytes.size() - 6);
      std::string_view rest = bytes;
      const auto decoded = DecodeColumn(rest);
      ASSERT_TRUE(decoded.ok()) << decoded.status();
      EXPECT_EQ(FirstDifference(column.View(), decoded->View()), -1)
          << "seed " << seed << " " << schema::DataTypeName(type.type);
      EXPECT_EQ(rest, "behind");
    }
  }
}

TEST(ColumnCodec, ReadsBackASliceWithoutItsNeighbours) {
  Random random(3);
  for (const ColumnType& type : EveryColumnType()) {
    const Column column = RandomColumn(random, type, 300, 5);
    const ColumnView slice = column.View().Slice(64, 70);
    const std::string bytes = Encode(slice);
    std::string_view rest = bytes;
    const auto decoded = DecodeColumn(rest);
    ASSERT_TRUE(decoded.ok()) << decoded.status();
    EXPECT_EQ(FirstDifference(slice, decoded->View()), -1);
  }
}

TEST(ColumnCodec, ReadsBackAColumnWithoutType) {
  const std::string bytes = Encode(Column().View());
  std::string_view rest = bytes;
  const auto decoded = DecodeColumn(rest);
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(decoded->num_rows(), 0);
}

TEST(ColumnCodec, RefusesEveryTruncation) {
  Random random(4);
  for (const ColumnType& type : EveryColumnType()) {
    const std::string bytes = Encode(RandomColumn(random, type, 20, 4).View());
    for (size_t length = 0; length < bytes.size(); ++length) {
      std::string_view rest = std::string_view(bytes).substr(0, length);
      const auto decoded = DecodeColumn(rest);
      ASSERT_FALSE(decoded.ok()) << schema::DataTypeName(type.type) << " " << length;
      ASSERT_EQ(CodeOf(decoded.status()), ErrorCode::kDataIntegrity);
    }
  }
}

TEST(ColumnCodec, NeverReadsOutsideDamagedBytes) {
  Random random(5);
  for (int round = 0; round < 20000; ++round) {
    const std::vector<ColumnType> types = EveryColumnType();
    std::string bytes =
        Encode(RandomColumn(random, types[random() % types.size()], random() % 20, 3).View());
    for (uint64_t flips = 1 + random() % 3; flips > 0; --flips) {
      bytes[random() % std::min<size_t>(bytes.size(), 40)] = static_cast<char>(random());
    }
    // An exact copy on the heap, so that the sanitizer sees a step outside.
    const std::vector<char> exact(bytes.begin(), bytes.end());
    std::string_view rest(exact.data(), exact.size());
    const auto decoded = DecodeColumn(rest);
    if (!decoded.ok()) continue;
    for (int64_t row = 0; row < decoded->num_rows(); ++row) {
      ASSERT_LE(decoded->View().Raw(row).size(), bytes.size());
    }
  }
}

TEST(ColumnCodec, RefusesValuesNoReaderExpects) {
  Column flags({DataType::kBool});
  flags.Append<uint8_t>(1);
  std::string bytes = Encode(flags.View());
  bytes.back() = 2;
  std::string_view rest = bytes;
  EXPECT_EQ(CodeOf(DecodeColumn(rest).status()), ErrorCode::kDataIntegrity);

  Column sparse({DataType::kSparseFloatVector});
  sparse.AppendRaw("1234567");
  bytes = Encode(sparse.View());
  rest = bytes;
  EXPECT_EQ(CodeOf(DecodeColumn(rest).status()), ErrorCode::kDataIntegrity);
}

TEST(ColumnCodec, RefusesRowCountsThatWouldWrapAround) {
  Column column({DataType::kVarChar});
  column.AppendNull();
  const std::string bytes = Encode(column.View());
  for (const uint64_t num_rows : {UINT64_MAX, UINT64_MAX - 62, uint64_t{1} << 62}) {
    std::string damaged = bytes;
    std::memcpy(damaged.data() + 8, &num_rows, 8);
    std::string_view rest = damaged;
    EXPECT_EQ(CodeOf(DecodeColumn(rest).status()), ErrorCode::kDataIntegrity);
  }
}

TEST(ColumnCodec, RefusesImpossibleTypes) {
  EXPECT_FALSE(CheckColumnType({DataType::kFloatVector, DataType::kNone, 0}).ok());
  EXPECT_FALSE(CheckColumnType({DataType::kBinaryVector, DataType::kNone, 12}).ok());
  EXPECT_FALSE(CheckColumnType({static_cast<DataType>(9)}).ok());
  EXPECT_FALSE(CheckColumnType({DataType::kVarChar, DataType::kNone, 1 << 30}).ok());
  EXPECT_TRUE(CheckColumnType({DataType::kFloatVector, DataType::kNone, 768}).ok());
}

}  // namespace
}  // namespace elanus::storage
