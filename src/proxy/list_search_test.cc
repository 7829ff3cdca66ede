#include "proxy/list_search.h"

#include <gtest/gtest.h>

#include "common.pb.h"
#include "proxy/wire_status.h"

namespace elanus::proxy {
namespace {

using Type = common_pb::PlaceholderType;
using schema::DataType;

schema::FieldSchema Lists(DataType element) {
  schema::FieldSchema field{.id = FieldId(101), .name = "st[v]", .type = DataType::kArrayOfVector};
  field.element_type = element;
  field.struct_name = "st";
  field.type_params["dim"] = "2";
  return field;
}

std::string Group(Type type, std::initializer_list<std::vector<float>> values,
                  bool element_level = false) {
  common_pb::PlaceholderGroup group;
  common_pb::PlaceholderValue* placeholder = group.add_placeholders();
  placeholder->set_type(type);
  placeholder->set_element_level(element_level);
  for (const auto& value : values) {
    placeholder->add_values(
        std::string(reinterpret_cast<const char*>(value.data()), value.size() * sizeof(float)));
  }
  return group.SerializeAsString();
}

std::string Why(const std::string& group, const schema::FieldSchema& field) {
  return WireReason(ParseQueryVectors(group, 0, 10, field).status());
}

TEST(ListQueries, AListIsOneQuery) {
  const auto field = Lists(DataType::kFloatVector);
  const auto two =
      ParseQueryVectors(Group(Type::EmbListFloatVector, {{1, 2, 3, 4}, {5, 6}}), 2, 10, field);
  ASSERT_TRUE(two.ok()) << two.status().ToString();
  EXPECT_EQ(two->num_queries, 2);
  EXPECT_EQ(two->list_begins, (std::vector<int64_t>{0, 2, 3}));
  EXPECT_EQ(two->bytes.size(), 24u);
  const auto halves = ParseQueryVectors(Group(Type::EmbListFloatVector, {{1, 2, 3, 4}}), 1, 10,
                                        Lists(DataType::kBFloat16Vector));
  ASSERT_TRUE(halves.ok());
  EXPECT_EQ(halves->list_begins, (std::vector<int64_t>{0, 2}));
  EXPECT_EQ(halves->bytes.size(), 8u);
}

TEST(ListQueries, SingleVectorsAskForElements) {
  const auto field = Lists(DataType::kFloatVector);
  for (const bool marked : {false, true}) {
    const auto one = ParseQueryVectors(Group(Type::FloatVector, {{1, 2}}, marked), 1, 10, field);
    ASSERT_TRUE(one.ok()) << one.status().ToString();
    EXPECT_TRUE(one->list_begins.empty());
  }
}

TEST(ListQueries, ErrorsAreInTheClientsWords) {
  const auto field = Lists(DataType::kFloatVector);
  const auto has = [](const std::string& reason, std::string_view text) {
    EXPECT_NE(reason.find(text), std::string::npos) << reason;
  };
  has(Why(Group(Type::EmbListFloatVector, {{1, 2, 3}}), field), "vector dimension mismatch");
  has(Why(Group(Type::EmbListFloatVector, {{}}), field), "should not be empty");
  has(Why(Group(Type::EmbListInt8Vector, {{1, 2}}), field), "vector type must be the same");
  has(Why(Group(Type::EmbListFloatVector, {{1, 2}}, true), field), "vector type must be the same");
  has(Why(Group(Type::EmbListSparseFloatVector, {{1, 2}}), field), "vector type must be the same");
  has(Why(Group(static_cast<Type>(999), {{1, 2}}), field), "vector type must be the same");
  auto plain = field;
  plain.type = DataType::kFloatVector;
  plain.element_type = DataType::kNone;
  has(Why(Group(Type::EmbListFloatVector, {{1, 2}}), plain), "vector type must be the same");
  has(Why(Group(Type::FloatVector, {{1, 2}}, true), plain), "vector type must be the same");
}

class ListParams : public testing::Test {
 protected:
  ListParams() {
    schema_.fields = {{.id = FieldId(100), .name = "id", .type = DataType::kInt64}, field_};
    schema_.fields[0].is_primary_key = true;
    target_.field = &field_;
    target_.metric = kernels::Metric::kIp;
  }
  std::string Why() { return WireReason(CheckListParams(target_, params_, schema_)); }
  // Without what every error of its code ends with.
  std::string Gist() { return Why().substr(0, Why().rfind(": ")); }

  schema::FieldSchema field_ = Lists(DataType::kFloatVector);
  schema::CollectionSchema schema_;
  SearchTarget target_;
  SearchParams params_;
};

TEST_F(ListParams, ListsTakeNeitherRangesNorGroupsNorIterators) {
  target_.ranks_lists = true;
  EXPECT_EQ(Why(), "");
  params_.radius = 1;
  EXPECT_EQ(Gist(),
            "range search is not supported for vector array (embedding list) fields, fieldName: "
            "st[v]");
  params_.radius.reset();
  params_.group_by.emplace().fields = {"id"};
  EXPECT_EQ(Gist(),
            "group by search is not supported for vector array (embedding list) fields, "
            "fieldName: st[v]");
  params_.group_by.reset();
  params_.iterator = true;
  EXPECT_EQ(Gist(),
            "search iterator is not supported for vector array (embedding list) fields, "
            "fieldName: st[v]");
  params_.iterator = false;
  for (const char* bad : {"0", "-1", "x", "", "nan", "1e7"}) {
    params_.index_params["retrieval_ann_ratio"] = bad;
    EXPECT_NE(Why().find("retrieval_ann_ratio"), std::string::npos) << bad;
  }
  params_.index_params["retrieval_ann_ratio"] = "2.5";
  EXPECT_EQ(Why(), "");
  params_.index_params["emb_list_rerank"] = "maybe";
  EXPECT_EQ(Why(), "emb_list_rerank [maybe] is invalid, it should be a boolean: invalid parameter");
  params_.index_params["emb_list_rerank"] = "false";
  EXPECT_EQ(Why(), "");
}

TEST_F(ListParams, ElementsTakeRangesIteratorsOfTheSecondVersionAndGroupsByKey) {
  params_.radius = 1;
  params_.group_by.emplace().fields = {"id"};
  params_.iterator = true;
  params_.iterator_v2.emplace();
  EXPECT_EQ(Why(), "");
  params_.group_by->fields = {"other"};
  EXPECT_NE(Why().find("group by another field"), std::string::npos);
  params_.group_by.reset();
  params_.iterator_v2.reset();
  EXPECT_NE(Why().find("iterator of the first version"), std::string::npos);
}

TEST_F(ListParams, TheMetricAndTheQueriesAreOfOneKind) {
  QueryVectors lists;
  lists.list_begins = {0, 1};
  const auto why = [this](const QueryVectors& queries) {
    return WireReason(CheckListQueries(target_, queries));
  };
  EXPECT_NE(why(lists).find("metric type not match"), std::string::npos);
  EXPECT_EQ(why({}), "");
  target_.ranks_lists = true;
  EXPECT_EQ(why(lists), "");
  EXPECT_NE(why({}).find("vector type must be the same, field st[v]"), std::string::npos);
}

}  // namespace
}  // namespace elanus::proxy
