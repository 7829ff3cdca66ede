#include "storage/column_statistics.h"

#include <gtest/gtest.h>

#include <cmath>

#include "storage/random_columns.h"

namespace elanus::storage {
namespace {

using schema::Column;
using schema::DataType;

ColumnStatistics ReadBack(const ColumnStatistics& statistics) {
  std::string bytes;
  statistics.Encode(bytes);
  ByteReader in(bytes);
  auto read = ColumnStatistics::Decode(in);
  EXPECT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(in.remaining(), 0u);
  return *std::move(read);
}

TEST(ColumnStatistics, OfAWrittenColumnSayAboutHowManyRowsPass) {
  Column column({.type = DataType::kInt32});
  std::mt19937_64 random(3);
  constexpr int64_t kRows = 100'000;
  for (int64_t row = 0; row < kRows; ++row) {
    if (row % 10 == 0) {
      column.AppendNull();
    } else if (row % 10 < 4) {
      column.Append<int32_t>(77);
    } else {
      column.Append<int32_t>(static_cast<int32_t>(random() % 1000));
    }
  }
  const ColumnStatistics read = ReadBack(ColumnStatistics::ToWrite(column.View()));
  EXPECT_NEAR(read.null_fraction(), 0.1, 0.01);
  EXPECT_NEAR(read.distinct(), 1000, 100);
  EXPECT_NEAR(read.FractionEqual(77.0), 0.3, 0.03);
  EXPECT_LT(read.FractionEqual(500.0), 0.02);
  EXPECT_NEAR(read.FractionBelow(500.0), 0.3 + 0.3, 0.03);
  EXPECT_NEAR(read.FractionBelow(10.0), 0.006, 0.005);
  EXPECT_EQ(read.FractionBelow(-1.0), 0);
  EXPECT_NEAR(read.FractionBelow(2000.0), 0.9, 0.01);
  std::string bytes;
  read.Encode(bytes);
  EXPECT_LT(bytes.size(), 600u) << "few bytes a column";
}

TEST(ColumnStatistics, OfTextsToo) {
  Column column({.type = DataType::kVarChar});
  for (int i = 0; i < 5000; ++i) {
    column.AppendRaw("word-" + std::string(1, static_cast<char>('a' + i % 26)) +
                     std::string(100, 'x'));
  }
  const ColumnStatistics read = ReadBack(ColumnStatistics::ToWrite(column.View()));
  EXPECT_NEAR(read.distinct(), 26, 1);
  EXPECT_NEAR(read.FractionBelow("word-n"), 0.5, 0.05);
  EXPECT_EQ(read.null_fraction(), 0);
}

TEST(ColumnStatistics, AreReadBackAsTheyWereOfEveryType) {
  Random random(8);
  for (const schema::ColumnType& type : EveryColumnType()) {
    for (const int64_t rows : {0, 1, 100}) {
      const Column column = RandomColumn(random, type, rows, true);
      const auto written = ColumnStatistics::ToWrite(column.View());
      const ColumnStatistics read = ReadBack(written);
      EXPECT_EQ(read.null_fraction(), written.null_fraction());
      EXPECT_EQ(read.distinct(), written.distinct());
      EXPECT_EQ(read.has_values(), written.has_values());
      for (const double value : {-1e300, -1.0, 0.0, 7.0, 1e300}) {
        EXPECT_EQ(read.FractionBelow(value), written.FractionBelow(value));
        EXPECT_EQ(read.FractionEqual(value), written.FractionEqual(value));
      }
    }
  }
}

TEST(ColumnStatistics, RefuseBytesThatAreNone) {
  Column numbers({.type = DataType::kDouble}), texts({.type = DataType::kVarChar});
  for (int i = 0; i < 200; ++i) {
    numbers.Append<double>(i * 0.5);
    texts.AppendRaw("t" + std::to_string(i));
  }
  std::mt19937_64 random(4);
  for (const Column* column : {&numbers, &texts}) {
    std::string bytes;
    ColumnStatistics::ToWrite(column->View()).Encode(bytes);
    for (size_t size = 0; size < bytes.size(); ++size) {
      ByteReader in(std::string_view(bytes).substr(0, size));
      EXPECT_FALSE(ColumnStatistics::Decode(in).ok()) << size;
    }
    for (int round = 0; round < 20'000; ++round) {
      std::string other = bytes;
      for (int n = 0; n < 3; ++n) other[random() % other.size()] = static_cast<char>(random());
      ByteReader in(other);
      const auto read = ColumnStatistics::Decode(in);
      if (!read.ok()) continue;
      EXPECT_GE(read->null_fraction(), 0);
      EXPECT_LE(read->null_fraction(), 1);
      EXPECT_GE(read->distinct(), 1);
      const double below = read->FractionBelow(50.0), text = read->FractionBelow("t5");
      EXPECT_TRUE(below >= 0 && below <= 1 && text >= 0 && text <= 1) << below << " " << text;
    }
    std::string nan = bytes;
    const double none = std::nan("");
    std::memcpy(nan.data(), &none, 8);
    ByteReader in(nan);
    EXPECT_FALSE(ColumnStatistics::Decode(in).ok());
  }
}

}  // namespace
}  // namespace elanus::storage
