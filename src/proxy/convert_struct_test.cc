#include "proxy/convert_struct.h"

#include <google/protobuf/stubs/logging.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <random>

#include "proxy/convert_schema.h"
#include "proxy/insert_rows.h"
#include "proxy/output_fields.h"
#include "proxy/wire_status.h"
#include "schema.pb.h"
#include "schema/validate.h"

namespace elanus::proxy {
namespace {

using schema::DataType;
using schema_pb::FieldData;

void AddParam(schema_pb::FieldSchema* field, const char* key, const char* value) {
  auto* pair = field->add_type_params();
  pair->set_key(key);
  pair->set_value(value);
}

// id Int64 (key), st: n Array<Int32>, v ArrayOfVector of 2 values of `vectors`.
schema::CollectionSchema SchemaOf(schema_pb::DataType vectors, bool nullable = false) {
  schema_pb::CollectionSchema wire;
  wire.set_name("papers");
  schema_pb::FieldSchema* key = wire.add_fields();
  key->set_name("id");
  key->set_data_type(schema_pb::Int64);
  key->set_is_primary_key(true);
  schema_pb::StructArrayFieldSchema* owner = wire.add_struct_array_fields();
  owner->set_name("st");
  owner->set_nullable(nullable);
  schema_pb::FieldSchema* number = owner->add_fields();
  number->set_name("n");
  number->set_data_type(schema_pb::Array);
  number->set_element_type(schema_pb::Int32);
  schema_pb::FieldSchema* vector = owner->add_fields();
  vector->set_name("v");
  vector->set_data_type(schema_pb::ArrayOfVector);
  vector->set_element_type(vectors);
  AddParam(vector, "dim", "2");
  for (schema_pb::FieldSchema* field : {number, vector}) AddParam(field, "max_capacity", "3");
  auto schema = SchemaFromWire(wire, absl::UTCTimeZone());
  EXPECT_TRUE(schema.ok()) << schema.status().ToString();
  EXPECT_EQ(schema::ValidateSchema(*schema, {}).ToString(), "OK");
  schema::AssignFieldIds(*schema);
  return *schema;
}

// Two rows: two elements, then none.
FieldData TwoRows() {
  FieldData data;
  data.set_type(schema_pb::ArrayOfStruct);
  data.set_field_name("st");
  FieldData* number = data.mutable_struct_arrays()->add_fields();
  number->set_type(schema_pb::Array);
  number->set_field_name("n");
  auto* arrays = number->mutable_scalars()->mutable_array_data();
  arrays->set_element_type(schema_pb::Int32);
  auto* first = arrays->add_data()->mutable_int_data();
  first->add_data(7);
  first->add_data(8);
  arrays->add_data()->mutable_int_data();
  FieldData* vector = data.mutable_struct_arrays()->add_fields();
  vector->set_type(schema_pb::ArrayOfVector);
  vector->set_field_name("v");
  vector->mutable_vectors()->set_dim(2);
  auto* lists = vector->mutable_vectors()->mutable_vector_array();
  lists->set_dim(2);
  lists->set_element_type(schema_pb::FloatVector);
  schema_pb::VectorField* list = lists->add_data();
  list->set_dim(2);
  for (const float value : {1.0f, 2.0f, 3.0f, 4.0f}) list->mutable_float_vector()->add_data(value);
  list = lists->add_data();
  list->set_dim(2);
  list->mutable_float_vector();
  return data;
}

absl::StatusOr<schema::RowBatch> Read(const FieldData& data, const schema::CollectionSchema& schema,
                                      int64_t num_rows = 2) {
  schema::RowBatch rows;
  rows.num_rows = num_rows;
  ColumnInOptions options;
  options.num_rows = num_rows;
  ELANUS_RETURN_IF_ERROR(StructFromWire(data, schema.structs[0], schema, options, rows));
  return rows;
}

FieldData Write(const schema::RowBatch& rows, const schema::CollectionSchema& schema) {
  const RowRange all[] = {{0, rows.num_rows}};
  const auto fields = schema.SubFields(schema.structs[0]);
  FieldData out;
  StructToWire(
      schema.structs[0], fields,
      [&](const schema::FieldSchema& field) { return rows.Find(field.id)->View(); },
      {all, absl::UTCTimeZone()}, &out);
  return out;
}

TEST(ConvertStruct, ComesBackAsItWentWithShortNames) {
  const schema::CollectionSchema schema = SchemaOf(schema_pb::FloatVector);
  FieldData data = TwoRows();
  const auto rows = Read(data, schema);
  ASSERT_TRUE(rows.ok()) << rows.status().ToString();
  data.set_field_id(101);
  data.mutable_struct_arrays()->mutable_fields(0)->set_field_id(102);
  data.mutable_struct_arrays()->mutable_fields(1)->set_field_id(103);
  EXPECT_EQ(Write(*rows, schema).DebugString(), data.DebugString());
}

TEST(ConvertStruct, NullRowsArriveCompactAndLeaveWithAPlace) {
  const schema::CollectionSchema schema = SchemaOf(schema_pb::FloatVector, /*nullable=*/true);
  FieldData data = TwoRows();
  for (FieldData& part : *data.mutable_struct_arrays()->mutable_fields()) {
    for (const bool valid : {true, false, true}) part.add_valid_data(valid);
  }
  const auto rows = Read(data, schema, 3);
  ASSERT_TRUE(rows.ok()) << rows.status().ToString();
  const FieldData out = Write(*rows, schema);
  const FieldData& vectors = out.struct_arrays().fields(1);
  EXPECT_EQ(vectors.vectors().vector_array().data_size(), 3);
  EXPECT_EQ(vectors.vectors().vector_array().data(1).float_vector().data_size(), 0);
  EXPECT_FALSE(vectors.valid_data(1));
  // Null in one field alone makes no row.
  data.mutable_struct_arrays()->mutable_fields(0)->set_valid_data(0, false);
  data.mutable_struct_arrays()->mutable_fields(0)->set_valid_data(1, true);
  EXPECT_NE(WireReason(Read(data, schema, 3).status()).find("null together"), std::string::npos);
}

TEST(ConvertStruct, FloatsAreConvertedForHalves) {
  const schema::CollectionSchema schema = SchemaOf(schema_pb::Float16Vector);
  FieldData data = TwoRows();
  data.mutable_struct_arrays()
      ->mutable_fields(1)
      ->mutable_vectors()
      ->mutable_vector_array()
      ->set_element_type(schema_pb::Float16Vector);
  const auto rows = Read(data, schema);
  ASSERT_TRUE(rows.ok()) << rows.status().ToString();
  const FieldData out = Write(*rows, schema);
  EXPECT_EQ(out.struct_arrays().fields(1).vectors().vector_array().data(0).float16_vector(),
            std::string("\x00\x3c\x00\x40\x00\x42\x00\x44", 8));
}

TEST(ConvertStruct, RefusesWhatDoesNotFitTogether) {
  const schema::CollectionSchema schema = SchemaOf(schema_pb::FloatVector);
  const auto part = [](FieldData& data, int i) {
    return data.mutable_struct_arrays()->mutable_fields(i);
  };
  const auto lists = [&](FieldData& data) {
    return part(data, 1)->mutable_vectors()->mutable_vector_array();
  };
  struct Case {
    std::function<void(FieldData&)> change;
    std::string_view message;
  };
  const Case cases[] = {
      {[&](FieldData& d) { part(d, 0)->set_field_name("x"); }, "more fieldData has pass in"},
      {[&](FieldData& d) { part(d, 0)->set_field_name("v"); }, "does not match the schema"},
      {[&](FieldData& d) { *d.mutable_struct_arrays()->add_fields() = *part(d, 0); },
       "duplicated field st[n] found"},
      {[&](FieldData& d) { d.mutable_struct_arrays()->mutable_fields()->RemoveLast(); },
       "fieldSchema(st[v]) has no corresponding fieldData"},
      {[&](FieldData& d) { d.clear_struct_arrays(); }, "has no corresponding fieldData"},
      {[&](FieldData& d) { d.mutable_scalars(); }, "expected ArrayOfStruct"},
      {[&](FieldData& d) { lists(d)->mutable_data()->RemoveLast(); }, "num_rows (1)"},
      {[&](FieldData& d) { lists(d)->set_dim(3); }, "the dim (3) of field data(st[v])"},
      {[&](FieldData& d) { lists(d)->mutable_data(0)->set_dim(4); }, "the dim (4)"},
      {[&](FieldData& d) { lists(d)->set_element_type(schema_pb::Int8Vector); }, "Int8Vector"},
      {[&](FieldData& d) { lists(d)->mutable_data(0)->set_int8_vector("abcd"); },
       "does not match the schema"},
      {[&](FieldData& d) { lists(d)->mutable_data(0)->mutable_float_vector()->add_data(5); },
       "should divide"},
      {[&](FieldData& d) {
         for (int i = 0; i < 4; ++i) {
           lists(d)->mutable_data(0)->mutable_float_vector()->add_data(5);
         }
       },
       "array length exceeds max capacity"},
      {[&](FieldData& d) {
         for (int i = 0; i < 2; ++i) {
           lists(d)->mutable_data(0)->mutable_float_vector()->add_data(5);
         }
       },
       "row 0 has 2 elements of st[n] and 3 of st[v]"},
      {[&](FieldData& d) { lists(d)->mutable_data(0)->mutable_float_vector()->set_data(0, NAN); },
       "not a number or infinity"},
      {[&](FieldData& d) { part(d, 1)->mutable_vectors()->set_int8_vector("ab"); },
       "does not match the schema, expected ArrayOfVector"},
  };
  for (const Case& one : cases) {
    FieldData data = TwoRows();
    one.change(data);
    const std::string reason = WireReason(Read(data, schema).status());
    EXPECT_NE(reason.find(one.message), std::string::npos) << one.message << " / " << reason;
  }
}

TEST(ConvertStruct, SurvivesDamagedRequests) {
  const schema::CollectionSchema schema = SchemaOf(schema_pb::FloatVector, /*nullable=*/true);
  const std::string good = TwoRows().SerializeAsString();
  const google::protobuf::LogSilencer silence;
  std::mt19937 random(3);
  for (int i = 0; i < 5000; ++i) {
    std::string bad = good;
    for (int flips = 1 + random() % 3; flips > 0; --flips) {
      bad[random() % bad.size()] = static_cast<char>(random());
    }
    FieldData data;
    if (data.ParseFromString(bad)) (void)Read(data, schema).ok();
  }
}

TEST(ConvertStruct, OutputFieldsNameStructsWholeOrInPart) {
  const schema::CollectionSchema schema = SchemaOf(schema_pb::FloatVector);
  const auto all = ResolveOutputFields({"*"}, schema);
  ASSERT_EQ(all->structs.size(), 1u);
  EXPECT_EQ(all->structs[0].fields.size(), 2u);
  EXPECT_TRUE(all->fields.empty());
  EXPECT_EQ(all->ids(schema), (std::vector<FieldId>{FieldId(102), FieldId(103)}));
  const auto one = ResolveOutputFields({"st[v]", "st[v]"}, schema);
  ASSERT_EQ(one->structs.size(), 1u);
  EXPECT_EQ(one->structs[0].fields.size(), 1u);
  EXPECT_EQ(one->names, std::vector<std::string>{"st"});
  EXPECT_EQ(ResolveOutputFields({"st", "st[n]"}, schema)->structs[0].fields.size(), 2u);
  EXPECT_FALSE(ResolveOutputFields({"st[x]"}, schema).ok());
}

TEST(ConvertStruct, DescribesWhatWasCreated) {
  const schema::CollectionSchema schema = SchemaOf(schema_pb::Int8Vector);
  schema_pb::CollectionSchema wire;
  SchemaToWire(schema, absl::UTCTimeZone(), &wire);
  EXPECT_EQ(wire.fields_size(), 1);
  ASSERT_EQ(wire.struct_array_fields_size(), 1);
  const auto& owner = wire.struct_array_fields(0);
  EXPECT_EQ(owner.name(), "st");
  EXPECT_EQ(owner.fieldid(), 101);
  EXPECT_EQ(owner.fields(1).name(), "v");
  EXPECT_EQ(owner.fields(1).data_type(), schema_pb::ArrayOfVector);
  EXPECT_EQ(owner.fields(1).element_type(), schema_pb::Int8Vector);
  // What is described can be created again.
  auto again = SchemaFromWire(wire, absl::UTCTimeZone());
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(schema::ValidateSchema(*again, {}).ToString(), "OK");
  schema::AssignFieldIds(*again);
  EXPECT_TRUE(*again == schema);
}

}  // namespace
}  // namespace elanus::proxy
