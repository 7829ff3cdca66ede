#include "proxy/order_by.h"

#include <gtest/gtest.h>

#include "proxy/field_path.h"
#include "proxy/testing_fakes.h"
#include "proxy/time_parts.h"

namespace elanus::proxy {
namespace {

#define EXPECT_HAS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)

using Names = std::vector<std::string>;

schema::CollectionSchema Schema() {
  schema::CollectionSchema schema = FakeBooks().schema;
  schema.fields.push_back(
      {.id = FieldId(120), .name = "when", .type = schema::DataType::kTimestamptz});
  schema.fields.push_back({.id = FieldId(121), .name = "j", .type = schema::DataType::kJson});
  return schema;
}

std::string QueryError(std::string_view text) {
  return WireReason(QueryOrder(text, Schema(), nullptr).status());
}
std::string SearchError(std::string_view text) {
  return WireReason(SearchOrder(text, Schema()).status());
}

TEST(OrderBy, ReadsDirectionsAndWhereNullsStand) {
  const schema::CollectionSchema schema = Schema();
  const auto order = QueryOrder("title , id:DESC:nulls_last", schema, nullptr);
  ASSERT_TRUE(order.ok()) << order.status().ToString();
  ASSERT_EQ(order->size(), 2u);
  EXPECT_EQ((*order)[0].field, schema.Find("title")->id);
  EXPECT_FALSE((*order)[0].direction.descending);
  EXPECT_FALSE((*order)[0].direction.nulls_first);
  EXPECT_TRUE((*order)[1].direction.descending);
  EXPECT_FALSE((*order)[1].direction.nulls_first);
  EXPECT_TRUE(QueryOrder("id:desc", schema, nullptr)->at(0).direction.nulls_first);
  EXPECT_TRUE(QueryOrder("id:asc:nulls_first", schema, nullptr)->at(0).direction.nulls_first);
  EXPECT_TRUE(QueryOrder("", schema, nullptr)->empty());
}

TEST(OrderBy, RefusesWhatHasNoOrder) {
  for (const char* text : {"id:up", "id:nulls_first", "id:asc:first", ":asc", "id:", "id::desc"}) {
    EXPECT_HAS(QueryError(text), "order_by_fields [");
  }
  EXPECT_HAS(QueryError("id,"), "empty part");
  EXPECT_HAS(QueryError("id,id:desc"), "names a field twice");
  EXPECT_HAS(QueryError("colour"), "order by field colour not exist");
  EXPECT_HAS(QueryError("j[\"a\"]"), "not exist");
  for (const char* name : {"when", "vec", "j", "$meta"}) {
    EXPECT_HAS(QueryError(name), "order by is not supported for field");
    EXPECT_HAS(SearchError(name), "order by is not supported for field");
  }
  EXPECT_HAS(SearchError("title[\"a\"]"), "order by is not supported for field title");
  EXPECT_HAS(SearchError("j[\"a"), "cannot parse identifier");
}

TEST(OrderBy, OfGroupsTakesGroupFieldsAlone) {
  const schema::CollectionSchema schema = Schema();
  const std::vector<FieldId> groups = {FieldId(120)};
  EXPECT_TRUE(QueryOrder("when:desc", schema, &groups).ok());
  EXPECT_HAS(WireReason(QueryOrder("id", schema, &groups).status()), "must be one of group_by");
}

TEST(OrderBy, OfASearchTakesPathsAndDynamicKeys) {
  const auto order = SearchOrder(R"(j["a,b:c"][0]:desc, colour)", Schema());
  ASSERT_TRUE(order.ok()) << order.status().ToString();
  EXPECT_EQ((*order)[0].path, (Names{"a,b:c", "0"}));
  EXPECT_TRUE((*order)[0].direction.descending);
  EXPECT_EQ((*order)[1].field, Schema().dynamic_field()->id);
  EXPECT_EQ((*order)[1].path, Names{"colour"});
}

TEST(TimeParts, AreReadFromListsAndCutOutOfTimes) {
  const auto parts = ParseTimeParts("year, MONTH day,microsecond");
  ASSERT_TRUE(parts.ok());
  absl::TimeZone shanghai;
  ASSERT_TRUE(absl::LoadTimeZone("Asia/Shanghai", &shanghai));
  std::vector<int64_t> values;
  const int64_t micros = 1735689599'250000;  // 2024-12-31T23:59:59.25Z
  for (const TimePart part : *parts) values.push_back(TimePartOf(micros, part, shanghai));
  EXPECT_EQ(values, (std::vector<int64_t>{2025, 1, 1, 250000}));
  EXPECT_EQ(TimePartOf(micros, TimePart::kHour, absl::UTCTimeZone()), 23);
  EXPECT_EQ(TimePartOf(micros, TimePart::kNanosecond, absl::UTCTimeZone()), 250'000'000);
  EXPECT_TRUE(ParseTimeParts("")->empty());
  EXPECT_HAS(WireReason(ParseTimeParts("year,week").status()), "time_fields [week]");
}

}  // namespace
}  // namespace elanus::proxy
