#include "schema/validate.h"

#include <gtest/gtest.h>

#include <functional>
#include <limits>

#include "schema/names.h"

namespace elanus::schema {
namespace {

FieldSchema MakeField(const char* name, DataType type, Properties params = {}) {
  FieldSchema field;
  field.name = name;
  field.type = type;
  field.type_params = std::move(params);
  return field;
}

CollectionSchema GoodSchema() {
  CollectionSchema schema;
  schema.name = "books";
  schema.fields = {MakeField("id", DataType::kInt64),
                   MakeField("v", DataType::kFloatVector, {{"dim", "8"}}),
                   MakeField("s", DataType::kVarChar, {{"max_length", "10"}}),
                   MakeField("a", DataType::kArray, {{"max_capacity", "4"}}),
                   MakeField("j", DataType::kJson),
                   MakeField("n", DataType::kInt8)};
  schema.fields[0].is_primary_key = true;
  schema.fields[3].element_type = DataType::kInt32;
  return schema;
}

void ExpectError(const absl::Status& status, ErrorCode code, std::string_view words) {
  EXPECT_EQ(CodeOf(status), code) << status;
  EXPECT_NE(WireReason(status).find(words), std::string::npos)
      << "\"" << words << "\" not in \"" << WireReason(status) << "\"";
}

TEST(ValidateSchema, TakesAGoodSchemaAsItIs) {
  CollectionSchema schema = GoodSchema();
  const CollectionSchema before = schema;
  ASSERT_TRUE(ValidateSchema(schema, {}).ok());
  EXPECT_TRUE(schema == before);
}

TEST(ValidateSchema, UnquotesParametersAndUnifiesKeys) {
  CollectionSchema schema = GoodSchema();
  schema.fields[1].type_params = {{"dim", " \"8\" "}, {"mmap_enabled", "true"}, {"own", "\"x\""}};
  schema.fields[2].type_params = {{"max_length", "\"10\""}};
  ASSERT_TRUE(ValidateSchema(schema, {}).ok());
  const Properties expected = {{"dim", "8"}, {"mmap.enabled", "true"}, {"own", "\"x\""}};
  EXPECT_EQ(schema.fields[1].type_params, expected);
  EXPECT_EQ(schema.fields[2].max_length(), 10);
}

struct Case {
  std::function<void(CollectionSchema&)> spoil;
  ErrorCode code;
  std::string_view words;
};

TEST(ValidateSchema, RefusesEveryBrokenRuleInTheClientsWords) {
  using S = CollectionSchema;
  constexpr ErrorCode kInvalid = ErrorCode::kParameterInvalid;
  const auto dim = [](DataType type, const char* value) {
    return [type, value](S& s) {
      s.fields[1].type = type;
      s.fields[1].type_params = {{"dim", value}};
    };
  };
  const auto type = [](DataType value) { return [value](S& s) { s.fields[5].type = value; }; };
  const Case cases[] = {
      {[](S& s) { s.name = ""; }, kInvalid, "collection name should not be empty"},
      {[](S& s) { s.name = "1a"; }, kInvalid,
       "the first character of a collection name must be an underscore or letter"},
      {[](S& s) { s.name = "a-b"; }, kInvalid, "Invalid collection name: a-b"},
      {[](S& s) { s.name = std::string(256, 'a'); }, kInvalid,
       "the length of a collection name must be less than 255 characters"},
      {[](S& s) { s.description = std::string(1025, 'd'); }, kInvalid, "1024 bytes"},
      {[](S& s) { s.fields[4].name = "j j"; }, ErrorCode::kFieldInvalidName,
       "Invalid field name: j j"},
      {[](S& s) { s.fields[4].name = "json_contains"; }, ErrorCode::kFieldInvalidName,
       "json_contains is keyword in milvus"},
      {[](S& s) { s.fields[4].name = "$meta"; }, ErrorCode::kFieldInvalidName,
       "$meta is keyword in milvus"},
      {[](S& s) { s.fields[4].name = "RowID"; }, ErrorCode::kFieldInvalidName,
       "field name invalid"},
      {[](S& s) { s.fields[4].name = "n"; }, kInvalid, "duplicated field name: n"},
      {[](S& s) {
         for (int i = 0; i < 60; ++i) {
           s.fields.push_back(MakeField(("x" + std::to_string(i)).c_str(), DataType::kBool));
         }
       },
       kInvalid, "maximum field's number should be limited to 64"},
      {[](S& s) {
         for (int i = 0; i < 10; ++i) {
           s.fields.push_back(MakeField(("x" + std::to_string(i)).c_str(), DataType::kFloatVector,
                                        {{"dim", "2"}}));
         }
       },
       kInvalid, "maximum vector field's number should be limited to 10"},
      {[](S& s) { s.fields.erase(s.fields.begin() + 1); }, kInvalid,
       "schema does not contain vector field"},
      {[](S& s) { s.fields[0].is_primary_key = false; }, kInvalid, "primary key is not specified"},
      {[](S& s) { s.fields[2].is_primary_key = true; }, kInvalid,
       "there are more than one primary key"},
      {[](S& s) { s.fields[0].type = DataType::kInt32; }, kInvalid,
       "the data type of primary key should be Int64 or VarChar"},
      {[](S& s) { s.fields[0].nullable = true; }, kInvalid, "primary field not support null"},
      {[](S& s) { s.fields[0].default_value = int64_t{1}; }, kInvalid,
       "type not support default_value"},
      {[](S& s) { s.fields[5].auto_id = true; }, kInvalid, "only primary field"},
      {[](S& s) { s.fields[0].is_partition_key = true; }, kInvalid,
       "the partition key field must not be primary field"},
      {[](S& s) { s.fields[5].is_partition_key = true; }, kInvalid,
       "the data type of partition key should be Int64 or VarChar"},
      {[](S& s) { s.fields[2].is_partition_key = s.fields[2].nullable = true; }, kInvalid,
       "partition key field not support nullable"},
      {[](S& s) {
         s.fields[2].is_partition_key = true;
         s.fields[5].type = DataType::kInt64;
         s.fields[5].is_partition_key = true;
       },
       kInvalid, "there are more than one partition key"},
      {[](S& s) { s.fields[1].is_clustering_key = true; },
       ErrorCode::kVectorClusteringKeyNotAllowed, "vector clustering key not allowed"},
      {[](S& s) { s.fields[2].is_clustering_key = s.fields[5].is_clustering_key = true; }, kInvalid,
       "there are more than one clustering key"},
      {[](S& s) { s.fields[4].is_clustering_key = true; }, kInvalid, "clustering key"},
      {[](S& s) { s.fields[1].type_params.clear(); }, kInvalid,
       "dimension is not defined in field type params of field v"},
      {dim(DataType::kFloatVector, "x"), kInvalid, "type param(dim) of field v"},
      {dim(DataType::kFloatVector, "8.0"), kInvalid, "type param(dim) of field v"},
      {dim(DataType::kFloatVector, "99999999999999999999"), kInvalid, "type param(dim)"},
      {dim(DataType::kFloatVector, "1"), kInvalid,
       "invalid dimension: 1. should be in range 2 ~ 32768"},
      {dim(DataType::kFloatVector, "-8"), kInvalid, "invalid dimension: -8. should be in range"},
      {dim(DataType::kFloat16Vector, "32769"), kInvalid,
       "invalid dimension: 32769 of field v. float vector dimension should be in range 2 ~ 32768"},
      {dim(DataType::kBinaryVector, "12"), kInvalid,
       "binary vector dimension should be multiple of 8"},
      {dim(DataType::kBinaryVector, "262152"), kInvalid, "range 2 ~ 262144"},
      {dim(DataType::kSparseFloatVector, "8"), kInvalid,
       "dim should not be specified for sparse vector field"},
      {type(DataType::kSparseFloatVector), kInvalid, "sparse vectors are not supported in this"},
      {type(DataType::kArrayOfStruct), kInvalid, "is declared as a struct array field"},
      {type(DataType::kArrayOfVector), kInvalid, "can only be in the struct array field"},
      {type(DataType::kNone), kInvalid, "data type of field n is not valid"},
      {[](S& s) { s.fields[5].is_function_output = true; }, kInvalid,
       "functions (BM25, embeddings and the like) are not supported in this version"},
      {[](S& s) { s.fields[4].is_dynamic = true; }, kInvalid, "dynamic field"},
      {[](S& s) { s.fields[2].type_params.clear(); }, kInvalid,
       "type param(max_length) should be specified for the field(s)"},
      {[](S& s) { s.fields[2].type_params["max_length"] = "65536"; }, kInvalid,
       "the maximum length specified for the field(s) should be in (0, 65535], but got 65536 "
       "instead"},
      {[](S& s) { s.fields[2].type_params["max_length"] = "0"; }, kInvalid, "in (0, 65535]"},
      {[](S& s) { s.fields[3].type_params.clear(); }, kInvalid,
       "type param(max_capacity) should be specified for array field a"},
      {[](S& s) { s.fields[3].type_params["max_capacity"] = "4097"; }, kInvalid,
       "the maximum capacity specified for a Array should be in (0, 4096]"},
      {[](S& s) { s.fields[3].element_type = DataType::kJson; }, kInvalid, "element type JSON"},
      {[](S& s) { s.fields[3].element_type = DataType::kNone; }, kInvalid, "element type None"},
      {[](S& s) { s.fields[3].element_type = DataType::kVarChar; }, kInvalid,
       "type param(max_length) should be specified for the field(a)"},
      {[](S& s) { s.fields[4].default_value = std::string("{}"); }, kInvalid,
       "type not support default_value"},
      {[](S& s) { s.fields[1].default_value = 1.0; }, kInvalid, "type not support default_value"},
      {[](S& s) { s.fields[5].default_value = 1.0; }, kInvalid,
       "type (Int8) of field (n) is not equal to the type(Double) of default_value"},
      {[](S& s) { s.fields[5].default_value = int64_t{128}; }, kInvalid, "out of range"},
      {[](S& s) { s.fields[2].default_value = std::string(11, 'x'); }, kInvalid,
       "exceeds max length (10)"},
      {[](S& s) {
         s.fields[5].type = DataType::kFloat;
         s.fields[5].default_value = 1e39;
       },
       kInvalid, "out of range"},
      {[](S& s) {
         s.fields[5].type = DataType::kDouble;
         s.fields[5].default_value = std::numeric_limits<double>::quiet_NaN();
       },
       kInvalid, "out of range"},
      {[](S& s) { s.fields[5].type_params["mmap.enabled"] = "maybe"; }, kInvalid,
       "invalid mmap.enabled value: maybe"},
  };
  for (const Case& c : cases) {
    CollectionSchema schema = GoodSchema();
    c.spoil(schema);
    ExpectError(ValidateSchema(schema, {}), c.code, c.words);
  }
}

TEST(ValidateSchema, AdmitsValuesAtTheLimits) {
  const std::function<void(CollectionSchema&)> changes[] = {
      [](auto& s) { s.name = std::string(255, 'a'); },
      [](auto& s) { s.name = "_a$9"; },
      [](auto& s) { s.fields[1].type_params["dim"] = "2"; },
      [](auto& s) { s.fields[1].type_params["dim"] = "32768"; },
      [](auto& s) {
        s.fields[1].type = DataType::kBinaryVector;
        s.fields[1].type_params["dim"] = "262144";
      },
      [](auto& s) { s.fields[2].type_params["max_length"] = "65535"; },
      [](auto& s) { s.fields[3].type_params["max_capacity"] = "4096"; },
      [](auto& s) { s.fields[5].default_value = int64_t{-128}; },
      [](auto& s) { s.fields[1].nullable = true; },
      [](auto& s) { s.fields[2].is_partition_key = true; },
      [](auto& s) { s.fields[2].is_clustering_key = true; },
  };
  for (size_t i = 0; i < std::size(changes); ++i) {
    CollectionSchema schema = GoodSchema();
    changes[i](schema);
    EXPECT_TRUE(ValidateSchema(schema, {}).ok()) << i << ": " << ValidateSchema(schema, {});
  }
}

TEST(ValidateSchema, FollowsConfiguredLimits) {
  CollectionSchema schema = GoodSchema();
  ExpectError(ValidateSchema(schema, {.fields_max = 5}), ErrorCode::kParameterInvalid,
              "limited to 5");
  ExpectError(ValidateSchema(schema, {.must_use_partition_key = true}),
              ErrorCode::kParameterInvalid, "partition key must be set");
  schema.name = "a-b";
  EXPECT_TRUE(ValidateSchema(schema, {.name_extra_characters = "-"}).ok());
}

TEST(ValidateAddedField, DoesNotCountTheDynamicField) {
  CollectionSchema schema = GoodSchema();
  schema.fields.push_back(MakeDynamicField());
  AssignFieldIds(schema);
  FieldSchema field = MakeField("x", DataType::kFloatVector, {{"dim", "4"}});
  field.nullable = true;
  EXPECT_TRUE(ValidateAddedField(schema, field, {.fields_max = 7}).ok());
  ExpectError(ValidateAddedField(schema, field, {.fields_max = 6}), ErrorCode::kParameterInvalid,
              "limited to 6");
  schema.fields[2].is_clustering_key = true;
  FieldSchema second = MakeField("y", DataType::kInt64);
  second.nullable = second.is_clustering_key = true;
  ExpectError(ValidateAddedField(schema, second, {}), ErrorCode::kParameterInvalid,
              "more than one clustering key");
}

TEST(AssignFieldIds, CountsOnBehindTheIdsInUse) {
  CollectionSchema schema = GoodSchema();
  AssignFieldIds(schema);
  for (size_t i = 0; i < schema.fields.size(); ++i) {
    EXPECT_EQ(schema.fields[i].id, FieldId(100 + static_cast<int64_t>(i)));
  }
  schema.fields.push_back(MakeDynamicField());
  AssignFieldIds(schema);
  EXPECT_EQ(schema.fields.back().id, FieldId(106));
}

TEST(Names, AreJudgedByTheirKind) {
  const SchemaLimits limits;
  EXPECT_TRUE(CheckPartitionName("2024-01", limits).ok());
  EXPECT_FALSE(CheckCollectionName("2024", limits).ok());
  EXPECT_TRUE(CheckIndexName("a[b]", limits).ok());
  EXPECT_FALSE(CheckFieldName("a[b]", limits).ok());
  ExpectError(CheckDatabaseName("", limits), ErrorCode::kDatabaseInvalidName,
              "invalid database name");
  ExpectError(CheckAliasName("?", limits), ErrorCode::kParameterInvalid,
              "Invalid collection alias");
  ExpectError(CheckIndexName("1", limits), ErrorCode::kParameterInvalid, "Invalid index name");
  EXPECT_FALSE(CheckCollectionName("caf\xc3\xa9", limits).ok());
  EXPECT_FALSE(CheckCollectionName(std::string_view("a\0b", 3), limits).ok());
  for (const char* word : {"and", "NOT", "True", "ARRAY_LENGTH", "exists", "random_sample"}) {
    EXPECT_EQ(CodeOf(CheckFieldName(word, limits)), ErrorCode::kFieldInvalidName) << word;
  }
  EXPECT_TRUE(CheckFieldName("android", limits).ok());
}

TEST(ParseBool, ReadsTheProtocolsSpellingsOnly) {
  EXPECT_EQ(ParseBool("True"), true);
  EXPECT_EQ(ParseBool("t"), true);
  EXPECT_EQ(ParseBool("0"), false);
  EXPECT_EQ(ParseBool("yes"), std::nullopt);
  EXPECT_EQ(ParseBool(""), std::nullopt);
}

}  // namespace
}  // namespace elanus::schema
