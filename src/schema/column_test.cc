#include "schema/column.h"

#include <gtest/gtest.h>

#include "schema/array_value.h"
#include "schema/primary_key.h"
#include "schema/row_batch.h"

namespace elanus::schema {
namespace {

TEST(Column, KeepsFixedValuesInOrder) {
  Column column({.type = DataType::kInt64});
  for (int64_t i = 0; i < 100; ++i) column.Append(i * 3);
  const ColumnView view = column.View();
  ASSERT_EQ(view.num_rows, 100);
  EXPECT_EQ(view.Value<int64_t>(99), 297);
  EXPECT_EQ(view.validity, nullptr);
}

TEST(Column, RemembersWhichRowsAreNull) {
  Column column({.type = DataType::kVarChar});
  for (int i = 0; i < 200; ++i) {
    if (i % 3 == 0) {
      column.AppendNull();
    } else {
      column.AppendRaw(std::to_string(i));
    }
  }
  const ColumnView view = column.View();
  for (int i = 0; i < 200; ++i) {
    EXPECT_EQ(view.IsValid(i), i % 3 != 0) << i;
    EXPECT_EQ(view.Bytes(i), i % 3 == 0 ? "" : std::to_string(i));
  }
}

TEST(Column, SliceSeesTheSameRows) {
  Column column({.type = DataType::kInt32});
  for (int32_t i = 0; i < 300; ++i) {
    if (i % 7 == 0) {
      column.AppendNull();
    } else {
      column.Append(i);
    }
  }
  const ColumnView slice = column.View().Slice(128, 100);
  for (int32_t i = 0; i < 100; ++i) {
    EXPECT_EQ(slice.IsValid(i), (i + 128) % 7 != 0);
    if (slice.IsValid(i)) {
      EXPECT_EQ(slice.Value<int32_t>(i), i + 128);
    }
  }
}

TEST(Column, AppendsRowsOfAnotherColumnWithTheirNulls) {
  Column source({.type = DataType::kJson});
  source.AppendRaw("{}");
  source.AppendNull();
  source.AppendRaw("[1]");
  Column target({.type = DataType::kJson});
  target.AppendRaw("0");
  target.AppendRows(source.View(), 0, 3);
  target.AppendRow(source.View(), 2);
  const ColumnView view = target.View();
  ASSERT_EQ(view.num_rows, 5);
  EXPECT_EQ(view.Bytes(1), "{}");
  EXPECT_FALSE(view.IsValid(2));
  EXPECT_EQ(view.Bytes(4), "[1]");
}

TEST(ArrayValue, RoundTripsNumbersAndText) {
  ArrayBuilder ints(DataType::kInt16);
  ints.Append<int16_t>(-5);
  ints.Append<int16_t>(300);
  const std::string bytes = ints.Finish();
  const ArrayView view(DataType::kInt16, bytes);
  ASSERT_EQ(view.size(), 2);
  EXPECT_EQ(view.Int(0), -5);
  EXPECT_EQ(view.Int(1), 300);

  ArrayBuilder text(DataType::kVarChar);
  text.AppendRaw("");
  text.AppendRaw("abc");
  const std::string text_bytes = text.Finish();
  const ArrayView text_view(DataType::kVarChar, text_bytes);
  ASSERT_EQ(text_view.size(), 2);
  EXPECT_EQ(text_view.Raw(0), "");
  EXPECT_EQ(text_view.Raw(1), "abc");
}

TEST(ArrayValue, ReadsTruncatedBytesAsEmpty) {
  ArrayBuilder text(DataType::kVarChar);
  text.AppendRaw("hello");
  const std::string bytes = text.Finish();
  for (size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_EQ(ArrayView(DataType::kVarChar, bytes.substr(0, length)).size(), 0) << length;
  }
}

TEST(PrimaryKey, HashesSpreadOverShards) {
  int counts[4] = {};
  for (int64_t i = 0; i < 4000; ++i) ++counts[StableHash(PrimaryKeyView(i)) % 4];
  for (const int count : counts) EXPECT_NEAR(count, 1000, 150);
}

TEST(DefaultColumn, HoldsTheDefaultOrNull) {
  FieldSchema field{.name = "n", .type = DataType::kInt8, .nullable = true};
  EXPECT_FALSE(DefaultColumn(field, 3).View().IsValid(0));
  field.default_value = int64_t{7};
  EXPECT_EQ(DefaultColumn(field, 3).View().Value<int8_t>(2), 7);
}

}  // namespace
}  // namespace elanus::schema
