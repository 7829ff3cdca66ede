#include "expr/json_values.h"

#include <gtest/gtest.h>

#include "schema/array_value.h"

namespace elanus::expr {
namespace {

using schema::DataType;

schema::Column Json(std::initializer_list<const char*> rows) {
  schema::Column column({.type = DataType::kJson});
  for (const char* row : rows) {
    if (row == nullptr) {
      column.AppendNull();
    } else {
      column.AppendRaw(row);
    }
  }
  return column;
}

JsonValues Read(const schema::Column& json, DataType type, bool array) {
  auto read = ReadJsonValues(json.View(), PathOfPointer("/a"), {.type = type, .array = array},
                             Cancellation());
  EXPECT_TRUE(read.ok()) << read.status();
  return *std::move(read);
}

TEST(JsonValues, AreThoseOfTheTypeAndNoOthers) {
  const schema::Column json = Json({R"({"a":1})", R"({"a":"1"})", R"({"a":true})", R"({"a":null})",
                                    "{}", nullptr, R"({"a":-2.5})", R"({"a":"\u00e9\n"})", "[1]"});
  const auto valid = [](const JsonValues& values) {
    std::string out;
    for (int64_t row = 0; row < values.column.num_rows(); ++row) {
      out += values.column.View().IsValid(row) ? '1' : '0';
    }
    return out;
  };
  const JsonValues numbers = Read(json, DataType::kDouble, false);
  EXPECT_EQ(valid(numbers), "100000100");
  EXPECT_EQ(numbers.column.View().Value<double>(6), -2.5);
  EXPECT_TRUE(numbers.odd.empty());
  const JsonValues texts = Read(json, DataType::kVarChar, false);
  EXPECT_EQ(valid(texts), "010000010");
  EXPECT_EQ(texts.column.View().Bytes(7), "\u00e9\n");
  EXPECT_EQ(valid(Read(json, DataType::kBool, false)), "001000000");
}

TEST(JsonValues, NumbersThatNoDoubleStandsForAreOdd) {
  const schema::Column json =
      Json({R"({"a":9007199254740992})", R"({"a":9007199254740993})", R"({"a":-9007199254740993})",
            R"({"a":18446744073709551615})", R"({"a":1e300})"});
  const JsonValues values = Read(json, DataType::kDouble, false);
  EXPECT_EQ(values.odd, (std::vector<uint32_t>{1, 2, 3}));
  EXPECT_TRUE(values.column.View().IsValid(0));
  EXPECT_FALSE(values.column.View().IsValid(1));
}

TEST(JsonValues, OfArraysAreTheirElementsOfTheType) {
  const schema::Column json = Json({R"({"a":[1,"x",null,2.5,[3]]})", R"({"a":[]})", R"({"a":1})",
                                    R"({"a":[1,9007199254740993]})"});
  const JsonValues values = Read(json, DataType::kDouble, true);
  const schema::ArrayView first(DataType::kDouble, values.column.View().Bytes(0));
  ASSERT_EQ(first.size(), 2);
  EXPECT_EQ(first.Double(1), 2.5);
  EXPECT_TRUE(values.column.View().IsValid(1)) << "an array without elements is one";
  EXPECT_FALSE(values.column.View().IsValid(2));
  EXPECT_EQ(values.odd, (std::vector<uint32_t>{3}));
}

TEST(JsonValues, EndWhenTheyAreNotWanted) {
  const Cancellation cancelled(std::make_shared<std::atomic<bool>>(true), 0);
  EXPECT_FALSE(ReadJsonValues(Json({"{}"}).View(), {}, {.type = DataType::kBool}, cancelled).ok());
}

TEST(PathOfPointer, ReadsTokensAndTheirEscapes) {
  EXPECT_TRUE(PathOfPointer("").empty());
  const JsonPath path = PathOfPointer("/a~1b/~0/12/x1/");
  ASSERT_EQ(path.size(), 5u);
  EXPECT_EQ(path[0].key, "a/b");
  EXPECT_EQ(path[1].key, "~");
  EXPECT_TRUE(path[2].is_index);
  EXPECT_EQ(path[2].index, 12);
  EXPECT_EQ(path[3], (JsonStep{.key = "x1"}));
  EXPECT_EQ(path[4], JsonStep{});
}

}  // namespace
}  // namespace elanus::expr
