#include "schema/validate_struct.h"

#include <gtest/gtest.h>

#include <functional>

#include "schema/array_value.h"
#include "schema/validate.h"

namespace elanus::schema {
namespace {

using S = CollectionSchema;

FieldSchema Field(std::string name, DataType type, Properties params = {}) {
  FieldSchema field{.name = std::move(name), .type = type};
  field.type_params = std::move(params);
  return field;
}

FieldSchema SubField(std::string_view sub, DataType type, DataType element, Properties params) {
  FieldSchema field = Field(SubFieldName("st", sub), type, std::move(params));
  field.element_type = element;
  field.struct_name = "st";
  return field;
}

// id, then a struct "st" of an Array<Int64> "n" and vectors "v" of 4 floats.
S Good() {
  S schema{.name = "c"};
  schema.fields = {Field("id", DataType::kInt64)};
  schema.fields[0].is_primary_key = true;
  schema.structs = {{.name = "st"}};
  schema.fields.push_back(
      SubField("n", DataType::kArray, DataType::kInt64, {{"max_capacity", "8"}}));
  schema.fields.push_back(SubField("v", DataType::kArrayOfVector, DataType::kFloatVector,
                                   {{"max_capacity", "8"}, {"dim", "4"}}));
  return schema;
}

TEST(ValidateStruct, AStructOfArraysAndVectorsIsFineAndCountsAsAVectorField) {
  S schema = Good();
  EXPECT_TRUE(ValidateSchema(schema, {}).ok()) << ValidateSchema(schema, {}).ToString();
  EXPECT_EQ(schema.vector_fields().size(), 1u);
  EXPECT_EQ(schema.fields[2].short_name(), "v");
  EXPECT_EQ(schema.fields[0].short_name(), "id");
  EXPECT_EQ(schema.fields[2].column_type(),
            (ColumnType{DataType::kArrayOfVector, DataType::kFloatVector, 4}));
  EXPECT_EQ(schema.SubFields(schema.structs[0]).size(), 2u);
}

TEST(ValidateStruct, RefusesWhatTheProtocolRefuses) {
  struct Case {
    std::function<void(S&)> change;
    std::string_view message;
  };
  const Case cases[] = {
      {[](S& s) { s.structs[0].name = s.fields[1].struct_name = s.fields[2].struct_name = "1a"; },
       "first character"},
      {[](S& s) { s.fields[1].name = "st[a b]"; }, "can only contain"},
      {[](S& s) { s.fields[1].name = "st[v]"; }, "duplicated field name: st[v]"},
      {[](S& s) { s.fields.push_back(Field("st", DataType::kInt64)); }, "duplicated field name"},
      {[](S& s) { s.structs.push_back(s.structs[0]); }, "duplicated field name: st"},
      {[](S& s) { s.structs.push_back({.name = "empty"}); }, "empty has no fields"},
      {[](S& s) { s.structs.clear(); }, "is not there"},
      {[](S& s) { s.fields[1].type = DataType::kInt64; }, "array or array of vector"},
      {[](S& s) { s.fields[1].type = DataType::kArrayOfStruct; }, "array or array of vector"},
      {[](S& s) { s.fields[1].element_type = DataType::kJson; }, "element type JSON"},
      {[](S& s) { s.fields[1].element_type = DataType::kArray; }, "element type Array"},
      {[](S& s) { s.fields[1].is_partition_key = true; }, "neither a key"},
      {[](S& s) { s.fields[1].is_primary_key = true; }, "neither a key"},
      {[](S& s) { s.fields[1].nullable = true; }, "nullable is declared on the struct"},
      {[](S& s) { s.fields[1].default_value = int64_t{1}; }, "default values are not supported"},
      {[](S& s) { s.fields[1].type_params["max_capacity"] = "9"; }, "should be the same"},
      {[](S& s) { s.fields[1].type_params.clear(); }, "type param(max_capacity)"},
      {[](S& s) { s.fields[2].type_params.erase("max_capacity"); }, "type param(max_capacity)"},
      {[](S& s) { s.fields[2].type_params["max_capacity"] = "4097"; }, "in (0, 4096]"},
      {[](S& s) { s.fields[2].type_params.erase("dim"); }, "dimension is not defined"},
      {[](S& s) { s.fields[2].type_params["dim"] = "1"; }, "invalid dimension: 1"},
      {[](S& s) { s.fields[2].element_type = DataType::kSparseFloatVector; }, "SparseFloatVector"},
      {[](S& s) { s.fields[2].element_type = DataType::kInt64; }, "element type Int64"},
      {[](S& s) {
         s.fields[2].element_type = DataType::kBinaryVector;
         s.fields[2].type_params["dim"] = "12";
       },
       "multiple of 8"},
      {[](S& s) {
         s.fields[2].struct_name.clear();
         s.fields[2].name = "v";
       },
       "array of vector can only be in the struct array field"},
  };
  for (const Case& one : cases) {
    S schema = Good();
    one.change(schema);
    const absl::Status status = ValidateSchema(schema, {});
    EXPECT_NE(status.ToString().find(one.message), std::string::npos)
        << one.message << " / " << status.ToString();
  }
}

TEST(ValidateStruct, ANullableStructHasNullableFields) {
  S schema = Good();
  schema.structs[0].nullable = true;
  ASSERT_TRUE(ValidateSchema(schema, {}).ok());
  EXPECT_TRUE(schema.fields[1].nullable && schema.fields[2].nullable);
}

TEST(ValidateStruct, AnAddedStructIsNullableAndNew) {
  S schema = Good();
  std::vector<FieldSchema> fields = {schema.fields[1]};
  fields[0].name = "more[n]";
  fields[0].struct_name = "more";
  StructSchema more{.name = "more"};
  const auto why = [&] { return ValidateAddedStruct(schema, more, fields, {}).ToString(); };
  EXPECT_NE(why().find("added field must be nullable"), std::string::npos);
  more.nullable = true;
  EXPECT_EQ(why(), "OK");
  EXPECT_TRUE(fields[0].nullable);
  more.name = fields[0].struct_name = "st";
  EXPECT_NE(why().find("duplicate field name: st"), std::string::npos);
}

TEST(ValidateStruct, IdsGoToAStructBeforeItsFields) {
  S schema = Good();
  AssignFieldIds(schema);
  EXPECT_EQ(schema.fields[0].id, FieldId(100));
  EXPECT_EQ(schema.structs[0].id, FieldId(101));
  EXPECT_EQ(schema.fields[1].id, FieldId(102));
  EXPECT_EQ(schema.fields[2].id, FieldId(103));
  EXPECT_EQ(schema.NextFieldId(), FieldId(104));
}

TEST(ElementCount, CountsArraysVectorsAndNulls) {
  Column numbers({.type = DataType::kArray, .element_type = DataType::kInt64});
  ArrayBuilder builder(DataType::kInt64);
  builder.Append<int64_t>(7);
  builder.Append<int64_t>(8);
  numbers.AppendRaw(builder.Finish());
  numbers.AppendNull();
  EXPECT_EQ(ElementCount(numbers.View(), 0), 2);
  EXPECT_EQ(ElementCount(numbers.View(), 1), 0);
  Column vectors(
      {.type = DataType::kArrayOfVector, .element_type = DataType::kBinaryVector, .dim = 16});
  vectors.AppendRaw(std::string(6, 'x'));
  vectors.AppendRaw("");
  EXPECT_EQ(ElementCount(vectors.View(), 0), 3);
  EXPECT_EQ(ElementCount(vectors.View(), 1), 0);
}

}  // namespace
}  // namespace elanus::schema
