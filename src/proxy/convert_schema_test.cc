#include "proxy/convert_schema.h"

#include <gtest/gtest.h>

#include "proxy/half_float.h"
#include "schema.pb.h"
#include "schema/timestamptz.h"

namespace elanus::proxy {
namespace {

schema_pb::FieldSchema* AddField(schema_pb::CollectionSchema& schema, const std::string& name,
                                 schema_pb::DataType type) {
  schema_pb::FieldSchema* field = schema.add_fields();
  field->set_name(name);
  field->set_data_type(type);
  return field;
}

std::string ErrorOf(const schema_pb::CollectionSchema& schema) {
  return WireReason(SchemaFromBytes(schema.SerializeAsString(), absl::UTCTimeZone()).status());
}

TEST(ConvertSchema, ComesBackAsItWentWithoutTheDynamicField) {
  schema_pb::CollectionSchema wire;
  wire.set_name("books");
  wire.set_enable_dynamic_field(true);
  wire.set_autoid(true);
  schema_pb::FieldSchema* key = AddField(wire, "id", schema_pb::Int64);
  key->set_is_primary_key(true);
  key->set_autoid(true);
  schema_pb::FieldSchema* when = AddField(wire, "when", schema_pb::Timestamptz);
  when->mutable_default_value()->set_string_data("2025-01-01T00:00:00Z");
  schema_pb::FieldSchema* tags = AddField(wire, "tags", schema_pb::Array);
  tags->set_element_type(schema_pb::VarChar);
  tags->set_nullable(true);
  common_pb::KeyValuePair* capacity = tags->add_type_params();
  capacity->set_key("max_capacity");
  capacity->set_value("4");
  auto schema = SchemaFromBytes(wire.SerializeAsString(), absl::UTCTimeZone());
  ASSERT_TRUE(schema.ok()) << schema.status().ToString();
  EXPECT_EQ(schema->fields[1].default_value, schema::DefaultValue(int64_t{1735689600000000}));
  schema::FieldSchema dynamic;
  dynamic.name = "$meta";
  dynamic.is_dynamic = true;
  schema->fields.push_back(dynamic);
  schema_pb::CollectionSchema out;
  SchemaToWire(*schema, absl::UTCTimeZone(), &out);
  EXPECT_EQ(out.DebugString(), wire.DebugString());
}

TEST(ConvertSchema, ReadsParametersThatAreJsonTextAndBothSpellingsOfMmap) {
  schema_pb::CollectionSchema wire;
  schema_pb::FieldSchema* field = AddField(wire, "v", schema_pb::FloatVector);
  const std::pair<const char*, const char*> params[] = {{"dim", "\"128\""},
                                                        {"mmap_enabled", "true"}};
  for (const auto& [key, value] : params) {
    common_pb::KeyValuePair* pair = field->add_type_params();
    pair->set_key(key);
    pair->set_value(value);
  }
  const auto schema = SchemaFromWire(wire, absl::UTCTimeZone());
  ASSERT_TRUE(schema.ok()) << schema.status().ToString();
  EXPECT_EQ(schema->fields[0].dim(), 128);
  EXPECT_EQ(schema->fields[0].type_params.at("mmap.enabled"), "true");
}

TEST(ConvertSchema, RefusesByNameWhatThisVersionCannotStore) {
  schema_pb::CollectionSchema wire;
  AddField(wire, "s", schema_pb::SparseFloatVector);
  EXPECT_NE(ErrorOf(wire).find("data type SparseFloatVector is not supported by this version: s"),
            std::string::npos);
  wire.clear_fields();
  wire.add_functions()->set_name("bm25");
  EXPECT_NE(ErrorOf(wire).find("function in a schema is not supported"), std::string::npos);
  wire.clear_functions();
  AddField(wire, "x", static_cast<schema_pb::DataType>(777));
  EXPECT_NE(ErrorOf(wire).find("777"), std::string::npos);
  EXPECT_FALSE(SchemaFromBytes("\xff\xff", absl::UTCTimeZone()).ok());
}

TEST(ConvertSchema, DefaultsMustFitTheirField) {
  const auto error = [](schema_pb::DataType type, auto set) {
    schema_pb::CollectionSchema wire;
    set(AddField(wire, "f", type)->mutable_default_value());
    return ErrorOf(wire);
  };
  EXPECT_NE(error(schema_pb::JSON, [](auto* v) { v->set_string_data("{}"); })
                .find("type not support default_value"),
            std::string::npos);
  EXPECT_NE(error(schema_pb::FloatVector, [](auto* v) { v->set_float_data(1); })
                .find("type not support default_value"),
            std::string::npos);
  EXPECT_NE(error(schema_pb::Int8, [](auto* v) { v->set_int_data(128); }).find("out of range"),
            std::string::npos);
  EXPECT_NE(error(schema_pb::Int64, [](auto* v) { v->set_bool_data(true); })
                .find("does not match the type of field"),
            std::string::npos);
  EXPECT_EQ(error(schema_pb::Double, [](auto* v) { v->set_double_data(0.5); }), "");
  EXPECT_EQ(error(schema_pb::Double, [](auto*) {}), "") << "an empty message is no default";
}

TEST(Timestamptz, ReadsTheFormsClientsWrite) {
  const absl::TimeZone utc = absl::UTCTimeZone();
  for (const char* text : {"1970-01-01T00:00:01Z", "1970-01-01 00:00:01", "1970-01-01T00:00:01.0",
                           "1970-01-01T08:00:01+08:00", "1969-12-31T20:00:01-0400"}) {
    const auto micros = schema::ParseTimestamptz(text, utc);
    ASSERT_TRUE(micros.ok()) << text;
    EXPECT_EQ(*micros, 1'000'000) << text;
  }
  for (const char* text :
       {"", "1970", "1970-02-30T00:00:00Z", "1970-01-01T25:00:00Z", "1970-01-01T00:00:00+15:00",
        "1970-01-01T00:00:00Zx", "1970-01-01T00:00:00.Z", "x970-01-01"}) {
    EXPECT_FALSE(schema::ParseTimestamptz(text, utc).ok()) << text;
  }
}

TEST(Timestamptz, NamesOfZonesAreChecked) {
  EXPECT_NE(WireReason(schema::FindTimeZone("Mars/Base").status())
                .find("unknown or invalid IANA Time Zone ID: Mars/Base"),
            std::string::npos);
  const auto zone = schema::FindTimeZone("Asia/Shanghai");
  ASSERT_TRUE(zone.ok());
  EXPECT_EQ(schema::FormatTimestamptz(0, *zone), "1970-01-01T08:00:00+08:00");
  EXPECT_EQ(*schema::ParseTimestamptz("1970-01-01T08:00:00", *zone), 0);
}

TEST(HalfFloat, RoundsToNearestEvenAndKnowsItsRange) {
  const float values[] = {1.0f, 1.0f + 1.0f / 2048, 1.0f + 3.0f / 2048, 65504.0f, -0.0f};
  uint16_t bits[5];
  ASSERT_TRUE(ToFloat16(values, bits).ok());
  EXPECT_EQ(bits[0], 0x3c00);
  EXPECT_EQ(bits[1], 0x3c00);
  EXPECT_EQ(bits[2], 0x3c02);
  EXPECT_EQ(bits[3], 0x7bff);
  EXPECT_EQ(bits[4], 0x8000);
  for (const float value : {65505.0f, 6.0e-5f, std::numeric_limits<float>::quiet_NaN()}) {
    EXPECT_FALSE(ToFloat16(std::span(&value, 1), bits).ok()) << value;
  }
  for (const float value :
       {std::numeric_limits<float>::max(), std::numeric_limits<float>::quiet_NaN(),
        -std::numeric_limits<float>::quiet_NaN()}) {
    EXPECT_FALSE(ToBFloat16(std::span(&value, 1), bits).ok()) << value;
  }
}

}  // namespace
}  // namespace elanus::proxy
