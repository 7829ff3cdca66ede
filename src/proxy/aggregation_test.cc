#include "proxy/aggregation.h"

#include <gtest/gtest.h>

#include "milvus.pb.h"
#include "proxy/testing_fakes.h"

namespace elanus::proxy {
namespace {

using query::AggregateKind;

#define EXPECT_HAS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)

std::string ErrorOf(const std::vector<std::string>& names, std::string_view group_by = "") {
  return WireReason(AggregateQueryOf(names, group_by, FakeBooks().schema).status());
}

TEST(AggregateQuery, IsNothingForPlainFields) {
  EXPECT_EQ(AggregateQueryOf({"title", "summary(x)"}, "", FakeBooks().schema)->has_value(), false);
}

TEST(AggregateQuery, ReadsFunctionsInAnyCase) {
  const auto query = AggregateQueryOf({"SUM( id )", "title", "count(*)", "min(title)", "SUM( id )"},
                                      "title", FakeBooks().schema);
  ASSERT_TRUE(query.ok()) << query.status().ToString();
  ASSERT_EQ((*query)->outputs.size(), 4u);
  EXPECT_EQ((*query)->outputs[0].name, "SUM( id )");
  EXPECT_TRUE((*query)->outputs[1].is_group);
  const std::vector<query::Aggregate>& values = (*query)->request.values;
  ASSERT_EQ(values.size(), 3u);
  EXPECT_EQ(values[0].kind, AggregateKind::kSum);
  EXPECT_EQ(values[1].kind, AggregateKind::kCountRows);
  EXPECT_EQ(values[2].kind, AggregateKind::kMin);
  EXPECT_FALSE((*query)->counts_only());
  EXPECT_TRUE((*AggregateQueryOf({"Count(*)"}, "", FakeBooks().schema))->counts_only());
}

TEST(AggregateQuery, SaysWhatCannotBeComputed) {
  EXPECT_HAS(ErrorOf({"sum(title)"}), "aggregation sum is not supported for field title");
  EXPECT_HAS(ErrorOf({"max(vec)"}), "aggregation max is not supported for field vec");
  EXPECT_HAS(ErrorOf({"avg(colour)"}), "field colour not exist");
  EXPECT_HAS(ErrorOf({"min(*)"}), "field * not exist");
  EXPECT_HAS(ErrorOf({"count(*)", "title"}), "output field title must be one of group_by_fields");
  EXPECT_HAS(ErrorOf({"*"}, "title"), "output field * must be one of group_by_fields");
  EXPECT_HAS(ErrorOf({}, "title"), "needs output fields");
  EXPECT_HAS(ErrorOf({"count(*)"}, "vec"), "group by is not supported for field vec");
  EXPECT_HAS(ErrorOf({"count(*)"}, "colour"), "group by field colour not exist");
}

TEST(AggregateQuery, AnswersColumnsByTheirNamesWithNulls) {
  const schema::CollectionSchema schema = FakeBooks().schema;
  const auto query = AggregateQueryOf({"max(id)", "title"}, "title", schema);
  ASSERT_TRUE(query.ok());
  query::AggregateTable table;
  table.num_rows = 2;
  schema::Column& titles = table.groups.emplace_back(schema.Find("title")->column_type());
  titles.AppendRaw("a");
  titles.AppendRaw("b");
  schema::Column& values = table.values.emplace_back(schema.Find("id")->column_type());
  values.Append<int64_t>(7);
  values.AppendNull();
  const RowRange all[] = {{0, 2}};
  milvus_pb::QueryResults out;
  AggregatesToWire(table, **query, schema, {.rows = all}, &out);
  ASSERT_EQ(out.fields_data_size(), 2);
  EXPECT_EQ(out.fields_data(0).field_name(), "max(id)");
  EXPECT_EQ(out.fields_data(0).scalars().long_data().data(0), 7);
  EXPECT_FALSE(out.fields_data(0).valid_data(1));
  EXPECT_EQ(out.fields_data(1).field_name(), "title");
  EXPECT_EQ(out.fields_data(1).valid_data_size(), 0);
  EXPECT_EQ(out.output_fields(1), "title");
}

}  // namespace
}  // namespace elanus::proxy
