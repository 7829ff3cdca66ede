#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "proxy/convert_column_in.h"
#include "proxy/convert_column_out.h"
#include "schema.pb.h"
#include "schema/array_value.h"
#include "schema/row_batch.h"

namespace elanus::proxy {
namespace {

using schema::DataType;
using schema_pb::FieldData;

schema::FieldSchema FieldOf(DataType type, schema::Properties params = {}) {
  schema::FieldSchema field;
  field.id = FieldId(101);
  field.name = "f";
  field.type = type;
  field.type_params = std::move(params);
  return field;
}

FieldData DataOf(const schema::FieldSchema& field) {
  FieldData data;
  data.set_type(static_cast<schema_pb::DataType>(field.type));
  data.set_field_name(field.name);
  return data;
}

absl::StatusOr<schema::Column> Read(const FieldData& data, const schema::FieldSchema& field,
                                    int64_t num_rows,
                                    const schema::CollectionSchema* static_fields = nullptr) {
  return ColumnFromWire(data, field, {num_rows, absl::UTCTimeZone(), static_fields});
}

std::string ErrorOf(const FieldData& data, const schema::FieldSchema& field, int64_t num_rows) {
  return WireReason(Read(data, field, num_rows).status());
}

FieldData Write(const schema::Column& column, const schema::FieldSchema& field) {
  FieldData out;
  const RowRange all[] = {{0, column.num_rows()}};
  ColumnToWire(column.View(), field, {all, absl::UTCTimeZone()}, &out);
  return out;
}

// What comes in goes out again, but for the id, which answers carry.
void ExpectRoundTrip(FieldData data, const schema::FieldSchema& field, int64_t num_rows) {
  const absl::StatusOr<schema::Column> column = Read(data, field, num_rows);
  ASSERT_TRUE(column.ok()) << column.status().ToString();
  EXPECT_EQ(column->num_rows(), num_rows);
  data.set_field_id(101);
  EXPECT_EQ(Write(*column, field).DebugString(), data.DebugString());
}

TEST(ConvertColumn, ScalarsComeBackAsTheyWent) {
  FieldData data = DataOf(FieldOf(DataType::kBool));
  for (const bool value : {true, false}) {
    data.mutable_scalars()->mutable_bool_data()->add_data(value);
  }
  ExpectRoundTrip(data, FieldOf(DataType::kBool), 2);
  for (const DataType type : {DataType::kInt8, DataType::kInt16, DataType::kInt32}) {
    data = DataOf(FieldOf(type));
    for (const int value : {-128, 0, 127}) {
      data.mutable_scalars()->mutable_int_data()->add_data(value);
    }
    ExpectRoundTrip(data, FieldOf(type), 3);
  }
  data = DataOf(FieldOf(DataType::kInt64));
  data.mutable_scalars()->mutable_long_data()->add_data(INT64_MIN);
  ExpectRoundTrip(data, FieldOf(DataType::kInt64), 1);
  data = DataOf(FieldOf(DataType::kFloat));
  data.mutable_scalars()->mutable_float_data()->add_data(0.1f);
  ExpectRoundTrip(data, FieldOf(DataType::kFloat), 1);
  data = DataOf(FieldOf(DataType::kDouble));
  data.mutable_scalars()->mutable_double_data()->add_data(0.1);
  ExpectRoundTrip(data, FieldOf(DataType::kDouble), 1);
  data = DataOf(FieldOf(DataType::kVarChar));
  for (const char* text : {"", "h\xc3\xa9"}) {
    data.mutable_scalars()->mutable_string_data()->add_data(text);
  }
  ExpectRoundTrip(data, FieldOf(DataType::kVarChar, {{"max_length", "3"}}), 2);
  data = DataOf(FieldOf(DataType::kJson));
  for (const char* json : {"{\"a\": [1]}", "null", "18446744073709551616", "\"x\""}) {
    data.mutable_scalars()->mutable_json_data()->add_data(json);
  }
  ExpectRoundTrip(data, FieldOf(DataType::kJson), 4);
}

TEST(ConvertColumn, TimesAreStoredAsMicrosecondsAndShownInTheZoneAsked) {
  const schema::FieldSchema field = FieldOf(DataType::kTimestamptz);
  FieldData data = DataOf(field);
  data.mutable_scalars()->mutable_string_data()->add_data("1970-01-01T01:00:00.25+01:00");
  const auto column = Read(data, field, 1);
  ASSERT_TRUE(column.ok()) << column.status().ToString();
  EXPECT_EQ(column->View().Value<int64_t>(0), 250'000);
  EXPECT_EQ(Write(*column, field).scalars().string_data().data(0), "1970-01-01T00:00:00.25Z");
  data.mutable_scalars()->mutable_string_data()->set_data(0, "yesterday");
  EXPECT_NE(ErrorOf(data, field, 1).find("invalid timestamptz"), std::string::npos);
}

TEST(ConvertColumn, VectorsComeBackAsTheyWent) {
  schema::FieldSchema field = FieldOf(DataType::kFloatVector, {{"dim", "2"}});
  FieldData data = DataOf(field);
  data.mutable_vectors()->set_dim(2);
  for (const float value : {1.f, 2.f, 3.f, 4.f}) {
    data.mutable_vectors()->mutable_float_vector()->add_data(value);
  }
  ExpectRoundTrip(data, field, 2);
  field = FieldOf(DataType::kBinaryVector, {{"dim", "16"}});
  data = DataOf(field);
  data.mutable_vectors()->set_dim(16);
  data.mutable_vectors()->set_binary_vector("abcd");
  ExpectRoundTrip(data, field, 2);
  field = FieldOf(DataType::kInt8Vector, {{"dim", "2"}});
  data = DataOf(field);
  data.mutable_vectors()->set_dim(2);
  data.mutable_vectors()->set_int8_vector("abcd");
  ExpectRoundTrip(data, field, 2);
}

TEST(ConvertColumn, LongVectorsAreCopiedWhole) {
  const schema::FieldSchema field = FieldOf(DataType::kFloatVector, {{"dim", "3000"}});
  FieldData data = DataOf(field);
  data.mutable_vectors()->set_dim(3000);
  for (int i = 0; i < 3 * 3000; ++i) {
    data.mutable_vectors()->mutable_float_vector()->add_data(static_cast<float>(i));
  }
  ExpectRoundTrip(data, field, 3);
}

TEST(ConvertColumn, HalfVectorsMayArriveAsFloats) {
  for (const DataType type : {DataType::kFloat16Vector, DataType::kBFloat16Vector}) {
    const schema::FieldSchema field = FieldOf(type, {{"dim", "2"}});
    FieldData data = DataOf(field);
    data.mutable_vectors()->set_dim(2);
    for (const float value : {1.f, -2.f}) {
      data.mutable_vectors()->mutable_float_vector()->add_data(value);
    }
    const auto column = Read(data, field, 1);
    ASSERT_TRUE(column.ok()) << column.status().ToString();
    const bool half = type == DataType::kFloat16Vector;
    EXPECT_EQ(column->View().Values<uint16_t>()[0], half ? 0x3c00 : 0x3f80);
    EXPECT_EQ(column->View().Values<uint16_t>()[1], half ? 0xc000 : 0xc000);
    data.mutable_vectors()->mutable_float_vector()->set_data(
        0, half ? 70000.f : std::numeric_limits<float>::infinity());
    EXPECT_FALSE(Read(data, field, 1).ok());
  }
}

TEST(ConvertColumn, ArraysComeBackAsTheyWent) {
  schema::FieldSchema field = FieldOf(DataType::kArray, {{"max_capacity", "2"}});
  field.element_type = DataType::kInt16;
  FieldData data = DataOf(field);
  auto* arrays = data.mutable_scalars()->mutable_array_data();
  arrays->set_element_type(schema_pb::Int16);
  arrays->add_data()->mutable_int_data()->add_data(-7);
  arrays->add_data()->mutable_int_data();
  ExpectRoundTrip(data, field, 2);
  arrays->mutable_data(1)->mutable_int_data()->add_data(40000);
  EXPECT_NE(ErrorOf(data, field, 2).find("out of range"), std::string::npos);
  for (int i = 0; i < 3; ++i) arrays->mutable_data(0)->mutable_int_data()->add_data(1);
  EXPECT_NE(ErrorOf(data, field, 2).find("array length exceeds max capacity"), std::string::npos);
  arrays->mutable_data(0)->mutable_long_data()->add_data(1);
  EXPECT_NE(ErrorOf(data, field, 2).find("does not match the element type"), std::string::npos);
}

TEST(ConvertColumn, NullsOfScalarsTravelCompactInAndFullLengthOut) {
  schema::FieldSchema field = FieldOf(DataType::kInt64);
  field.nullable = true;
  FieldData data = DataOf(field);
  data.mutable_scalars()->mutable_long_data()->add_data(5);
  for (const bool valid : {false, true, false}) data.add_valid_data(valid);
  const auto column = Read(data, field, 3);
  ASSERT_TRUE(column.ok()) << column.status().ToString();
  const FieldData out = Write(*column, field);
  EXPECT_EQ(out.scalars().long_data().data_size(), 3);
  EXPECT_EQ(out.scalars().long_data().data(1), 5);
  EXPECT_EQ(out.valid_data_size(), 3);
  EXPECT_FALSE(out.valid_data(0));
  EXPECT_TRUE(out.valid_data(1));
}

TEST(ConvertColumn, NullsOfVectorsTravelCompactBothWays) {
  schema::FieldSchema field = FieldOf(DataType::kFloatVector, {{"dim", "2"}});
  field.nullable = true;
  FieldData data = DataOf(field);
  data.mutable_vectors()->set_dim(2);
  for (const float value : {1.f, 2.f}) {
    data.mutable_vectors()->mutable_float_vector()->add_data(value);
  }
  for (const bool valid : {false, true}) data.add_valid_data(valid);
  ExpectRoundTrip(data, field, 2);
}

TEST(ConvertColumn, ANullTakesTheDefaultAndAnswersCarryNoFlagsThen) {
  schema::FieldSchema field = FieldOf(DataType::kVarChar, {{"max_length", "8"}});
  field.default_value = std::string("none");
  FieldData data = DataOf(field);
  data.mutable_scalars()->mutable_string_data()->add_data("x");
  for (const bool valid : {true, false}) data.add_valid_data(valid);
  const auto column = Read(data, field, 2);
  ASSERT_TRUE(column.ok()) << column.status().ToString();
  const FieldData out = Write(*column, field);
  EXPECT_EQ(out.scalars().string_data().data(1), "none");
  EXPECT_EQ(out.valid_data_size(), 0);
}

TEST(ConvertColumn, WrongLengthsAreErrorsInTheClientsWords) {
  schema::FieldSchema field = FieldOf(DataType::kInt64);
  FieldData data = DataOf(field);
  data.mutable_scalars()->mutable_long_data()->add_data(5);
  EXPECT_NE(ErrorOf(data, field, 2)
                .find("the num_rows (1) of field (f) is not equal to passed num_rows (2)"),
            std::string::npos);
  data.add_valid_data(true);
  EXPECT_NE(ErrorOf(data, field, 1).find("the length of field is wrong"), std::string::npos)
      << "flags of a field that cannot be null";
  field.nullable = true;
  EXPECT_NE(ErrorOf(data, field, 2).find("the length of field is wrong"), std::string::npos);
  data.add_valid_data(false);
  data.mutable_scalars()->mutable_long_data()->add_data(6);
  EXPECT_NE(ErrorOf(data, field, 2).find("the length of field is wrong"), std::string::npos)
      << "a value for a null row";
}

TEST(ConvertColumn, ManyClaimedRowsCostNothingUntilTheyAreSent) {
  const schema::FieldSchema field = FieldOf(DataType::kFloatVector, {{"dim", "32768"}});
  FieldData data = DataOf(field);
  data.mutable_vectors()->set_dim(32768);
  data.mutable_vectors()->mutable_float_vector();
  EXPECT_FALSE(Read(data, field, UINT32_MAX).ok());
}

TEST(ConvertColumn, WrongDimensionsAreErrorsInTheClientsWords) {
  const schema::FieldSchema field = FieldOf(DataType::kFloatVector, {{"dim", "8"}});
  FieldData data = DataOf(field);
  data.mutable_vectors()->set_dim(4);
  data.mutable_vectors()->mutable_float_vector()->mutable_data()->Resize(8, 0);
  EXPECT_EQ(ErrorOf(data, field, 1),
            "the dim (4) of field data(f) is not equal to schema dim (8): invalid "
            "parameter[expected=8][actual=4]");
  data.mutable_vectors()->set_dim(8);
  data.mutable_vectors()->mutable_float_vector()->add_data(0);
  EXPECT_NE(ErrorOf(data, field, 1).find("should divide"), std::string::npos);
}

TEST(ConvertColumn, RefusesNumbersThatAreNone) {
  for (const double value : {std::nan(""), std::numeric_limits<double>::infinity()}) {
    schema::FieldSchema field = FieldOf(DataType::kFloatVector, {{"dim", "40000"}});
    FieldData data = DataOf(field);
    data.mutable_vectors()->set_dim(40000);
    data.mutable_vectors()->mutable_float_vector()->mutable_data()->Resize(80000, 0);
    data.mutable_vectors()->mutable_float_vector()->set_data(79999, static_cast<float>(value));
    EXPECT_NE(ErrorOf(data, field, 2).find("not a number or infinity"), std::string::npos);
    field = FieldOf(DataType::kDouble);
    data = DataOf(field);
    data.mutable_scalars()->mutable_double_data()->add_data(-value);
    EXPECT_NE(ErrorOf(data, field, 1).find("not a number or infinity"), std::string::npos);
    field = FieldOf(DataType::kFloat);
    data = DataOf(field);
    data.mutable_scalars()->mutable_float_data()->add_data(static_cast<float>(value));
    EXPECT_NE(ErrorOf(data, field, 1).find("not a number or infinity"), std::string::npos);
  }
  const schema::FieldSchema field = FieldOf(DataType::kFloat16Vector, {{"dim", "1"}});
  FieldData data = DataOf(field);
  data.mutable_vectors()->set_dim(1);
  data.mutable_vectors()->set_float16_vector(std::string("\x00\x7c", 2));
  EXPECT_NE(ErrorOf(data, field, 1).find("not a number or infinity"), std::string::npos);
}

TEST(ConvertColumn, RefusesIntegersOutOfRange) {
  FieldData data = DataOf(FieldOf(DataType::kInt8));
  data.mutable_scalars()->mutable_int_data()->add_data(128);
  EXPECT_NE(ErrorOf(data, FieldOf(DataType::kInt8), 1).find("(128) out of range: [-128, 127]"),
            std::string::npos);
  EXPECT_TRUE(Read(data, FieldOf(DataType::kInt16), 1).ok());
}

TEST(ConvertColumn, RefusesTextThatIsTooLongInBytesOrNoUtf8) {
  const schema::FieldSchema field = FieldOf(DataType::kVarChar, {{"max_length", "2"}});
  FieldData data = DataOf(field);
  data.mutable_scalars()->mutable_string_data()->add_data("ok");
  data.mutable_scalars()->mutable_string_data()->add_data("\xc3\xa9\xc3\xa9");
  EXPECT_NE(ErrorOf(data, field, 2)
                .find("length of varchar field f exceeds max length, row "
                      "number: 1, length: 4, max length: 2"),
            std::string::npos);
  data.mutable_scalars()->mutable_string_data()->set_data(1, "\xc3");
  EXPECT_NE(ErrorOf(data, field, 2).find("invalid UTF-8"), std::string::npos);
}

TEST(ConvertColumn, RefusesJsonThatIsNoneOrTooLongOrTooDeep) {
  const schema::FieldSchema field = FieldOf(DataType::kJson);
  FieldData data = DataOf(field);
  auto* values = data.mutable_scalars()->mutable_json_data();
  values->add_data("{\"a\":");
  EXPECT_NE(ErrorOf(data, field, 1).find("not valid JSON"), std::string::npos);
  values->set_data(0, "\"" + std::string(65536, 'x') + "\"");
  EXPECT_NE(ErrorOf(data, field, 1).find("length exceeds max length"), std::string::npos);
  values->set_data(0, std::string(30000, '[') + std::string(30000, ']'));
  EXPECT_NE(ErrorOf(data, field, 1).find("not valid JSON"), std::string::npos);
  values->set_data(0, "");
  EXPECT_FALSE(Read(data, field, 1).ok());
}

TEST(ConvertColumn, DynamicRowsMustBeObjectsWithoutReservedKeys) {
  schema::CollectionSchema schema;
  schema.fields = {FieldOf(DataType::kInt64)};
  schema::FieldSchema field = FieldOf(DataType::kJson);
  field.is_dynamic = true;
  const auto error = [&](const std::string& json, const schema::CollectionSchema* static_fields) {
    FieldData data = DataOf(field);
    data.mutable_scalars()->mutable_json_data()->add_data(json);
    return WireReason(Read(data, field, 1, static_fields).status());
  };
  EXPECT_EQ(error(R"({"a": 18446744073709551616})", &schema), "");
  EXPECT_NE(error("[1]", &schema).find("not a valid JSON object"), std::string::npos);
  EXPECT_NE(error(R"({"$meta": 1})", &schema).find("cannot set json key to: $meta"),
            std::string::npos);
  EXPECT_NE(error(R"({"f": 1})", &schema)
                .find("dynamic field name cannot include the static field name: f"),
            std::string::npos);
  EXPECT_EQ(error(R"({"f": 1})", nullptr), "") << "partial updates do not check names";
}

TEST(ConvertColumn, RefusesDataOfAnotherKind) {
  FieldData data = DataOf(FieldOf(DataType::kInt64));
  data.mutable_scalars()->mutable_string_data()->add_data("1");
  EXPECT_NE(ErrorOf(data, FieldOf(DataType::kInt64), 1).find("does not match the schema"),
            std::string::npos);
  data.mutable_vectors();
  EXPECT_NE(ErrorOf(data, FieldOf(DataType::kInt64), 1).find("does not match the schema"),
            std::string::npos);
}

TEST(ConvertColumn, DynamicRowsAreCutDownToTheKeysAsked) {
  schema::FieldSchema field = FieldOf(DataType::kJson);
  field.is_dynamic = true;
  schema::Column column(field.column_type());
  column.AppendRaw(R"({"a": 1.5, "b": {"c": [1, 2]}, "d": null})");
  column.AppendRaw(R"({"a": 18446744073709551616})");
  const std::string keys[] = {"b", "a"};
  const RowRange all[] = {{0, 2}};
  FieldData out;
  DynamicColumnToWire(column.View(), field, keys, {all, absl::UTCTimeZone()}, &out);
  EXPECT_EQ(out.field_name(), "$meta");
  EXPECT_TRUE(out.is_dynamic());
  EXPECT_EQ(out.scalars().json_data().data(0), R"({"a":1.5,"b":{"c":[1,2]}})");
  EXPECT_NE(out.scalars().json_data().data(1).find("\"a\":1"), std::string::npos);
}

}  // namespace
}  // namespace elanus::proxy
