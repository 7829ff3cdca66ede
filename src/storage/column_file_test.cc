#include "storage/column_file.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <random>
#include <tuple>

#include "storage/byte_reader.h"
#include "storage/column_file_format.h"
#include "storage/crc32c.h"
#include "storage/random_columns.h"

namespace elanus::storage {
namespace {

using schema::Column;
using schema::ColumnType;
using schema::DataType;

// A file in memory, at a page's beginning or, to see the copying path, one byte behind it.
class TestMap final : public MappedFile {
 public:
  explicit TestMap(std::string_view bytes, size_t shift = 0)
      : size_(bytes.size()),
        shift_(shift),
        memory_(static_cast<uint8_t*>(
            ::operator new(bytes.size() + shift + 1, std::align_val_t(4096)))) {
    std::memcpy(memory_ + shift_, bytes.data(), bytes.size());
  }
  ~TestMap() override { ::operator delete(memory_, std::align_val_t(4096)); }
  std::span<const uint8_t> data() const override { return {memory_ + shift_, size_}; }

 private:
  size_t size_;
  size_t shift_;
  uint8_t* memory_;
};

absl::StatusOr<std::shared_ptr<const ColumnFile>> Open(std::string_view bytes, size_t shift = 0) {
  return ColumnFile::Open(std::make_shared<TestMap>(bytes, shift), "the-object");
}

std::string Encode(const Column& column) {
  auto bytes = EncodeColumnFile(column.View());
  EXPECT_TRUE(bytes.ok()) << bytes.status();
  return *bytes;
}

TEST(ColumnFile, ReadsBackEveryTypeWithAndWithoutNulls) {
  for (uint64_t seed = 0; seed < 10; ++seed) {
    Random random(seed);
    for (const ColumnType& type : EveryColumnType()) {
      const int64_t num_rows = seed == 0 ? 0 : static_cast<int64_t>(random() % 3000);
      const Column column = RandomColumn(random, type, num_rows, random() % 4);
      const std::string bytes = Encode(column);
      for (size_t shift : {0, 1}) {
        const auto file = Open(bytes, shift);
        ASSERT_TRUE(file.ok()) << file.status();
        EXPECT_EQ(FirstDifference(column.View(), (*file)->View()), -1)
            << "seed " << seed << " " << schema::DataTypeName(type.type);
      }
    }
  }
}

TEST(ColumnFile, ReadsBackManyBlocks) {
  Random random(7);
  const Column vectors = RandomColumn(random, {DataType::kFloatVector, DataType::kNone, 128},
                                      2 * kVectorBlockBytes / 512 + 3, 0);
  const Column texts = RandomColumn(random, {DataType::kVarChar}, 70000, 3);
  const Column numbers = RandomColumn(random, {DataType::kInt64}, 70000, 0);
  for (const Column* column : {&vectors, &texts, &numbers}) {
    const auto file = Open(Encode(*column));
    ASSERT_TRUE(file.ok()) << file.status();
    EXPECT_EQ(FirstDifference(column->View(), (*file)->View()), -1);
  }
}

// Vectors of a normal distribution, as embeddings have it; `halves`: which were halves once.
Column NormalVectors(const ColumnType& type, int64_t num_rows, bool halves) {
  std::mt19937_64 random(5);
  std::normal_distribution<float> normal(0, 0.05f);
  Column column(type);
  for (int64_t row = 0; row < num_rows; ++row) {
    std::string value;
    for (int64_t i = 0; i < type.dim; ++i) {
      auto bits = std::bit_cast<uint32_t>(normal(random));
      if (halves) bits &= 0xffffe000;
      if (type.type == DataType::kFloatVector || type.element_type == DataType::kFloatVector) {
        AppendNumber(value, bits);
      } else {
        AppendNumber(value, static_cast<uint16_t>(bits >> 16));
      }
    }
    if (type.type != DataType::kArrayOfVector) {
      column.AppendRaw(value);
      continue;
    }
    std::string list;
    for (int64_t i = row % 4; i > 0; --i) list += value;
    column.AppendRaw(list);
  }
  return column;
}

TEST(ColumnFile, CompressesVectorsOfFloatsWhereThatPays) {
  const std::tuple<ColumnType, bool, double> cases[] = {
      {{DataType::kFloatVector, DataType::kNone, 96}, false, 0.86},
      {{DataType::kFloatVector, DataType::kNone, 96}, true, 0.55},
      {{DataType::kBFloat16Vector, DataType::kNone, 96}, false, 0.75},
      {{DataType::kArrayOfVector, DataType::kFloatVector, 33}, false, 0.86},
  };
  for (const auto& [type, halves, share] : cases) {
    const Column column = NormalVectors(type, 3001, halves);
    const auto bytes = EncodeColumnFile(column.View(), /*compress_vectors=*/true);
    ASSERT_TRUE(bytes.ok());
    EXPECT_LT(static_cast<double>(bytes->size()),
              share * static_cast<double>(Encode(column).size()));
    const auto file = Open(*bytes);
    ASSERT_TRUE(file.ok()) << file.status();
    EXPECT_EQ(FirstDifference(column.View(), (*file)->View()), -1);
    EXPECT_GT((*file)->memory_bytes(), static_cast<int64_t>(bytes->size()));
    for (size_t at = 0; at < bytes->size(); at += 331) {
      std::string bad = *bytes;
      bad[at] ^= 4;
      const auto damaged = Open(bad);
      // Only zeros between the parts may differ.
      if (damaged.ok()) EXPECT_EQ(FirstDifference(column.View(), (*damaged)->View()), -1) << at;
    }
  }
  // Vectors in many places, blocks across them.
  const Column column = NormalVectors({DataType::kFloatVector, DataType::kNone, 96}, 3001, false);
  const std::string_view all(reinterpret_cast<const char*>(column.View().fixed), 3001 * 384);
  std::vector<std::string_view> runs;
  for (size_t at = 0, bytes = 384; at < all.size();
       at += bytes, bytes = bytes * 3 % 70'000 / 384 * 384 + 384) {
    runs.push_back(all.substr(at, bytes));
  }
  const auto parts = EncodeColumnFileParts(column.View(), runs, /*compress_vectors=*/true);
  ASSERT_TRUE(parts.ok());
  std::string joined;
  for (const std::string_view part : parts->All()) joined += part;
  EXPECT_EQ(joined, *EncodeColumnFile(column.View(), /*compress_vectors=*/true));
}

TEST(ColumnFile, LeavesVectorsThatDoNotGetSmallerWhereTheyAreMapped) {
  for (const DataType type : {DataType::kFloatVector, DataType::kFloat16Vector,
                              DataType::kInt8Vector, DataType::kBinaryVector}) {
    Random random(9);
    const Column column = RandomColumn(random, {type, DataType::kNone, 128}, 1000, 0);
    EXPECT_EQ(*EncodeColumnFile(column.View(), true), *EncodeColumnFile(column.View(), false));
  }
}

TEST(ColumnFile, ServesVectorsFromTheMapAtAPage) {
  Random random(8);
  const Column column =
      RandomColumn(random, {DataType::kFloatVector, DataType::kNone, 16}, 1000, 0);
  const auto object = std::make_shared<TestMap>(Encode(column));
  const auto file = ColumnFile::Open(object, "x");
  ASSERT_TRUE(file.ok());
  EXPECT_EQ((*file)->View().fixed, object->data().data() + kVectorAlignment);
  EXPECT_EQ((*file)->memory_bytes(), 0);
}

TEST(ColumnFile, KeepsScalarsAlignedInOwnMemory) {
  Column column({DataType::kInt64});
  for (int64_t i = 0; i < 50000; ++i) column.Append(i / 100);
  const std::string bytes = Encode(column);
  EXPECT_LT(bytes.size(), 50000u);
  const auto file = Open(bytes);
  ASSERT_TRUE(file.ok());
  EXPECT_EQ((*file)->memory_bytes(), 400000);
  EXPECT_EQ(reinterpret_cast<uintptr_t>((*file)->View().fixed) % 64, 0u);
}

TEST(ColumnFile, RefusesAColumnWithoutType) {
  EXPECT_FALSE(EncodeColumnFile(Column().View()).ok());
}

TEST(ColumnFile, RefusesEveryTruncation) {
  Random random(9);
  const std::string bytes = Encode(RandomColumn(random, {DataType::kVarChar}, 60, 3));
  for (size_t length = 0; length < bytes.size(); ++length) {
    const auto file = Open(std::string_view(bytes).substr(0, length));
    ASSERT_EQ(CodeOf(file.status()), ErrorCode::kDataIntegrity) << length;
    EXPECT_NE(MessageOf(file.status()).find("the-object"), std::string_view::npos);
  }
}

TEST(ColumnFile, DetectsEveryDamagedByteOrReadsTheSame) {
  Random random(10);
  for (const ColumnType& type : {ColumnType{DataType::kInt32}, ColumnType{DataType::kVarChar},
                                 ColumnType{DataType::kFloatVector, DataType::kNone, 4}}) {
    const Column column = RandomColumn(random, type, 50, 4);
    const std::string bytes = Encode(column);
    int undetected = 0;
    for (size_t at = 0; at < bytes.size(); ++at) {
      for (const char value : {static_cast<char>(bytes[at] ^ (1 << (at % 8))), '\0', '\xff'}) {
        if (value == bytes[at]) continue;
        std::string damaged = bytes;
        damaged[at] = value;
        const auto file = Open(damaged);
        if (file.ok()) {
          ++undetected;  // Between header and values.
          ASSERT_EQ(FirstDifference(column.View(), (*file)->View()), -1) << at;
        } else {
          ASSERT_EQ(CodeOf(file.status()), ErrorCode::kDataIntegrity);
        }
      }
    }
    EXPECT_LE(undetected, schema::IsVector(type.type) ? 3 * 4096 : 3 * 200);
  }
}

TEST(ColumnFile, DetectsSwappedBlocks) {
  Random random(11);
  const Column column = RandomColumn(random, {DataType::kFloatVector, DataType::kNone, 256},
                                     2 * kVectorBlockBytes / 1024, 0);
  std::string bytes = Encode(column);
  std::swap_ranges(bytes.begin() + kVectorAlignment,
                   bytes.begin() + kVectorAlignment + kVectorBlockBytes,
                   bytes.begin() + kVectorAlignment + kVectorBlockBytes);
  const auto file = Open(bytes);
  ASSERT_EQ(CodeOf(file.status()), ErrorCode::kDataIntegrity);
  EXPECT_NE(MessageOf(file.status()).find("offset 4096"), std::string_view::npos);
}

// Damage behind right checksums must not lead outside the file either.
TEST(ColumnFile, StaysInsideWhenTheFooterLiesWithARightChecksum) {
  Random random(12);
  int opened = 0;
  for (int round = 0; round < 20000; ++round) {
    const std::vector<ColumnType> types = EveryColumnType();
    std::string bytes =
        Encode(RandomColumn(random, types[random() % types.size()], random() % 40, random() % 3));
    const size_t trailer = bytes.size() - kColumnTrailerBytes;
    uint32_t size;
    std::memcpy(&size, bytes.data() + trailer, 4);
    for (uint64_t flips = 1 + random() % 2; flips > 0; --flips) {
      bytes[trailer - size + random() % size] = static_cast<char>(random());
    }
    const uint32_t crc = Crc32c(std::string_view(bytes).substr(trailer - size, size + 4));
    std::memcpy(bytes.data() + trailer + 4, &crc, 4);
    const auto file = Open(bytes);
    if (!file.ok()) continue;
    ++opened;
    const schema::ColumnView view = (*file)->View();
    size_t total = 0;
    for (int64_t row = 0; row < view.num_rows; ++row) {
      for (const char c : view.Raw(row)) total += static_cast<uint8_t>(c);
      total += view.IsValid(row);
    }
    ASSERT_NE(total, SIZE_MAX);
  }
  EXPECT_GT(opened, 0);
}

TEST(ColumnFile, RefusesAVersionItDoesNotKnow) {
  Column column({DataType::kInt8});
  column.Append<int8_t>(1);
  std::string bytes = Encode(column);
  bytes[8] = 3;
  const uint32_t crc = Crc32c(std::string_view(bytes).substr(0, kColumnHeaderBytes - 4));
  std::memcpy(bytes.data() + kColumnHeaderBytes - 4, &crc, 4);
  const auto file = Open(bytes);
  EXPECT_EQ(CodeOf(file.status()), ErrorCode::kDataIntegrity);
  EXPECT_NE(MessageOf(file.status()).find("version 3"), std::string_view::npos);
}

TEST(ColumnFile, OpensFilesOfTheVersionBeforeWhichHaveNoStatistics) {
  Random random(5);
  for (const ColumnType& type : EveryColumnType()) {
    const Column column = RandomColumn(random, type, 100, true);
    std::string bytes = Encode(column);
    EXPECT_NE((*Open(bytes))->statistics(), nullptr);
    // Cuts them off the end of the footer, and makes version, length and checksums right.
    std::string statistics;
    ColumnStatistics::ToWrite(column.View()).Encode(statistics);
    std::string end = bytes.substr(bytes.size() - kColumnTrailerBytes);
    bytes.resize(bytes.size() - kColumnTrailerBytes - statistics.size());
    uint32_t size;
    std::memcpy(&size, end.data(), 4);
    size -= static_cast<uint32_t>(statistics.size());
    AppendNumber(bytes, size);
    AppendNumber(bytes, Crc32c(std::string_view(bytes).substr(bytes.size() - size - 4)));
    bytes += kColumnFileEndMagic;
    bytes[8] = 1;
    const uint32_t head = Crc32c(std::string_view(bytes).substr(0, kColumnHeaderBytes - 4));
    std::memcpy(bytes.data() + kColumnHeaderBytes - 4, &head, 4);
    const auto file = Open(bytes);
    ASSERT_TRUE(file.ok()) << file.status();
    EXPECT_EQ((*file)->statistics(), nullptr);
    EXPECT_EQ((*file)->View().num_rows, 100);
  }
}

TEST(ZoneMap, HoldsTheRangeOfEachRunOfRows) {
  Column column({DataType::kInt32});
  for (int64_t row = 0; row < kZoneRows + 10; ++row) {
    row % 7 == 3 ? column.AppendNull() : column.Append(static_cast<int32_t>(row * 2 - 50));
  }
  const auto file = Open(Encode(column));
  ASSERT_TRUE(file.ok());
  const ZoneMap& map = (*file)->zones();
  ASSERT_EQ(map.zones.size(), 2u);
  EXPECT_EQ(map.zones[0].min_int, -50);
  EXPECT_EQ(map.zones[0].max_int, (kZoneRows - 1) * 2 - 50);
  EXPECT_EQ(map.zones[1].min_int, kZoneRows * 2 - 50);
  EXPECT_GT(map.zones[0].num_nulls, 0u);
}

TEST(ZoneMap, KeepsNanOutOfTheRange) {
  Column column({DataType::kFloat});
  for (const float value : {NAN, 2.5f, -1.0f}) column.Append(value);
  const auto file = Open(Encode(column));
  ASSERT_TRUE(file.ok());
  const Zone& zone = (*file)->zones().zones.at(0);
  EXPECT_TRUE(zone.has_nan);
  EXPECT_EQ(zone.min_real, -1.0);
  EXPECT_EQ(zone.max_real, 2.5);
}

TEST(ZoneMap, HasNoRangeWhereEveryValueIsNull) {
  Column column({DataType::kInt64});
  column.AppendNull();
  const auto file = Open(Encode(column));
  ASSERT_TRUE(file.ok());
  EXPECT_FALSE((*file)->zones().zones.at(0).has_range);
}

TEST(ZoneMap, CutsLongTextAndSaysSo) {
  Column column({DataType::kVarChar});
  column.AppendRaw(std::string(100, 'z'));
  column.AppendRaw("");
  column.AppendRaw("m\xff");
  const auto file = Open(Encode(column));
  ASSERT_TRUE(file.ok());
  const Zone& zone = (*file)->zones().zones.at(0);
  EXPECT_EQ(zone.min_text, "");
  EXPECT_EQ(zone.max_text, std::string(kZoneTextBytes, 'z'));
  EXPECT_TRUE(zone.max_text_is_prefix);
}

}  // namespace
}  // namespace elanus::storage
