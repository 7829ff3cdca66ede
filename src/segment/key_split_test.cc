#include "segment/key_split.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "segment/segment_fixture_test.h"
#include "storage/object_store.h"

namespace elanus::segment {
namespace {

constexpr FieldId kSplit{104};

class KeySplitTest : public testing::Test {
 protected:
  // A sealed segment with these values of kSplit, each by its bytes; nothing: null.
  MergeInput Input(const schema::FieldSchema& field,
                   const std::vector<std::optional<std::string>>& values) {
    schema::CollectionSchema schema = TestSchema();
    schema.fields.push_back(field);
    std::vector<int64_t> keys(values.size());
    for (int64_t& key : keys) key = static_cast<int64_t>(random() % 100'000);
    schema::RowBatch rows = TestRows(TestSchema(), keys);
    schema::Column column(field.column_type());
    for (const auto& value : values) {
      if (value.has_value()) {
        column.AppendRaw(*value);
      } else {
        column.AppendNull();
      }
    }
    rows.columns.emplace_back(field.id, std::move(column));
    GrowingSegment growing(SegmentId(++last_id), PartitionId(1), 0, schema);
    growing.Insert(schema, rows, Timestamp(10));
    const auto sealed = Seal(growing, schema, *store);
    EXPECT_TRUE(sealed.ok()) << sealed.status();
    return {*sealed, kernels::Bitset((*sealed)->num_rows(), true)};
  }
  static schema::FieldSchema Field(schema::DataType type) {
    schema::FieldSchema field{.id = kSplit, .name = "split", .type = type};
    field.nullable = true;
    return field;
  }
  template <typename T>
  static std::string BytesOf(T value) {
    return {reinterpret_cast<const char*>(&value), sizeof(T)};
  }

  std::mt19937_64 random{7};
  int64_t last_id = 0;
  storage::MemoryFileSystem files;
  std::unique_ptr<storage::ObjectStore> store = storage::MakeLocalObjectStore(files, "objects");
};

// Bytes in the order of the values, nulls and NaN first.
std::string Ordered(const schema::ColumnView& column, int64_t row) {
  using schema::DataType;
  if (!column.IsValid(row)) return "";
  switch (column.type.type) {
    case DataType::kVarChar:
      return "v" + std::string(column.Bytes(row));
    case DataType::kDouble: {
      const double value = column.Value<double>(row);
      return std::isnan(value) ? "" : fmt::format("{:030.6f}", value + 1e9);
    }
    case DataType::kInt8:
      return fmt::format("{:030}", int64_t{column.Value<int8_t>(row)} + 1000);
    default:
      return fmt::format("{:030}", column.Value<int64_t>(row) + 1'000'000'000);
  }
}

TEST_F(KeySplitTest, EveryRowIsInOnePartAndPartsAreRanges) {
  using schema::DataType;
  for (int round = 0; round < 60; ++round) {
    const DataType type = std::array{DataType::kInt64, DataType::kVarChar, DataType::kDouble,
                                     DataType::kInt8}[round % 4];
    const uint64_t distinct = std::array{3, 40, 100'000}[random() % 3];
    const bool skewed = random() % 2 == 0;
    std::vector<MergeInput> inputs;
    int64_t kept = 0;
    for (uint64_t i = 0; i < 1 + random() % 4; ++i) {
      std::vector<std::optional<std::string>> values;
      for (uint64_t row = 0; row < 1 + random() % 3000; ++row) {
        int64_t value = static_cast<int64_t>(random() % distinct);
        if (skewed && random() % 3 != 0) value = 1;
        if (random() % 10 == 0) {
          values.push_back(std::nullopt);
        } else if (type == DataType::kVarChar) {
          values.push_back(fmt::format("tenant{:06}", value));
        } else if (type == DataType::kDouble) {
          values.push_back(BytesOf(value == 0 ? std::nan("") : static_cast<double>(value) - 20));
        } else if (type == DataType::kInt8) {
          values.push_back(BytesOf(static_cast<int8_t>(value)));
        } else {
          values.push_back(BytesOf(value - 20));
        }
      }
      MergeInput input = Input(Field(type), values);
      for (int64_t row = 0; row < input.kept.size(); ++row) {
        if (random() % 4 == 0) input.kept.Reset(row);
      }
      kept += input.kept.Count();
      inputs.push_back(std::move(input));
    }
    const int64_t wanted = 1 + static_cast<int64_t>(random() % 1500);
    const auto split = SplitByKey(inputs, Field(type), wanted, Cancellation());
    ASSERT_TRUE(split.ok()) << split.status();
    int64_t found = 0;
    std::string last;
    for (int part = 0; part < split->num_parts; ++part) {
      std::string least, greatest;
      int64_t rows = 0;
      for (const MergeInput& input : split->RowsOf(part, inputs)) {
        const auto source = std::find_if(inputs.begin(), inputs.end(), [&](const MergeInput& one) {
          return one.segment == input.segment;
        });
        input.kept.view().ForEach([&](int64_t row) {
          EXPECT_TRUE(source->kept.Test(row));
          const std::string value = Ordered(input.segment->Find(kSplit)->View(), row);
          least = rows == 0 ? value : std::min(least, value);
          greatest = std::max(greatest, value);
          ++rows;
        });
      }
      EXPECT_GT(rows, 0) << "no part is empty";
      EXPECT_LE(rows, wanted + wanted / 2 + 1);
      EXPECT_LE(last, least) << "round " << round << ", part " << part;
      last = greatest;
      found += rows;
    }
    EXPECT_EQ(found, kept);
  }
}

TEST_F(KeySplitTest, AValueThatFillsAPartHasItForItself) {
  std::vector<std::optional<std::string>> values;
  for (int i = 0; i < 9000; ++i) values.push_back(BytesOf<int64_t>(i % 3 == 0 ? i : 4500));
  const std::vector<MergeInput> inputs = {Input(Field(schema::DataType::kInt64), values)};
  const auto split = SplitByKey(inputs, Field(schema::DataType::kInt64), 1000, Cancellation());
  ASSERT_TRUE(split.ok()) << split.status();
  int of_one_value = 0;
  for (int part = 0; part < split->num_parts; ++part) {
    std::set<int64_t> found;
    for (const MergeInput& input : split->RowsOf(part, inputs)) {
      const schema::ColumnView column = input.segment->Find(kSplit)->View();
      input.kept.view().ForEach([&](int64_t row) { found.insert(column.Value<int64_t>(row)); });
    }
    of_one_value += found == std::set<int64_t>{4500} ? 1 : 0;
  }
  EXPECT_GE(of_one_value, 5);
}

TEST_F(KeySplitTest, WhereTheFieldIsMissingItsDefaultStands) {
  std::vector<std::optional<std::string>> values(50, BytesOf<int64_t>(1));
  std::vector<MergeInput> inputs = {Input(Field(schema::DataType::kInt64), values)};
  schema::FieldSchema added = Field(schema::DataType::kInt64);
  added.id = FieldId(200);
  added.default_value = int64_t{5};
  const auto split = SplitByKey(inputs, added, 20, Cancellation());
  ASSERT_TRUE(split.ok()) << split.status();
  EXPECT_EQ(split->num_parts, 3);
  inputs[0].kept = kernels::Bitset(50);
  EXPECT_EQ(SplitByKey(inputs, added, 20, Cancellation())->num_parts, 0);
}

}  // namespace
}  // namespace elanus::segment
