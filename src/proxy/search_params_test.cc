#include "proxy/search_params.h"

#include <gtest/gtest.h>

#include "common.pb.h"
#include "common/logging.h"
#include "proxy/consistency.h"
#include "proxy/convert_key_values.h"
#include "proxy/group_by.h"
#include "proxy/output_fields.h"
#include "proxy/query_vectors.h"
#include "proxy/row_routing.h"
#include "proxy/search_answer.h"
#include "proxy/search_range.h"
#include "proxy/search_target.h"
#include "proxy/testing_fakes.h"
#include "proxy/wire_status.h"

namespace elanus::proxy {
namespace {

std::string SearchError(meta::KeyValues pairs) {
  if (!Find(pairs, "topk")) pairs.emplace_back("topk", "10");
  return WireReason(ParseSearchParams(pairs, FakeBooks(), {}).status());
}
std::string QueryError(const meta::KeyValues& pairs) {
  return WireReason(ParseQueryParams(pairs, FakeBooks(), {}).status());
}

#define EXPECT_HAS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)

TEST(SearchParams, ReadsWhatClientsSend) {
  const auto params = ParseSearchParams({{"anns_field", "vec"},
                                         {"topk", "5"},
                                         {"offset", "2"},
                                         {"params", R"({"ef": 64, "metric_type": "COSINE"})"},
                                         {"ignore_growing", "True"},
                                         {"round_decimal", "3"},
                                         {"group_by_field", ""},
                                         {"collection_id", "10"}},
                                        FakeBooks(), {});
  ASSERT_TRUE(params.ok()) << params.status().ToString();
  EXPECT_EQ(params->topk, 5);
  EXPECT_EQ(params->offset, 2);
  EXPECT_EQ(params->index_params.at("ef"), "64");
  EXPECT_EQ(params->metric_type, "COSINE");
  EXPECT_TRUE(params->ignore_growing);
  EXPECT_EQ(params->round_decimal, 3);
}

TEST(SearchParams, BooleansAreReadLikeClientsWriteThem) {
  for (const char* yes : {"1", "t", "T", "TRUE", "true", "True"}) EXPECT_EQ(ParseBool(yes), true);
  for (const char* no : {"0", "f", "F", "FALSE", "false", "False"}) {
    EXPECT_EQ(ParseBool(no), false);
  }
  EXPECT_EQ(ParseBool("yes"), std::nullopt);
  EXPECT_HAS(SearchError({{"ignore_growing", "maybe"}}), "ignore_growing");
}

TEST(SearchParams, LimitsAreErrorsInTheClientsWords) {
  EXPECT_HAS(WireReason(ParseSearchParams({}, FakeBooks(), {}).status()), "topk is required");
  EXPECT_HAS(SearchError({{"topk", "0"}}),
             "topk [0] is invalid, it should be in range [1, 16384], but got 0");
  EXPECT_HAS(SearchError({{"topk", "16385"}}), "should be in range [1, 16384], but got 16385");
  EXPECT_HAS(SearchError({{"offset", "-1"}}), "offset [-1] is invalid");
  EXPECT_HAS(SearchError({{"topk", "16384"}, {"offset", "1"}}), "offset+topk [16385]");
  EXPECT_HAS(SearchError({{"offset", "9223372036854775807"}}), "offset [");
  EXPECT_HAS(SearchError({{"round_decimal", "7"}}), "round_decimal [7]");
  EXPECT_HAS(SearchError({{"collection_id", "11"}}), "collection ids are not the same");
  EXPECT_HAS(SearchError({{"params", "{"}}), "invalid parameter");
  meta::Collection large = FakeBooks();
  large.properties = {{"query_mode", "large_topk"}};
  EXPECT_TRUE(ParseSearchParams({{"topk", "1000000"}}, large, {}).ok());
}

TEST(SearchParams, WhatIsNotSupportedIsRefusedByName) {
  EXPECT_HAS(SearchError({{"group_by_fields", "title,,id"}}), "empty part");
  EXPECT_HAS(SearchError({{"order_by_fields", "title"}, {"group_by_fields", "title,id"}}),
             "several group_by_fields");
  EXPECT_HAS(SearchError({{"order_by_fields", "title"}, {"iterator", "true"}}), "search iterator");
  EXPECT_HAS(SearchError({{"time_fields", "year, week"}}), "time_fields [week] is invalid");
  EXPECT_HAS(QueryError({{"group_by_fields", "title"}, {"iterator", "true"}}), "query iterator");
  EXPECT_HAS(QueryError({{"order_by_fields", "title"}, {"iterator", "true"}}), "query iterator");
}

kernels::DistanceRange Range(const char* json, kernels::Metric metric) {
  const auto params = ParseSearchParams({{"topk", "5"}, {"params", json}}, FakeBooks(), {});
  EXPECT_TRUE(params.ok()) << params.status().ToString();
  EXPECT_FALSE(params->index_params.contains("radius"));
  const auto range = RangeOf(*params, metric);
  EXPECT_TRUE(range.ok()) << range.status().ToString();
  return *range;
}
std::string RangeError(const char* json, kernels::Metric metric) {
  const auto params = ParseSearchParams({{"topk", "5"}, {"params", json}}, FakeBooks(), {});
  return WireReason(params.ok() ? RangeOf(*params, metric).status() : params.status());
}

TEST(SearchRange, IsHalfOpenOnTheSideOfTheRadius) {
  using kernels::Metric;
  const kernels::DistanceRange near = Range(R"({"radius": 2.5, "range_filter": "1"})", Metric::kL2);
  EXPECT_TRUE(near.Contains(1) && near.Contains(2.4f));
  EXPECT_FALSE(near.Contains(2.5f) || near.Contains(0.9f));
  const kernels::DistanceRange like =
      Range(R"({"radius": 0.5, "range_filter": 0.9})", Metric::kCosine);
  EXPECT_TRUE(like.Contains(-0.9f) && like.Contains(-0.6f)) << "distances are negated scores";
  EXPECT_FALSE(like.Contains(-0.5f) || like.Contains(-0.95f));
  const kernels::DistanceRange open = Range(R"({"radius": -1})", Metric::kIp);
  EXPECT_TRUE(open.Contains(-1000) && open.Contains(0.99f));
  EXPECT_FALSE(open.Contains(1));
  EXPECT_TRUE(Range(R"({"range_filter": 0.5})", Metric::kIp).everything()) << "without a radius";
  // A score as a client shows it is the bound itself.
  EXPECT_FALSE(Range(R"({"radius": 0.7})", Metric::kL2).Contains(0.7f));
}

TEST(SearchRange, BoundsInTheWrongOrderAreNamed) {
  using kernels::Metric;
  EXPECT_HAS(RangeError(R"({"radius": 1, "range_filter": 2.5})", Metric::kL2),
             "range_filter must be less than radius");
  EXPECT_HAS(RangeError(R"({"radius": 2.5, "range_filter": 1})", Metric::kIp),
             "range_filter(1) and radius(2.5)");
  EXPECT_HAS(RangeError(R"({"radius": "far"})", Metric::kL2), "param 'radius' (far)");
  EXPECT_HAS(RangeError(R"({"radius": true})", Metric::kL2), "param 'radius' (true)");
}

TEST(SearchParams, GroupingIsReadAndChecked) {
  meta::Collection books = FakeBooks();
  const auto grouping = [&](meta::KeyValues pairs) -> absl::StatusOr<roles::Grouping> {
    pairs.emplace_back("topk", "3");
    ELANUS_ASSIGN_OR_RETURN(const SearchParams params, ParseSearchParams(pairs, books, {}));
    return GroupingOf(params, books, *books.schema.Find("vec"), {});
  };
  const auto error = [&](meta::KeyValues pairs) {
    return WireReason(grouping(std::move(pairs)).status());
  };
  const auto plain =
      grouping({{"group_by_field", "title"}, {"group_size", "4"}, {"strict_group_size", "True"}});
  ASSERT_TRUE(plain.ok()) << plain.status().ToString();
  EXPECT_EQ(plain->fields.at(0).field, books.schema.Find("title")->id);
  EXPECT_EQ(plain->size, 4);
  EXPECT_TRUE(plain->strict_size);
  const auto dynamic =
      grouping({{"group_by_field", "colour"}, {"json_path", "/a~1b/0"}, {"json_type", "Int64"}});
  ASSERT_TRUE(dynamic.ok()) << dynamic.status().ToString();
  EXPECT_EQ(dynamic->fields.at(0).path, (std::vector<std::string>{"colour", "a/b", "0"}));
  EXPECT_EQ(dynamic->fields.at(0).json_type, schema::DataType::kInt64);
  EXPECT_EQ(grouping({{"group_by_field", R"($meta["x"]['y'][2])"}})->fields.at(0).path,
            (std::vector<std::string>{"x", "y", "2"}));
  const auto several = grouping({{"group_by_fields", "id, title"}});
  ASSERT_TRUE(several.ok()) << several.status().ToString();
  ASSERT_EQ(several->fields.size(), 2u);
  EXPECT_EQ(several->fields[1].field, books.schema.Find("title")->id);
  EXPECT_HAS(error({{"group_by_fields", "id,colour"}}), "groupBy field not found");
  EXPECT_HAS(error({{"group_by_fields", "id,$meta"}}), "unsupported data type JSON");
  EXPECT_HAS(error({{"group_by_fields", "id,title,id"}}), "names a field twice");
  EXPECT_HAS(error({{"group_by_fields", "id,title"}, {"json_path", "/a"}}), "json_path");
  EXPECT_HAS(error({{"group_by_field", "title"}, {"group_size", "11"}}),
             "input group size:11 exceeds configured max group size:10");
  EXPECT_HAS(error({{"group_by_field", "title"}, {"group_size", "0"}}), "input group size:0");
  EXPECT_HAS(error({{"group_by_field", "vec"}}), "unsupported data type FloatVector");
  EXPECT_HAS(error({{"group_by_field", "$meta"}}), "needs a path");
  EXPECT_HAS(error({{"group_by_field", "title"}, {"json_path", "/a"}}), "no JSON path");
  EXPECT_HAS(error({{"group_by_field", "x"}, {"json_type", "Double"}}), "json_type");
  EXPECT_HAS(error({{"group_by_field", "x[\"y"}}), "cannot parse identifier");
  EXPECT_HAS(error({{"group_by_field", "title"}, {"params", R"({"radius": 1})"}}),
             "Not allowed to do range-search when doing search-group-by");
  EXPECT_HAS(error({{"group_by_field", "title"}, {"iterator", "True"}}),
             "Not allowed to do groupBy when doing iteration");
  books.schema.fields.pop_back();
  EXPECT_EQ(CodeOf(grouping({{"group_by_field", "colour"}}).status()), ErrorCode::kFieldNotFound);
}

TEST(SearchParams, IteratorsAreRead) {
  const auto read = [](meta::KeyValues pairs) {
    pairs.emplace_back("iterator", "True");
    pairs.emplace_back("topk", "20000");
    return ParseSearchParams(pairs, FakeBooks(), {});
  };
  EXPECT_EQ(read({})->topk, 16384) << "clamped, not refused";
  EXPECT_FALSE(read({})->iterator_v2.has_value());
  const auto page = read({{"search_iter_v2", "True"},
                          {"search_iter_batch_size", "7"},
                          {"search_iter_id", "01234567-89ab-4def-8123-456789abcdef"},
                          {"search_iter_last_bound", "0.12345678806304932"}});
  ASSERT_TRUE(page.ok()) << page.status().ToString();
  EXPECT_EQ(page->topk, 7);
  EXPECT_EQ(page->iterator_v2->last_bound, 0.12345678806304932f);
  EXPECT_EQ(read({{"search_iter_v2", "True"}, {"search_iter_last_bound", "+Inf"}})
                ->iterator_v2->last_bound,
            std::numeric_limits<float>::infinity())
      << "as Go writes it";
  const auto error = [&](const char* key, const char* value) {
    return WireReason(read({{"search_iter_v2", "True"}, {key, value}}).status());
  };
  EXPECT_HAS(error("search_iter_id", "1234"), "invalid token format");
  EXPECT_HAS(error("search_iter_last_bound", "near"), "search_iter_last_bound [near]");
  EXPECT_HAS(error("search_iter_last_bound", "nan"), "search_iter_last_bound [nan]");
  EXPECT_HAS(error("search_iter_batch_size", "0"), "search_iter_batch_size [0]");
  EXPECT_HAS(error("offset", "3"), "offset [3]");
}

TEST(SearchParams, QueryWindowsAreChecked) {
  EXPECT_HAS(QueryError({{"limit", "0"}}), "limit [0] is invalid");
  EXPECT_HAS(QueryError({{"limit", "16384"}, {"offset", "1"}}),
             "(offset+limit) should be in range [1, 16384], but got 16385");
  EXPECT_HAS(QueryError({{"limit", "5"}, {"offset", "9223372036854775807"}}),
             "invalid max query result window");
  EXPECT_EQ(QueryError({{"offset", "99999999"}}), "") << "ignored without limit";
  EXPECT_EQ(QueryError({{"limit", "-1"}}), "");
}

TEST(SearchTarget, FindsTheFieldAndComparesTheMetric) {
  meta::Collection books = FakeBooks();
  SearchParams params;
  params.topk = 1;
  auto target = FindSearchTarget(books, params);
  ASSERT_TRUE(target.ok()) << target.status().ToString();
  EXPECT_EQ(target->field->name, "vec");
  EXPECT_EQ(target->metric, kernels::Metric::kCosine);
  params.metric_type = "cosine";
  EXPECT_TRUE(FindSearchTarget(books, params).ok());
  params.metric_type = "L2";
  EXPECT_EQ(WireReason(FindSearchTarget(books, params).status()),
            "metric type not match: invalid parameter[expected=COSINE][actual=L2]");
  params.metric_type.clear();
  params.anns_field = "nothing";
  EXPECT_HAS(WireReason(FindSearchTarget(books, params).status()),
             "failed to create query plan: failed to get field schema by name: "
             "fieldName(nothing) not found");
  params.anns_field.clear();
  books.schema.fields.push_back(
      FakeField(104, "vec2", schema::DataType::kFloatVector, {{"dim", "2"}}));
  EXPECT_HAS(WireReason(FindSearchTarget(books, params).status()),
             "multiple anns_fields exist, please specify a anns_field in search_params");
}

std::string Vectors(common_pb::PlaceholderType type, std::initializer_list<std::string> values) {
  common_pb::PlaceholderGroup group;
  common_pb::PlaceholderValue* placeholder = group.add_placeholders();
  placeholder->set_tag("$0");
  placeholder->set_type(type);
  for (const std::string& value : values) placeholder->add_values(value);
  return group.SerializeAsString();
}

std::string Bytes(std::initializer_list<float> values) {
  return {reinterpret_cast<const char*>(values.begin()), values.size() * sizeof(float)};
}

TEST(QueryVectors, ReadsTheFieldsOwnTypeAndConvertsFloats) {
  const meta::Collection books = FakeBooks();
  const schema::FieldSchema& field = *books.schema.Find("vec");
  const auto group =
      Vectors(common_pb::PlaceholderType::FloatVector, {Bytes({1, 2}), Bytes({3, 4})});
  auto vectors = ParseQueryVectors(group, 2, 16384, field);
  ASSERT_TRUE(vectors.ok()) << vectors.status().ToString();
  EXPECT_EQ(vectors->bytes, Bytes({1, 2, 3, 4}));
  EXPECT_EQ(ParseQueryVectors(group, 0, 16384, field)->num_queries, 2) << "old clients send 0";
  const auto halves = FakeField(1, "h", schema::DataType::kFloat16Vector, {{"dim", "2"}});
  EXPECT_EQ(ParseQueryVectors(group, 2, 16384, halves)->bytes.size(), 8u);
}

TEST(QueryVectors, ErrorsAreInTheClientsWords) {
  const meta::Collection books = FakeBooks();
  const schema::FieldSchema& field = *books.schema.Find("vec");
  const auto error = [&field](const std::string& group, int64_t nq) {
    return WireReason(ParseQueryVectors(group, nq, 2, field).status());
  };
  const std::string one = Bytes({1, 2});
  EXPECT_HAS(error(Vectors(common_pb::PlaceholderType::FloatVector, {Bytes({1})}), 1),
             "vector dimension mismatch, expected vector size(byte) 8, actual 4");
  EXPECT_HAS(error(Vectors(common_pb::PlaceholderType::BinaryVector, {"x"}), 1),
             "vector type must be the same");
  EXPECT_HAS(error(Vectors(common_pb::PlaceholderType::VarChar, {"x"}), 1),
             "vector type must be the same");
  EXPECT_HAS(error(Vectors(common_pb::PlaceholderType::FloatVector, {one, one, one}), 3),
             "nq (number of search vector per search request) should be in range [1, 2], but got "
             "3");
  EXPECT_HAS(error(Vectors(common_pb::PlaceholderType::FloatVector, {}), 0), "but got 0");
  EXPECT_HAS(error(Vectors(common_pb::PlaceholderType::FloatVector, {one}), 2),
             "nq does not match");
  EXPECT_HAS(error(Vectors(common_pb::PlaceholderType::FloatVector,
                           {Bytes({1, std::numeric_limits<float>::quiet_NaN()})}),
                   1),
             "not a number or infinity");
  EXPECT_FALSE(ParseQueryVectors("\xff", 1, 2, field).ok());
  EXPECT_FALSE(ParseQueryVectors("", 1, 2, field).ok());
}

TEST(OutputFields, StarIsEverythingAndTheKeyIsSetApart) {
  const meta::Collection books = FakeBooks();
  const auto all = ResolveOutputFields({"*"}, books.schema);
  ASSERT_TRUE(all.ok());
  EXPECT_EQ(all->names, (std::vector<std::string>{"title", "vec", "$meta"}));
  EXPECT_TRUE(all->primary_key);
  EXPECT_TRUE(all->dynamic_keys.empty());
  EXPECT_EQ(all->ids(books.schema).size(), 3u);
}

TEST(OutputFields, UnknownNamesAreDynamicKeysOrErrors) {
  meta::Collection books = FakeBooks();
  const auto keys = ResolveOutputFields({"x", R"($meta["y"])", "x"}, books.schema);
  ASSERT_TRUE(keys.ok());
  EXPECT_EQ(keys->dynamic_keys, (std::vector<std::string>{"x", "y"}));
  EXPECT_EQ(keys->names, (std::vector<std::string>{"x", "y"}));
  EXPECT_FALSE(keys->primary_key);
  books.schema.fields.pop_back();
  EXPECT_HAS(WireReason(ResolveOutputFields({"x"}, books.schema).status()), "field x not exist");
}

TEST(Consistency, EachLevelHasItsGuarantee) {
  meta::Collection books = FakeBooks();
  books.consistency = meta::ConsistencyLevel::kBounded;
  const Timestamp now = MakeTimestamp(1'700'000'000'000, 3);
  const Timestamp bounded = MakeTimestamp(1'700'000'000'000 - 5000, 3);
  const auto of = [&](ConsistencyRequest request) {
    return GuaranteeOf(request, books, now, 5000);
  };
  const uint64_t own = MakeTimestamp(1'650'000'000'000).value();
  EXPECT_EQ(of({.level = 0}), now);
  EXPECT_EQ(of({.level = 1, .guarantee = own}).value(), own);
  EXPECT_EQ(of({.level = 2, .guarantee = 2}), bounded);
  EXPECT_EQ(of({.level = 3, .guarantee = 1}), books.updated) << "never below the last change";
  EXPECT_EQ(of({.level = 4, .guarantee = own}).value(), own);
  EXPECT_EQ(of({.use_default = true, .guarantee = 1}), bounded);
  EXPECT_EQ(of({.level = 0, .guarantee = 2}), bounded) << "old clients";
  EXPECT_EQ(of({.level = 0, .guarantee = own}).value(), own) << "old clients";
  EXPECT_EQ(of({.level = 1, .guarantee = UINT64_MAX}), now) << "the future is not waited for";
  EXPECT_EQ(IteratorSnapshot(true, own), Timestamp(own));
  EXPECT_EQ(IteratorSnapshot(true, 2), std::nullopt);
  EXPECT_EQ(IteratorSnapshot(false, own), std::nullopt);
}

TEST(RowRouting, RowsOfOneShardAndPartitionAreMoved) {
  meta::Collection books = FakeBooks();
  schema::RowBatch rows;
  rows.num_rows = 3;
  schema::Column keys(books.schema.fields[0].column_type());
  for (const int64_t key : {1, 2, 3}) keys.Append(key);
  rows.columns.emplace_back(FieldId(100), std::move(keys));
  const void* where = rows.columns[0].second.View().fixed;
  auto groups = RouteRows(books, &books.partitions[1], std::move(rows));
  ASSERT_EQ(groups.size(), 1u);
  EXPECT_EQ(groups[0].partition, PartitionId(21));
  EXPECT_EQ(groups[0].rows.columns[0].second.View().fixed, where);
}

TEST(RowRouting, ShardsAndPartitionKeysSplitRowsByStableHash) {
  meta::Collection books = FakeBooks();
  books.num_shards = 3;
  books.schema.fields[1].is_partition_key = true;
  schema::RowBatch rows;
  rows.num_rows = 100;
  schema::Column keys(books.schema.fields[0].column_type());
  schema::Column titles(books.schema.fields[1].column_type());
  for (int64_t key = 0; key < 100; ++key) {
    keys.Append(key);
    titles.AppendRaw(std::to_string(key % 7));
  }
  rows.columns.emplace_back(FieldId(100), std::move(keys));
  rows.columns.emplace_back(FieldId(101), std::move(titles));
  int64_t total = 0;
  for (const roles::RowGroup& group : RouteRows(books, nullptr, std::move(rows))) {
    const auto key_view = group.rows.Find(FieldId(100))->View();
    const auto title_view = group.rows.Find(FieldId(101))->View();
    total += group.rows.num_rows;
    for (int64_t row = 0; row < group.rows.num_rows; ++row) {
      const auto key = schema::PrimaryKeyView::Of(key_view, row);
      const auto title = schema::PrimaryKeyView::Of(title_view, row);
      EXPECT_EQ(static_cast<uint64_t>(group.shard), schema::StableHash(key) % 3);
      EXPECT_EQ(group.partition, books.partitions[schema::StableHash(title) % 2].id);
      EXPECT_EQ(title.as_string(), std::to_string(key.as_int() % 7));
    }
  }
  EXPECT_EQ(total, 100);
}

TEST(RowRouting, FiltersOnThePartitionKeyPrunePartitions) {
  meta::Collection books = FakeBooks();
  books.schema.fields[1].is_partition_key = true;
  const auto partitions = [&books](const char* filter) {
    return *ReadPartitions(books, {}, **expr::Compile(filter, books.schema));
  };
  const uint64_t index = schema::StableHash(schema::PrimaryKeyView(std::string_view("a"))) % 2;
  EXPECT_EQ(partitions("title == 'a' and id > 3"),
            std::vector<PartitionId>{books.partitions[index].id});
  EXPECT_TRUE(partitions("id > 3").empty()) << "everywhere";
  EXPECT_HAS(WireReason(ReadPartitions(books, {"old"}, **expr::Compile("", books.schema)).status()),
             "not support manually specifying the partition names");
  EXPECT_HAS(WireReason(WritePartition(books, "old").status()),
             "not support manually specifying the partition names if partition key mode is used");
}

TEST(FilterCache, KeepsPlansByTextAndVersion) {
  FilterCache cache(2);
  meta::Collection books = FakeBooks();
  const auto first = cache.Compile(books, "id > 3", {});
  ASSERT_TRUE(first.ok()) << first.status().ToString();
  EXPECT_EQ(*cache.Compile(books, "id > 3", {}), *first);
  books.updated = Timestamp(books.updated.value() + 1);
  EXPECT_NE(*cache.Compile(books, "id > 3", {}), *first) << "another version of the schema";
  EXPECT_TRUE(cache.Compile(books, "id > {x}", {{"x", {int64_t{3}}}}).ok());
  EXPECT_TRUE(cache.Compile(books, "id > 4", {}).ok());
  EXPECT_EQ(cache.size(), 2u);
}

TEST(SearchAnswer, ScoresAreRoundedHalfUp) {
  EXPECT_FLOAT_EQ(RoundScore(0.126f, 2), 0.13f);
  EXPECT_FLOAT_EQ(RoundScore(2.5f, 0), 3.0f);
  EXPECT_FLOAT_EQ(RoundScore(-2.5f, 0), -2.0f);
  EXPECT_FLOAT_EQ(RoundScore(0.126f, -1), 0.126f);
}

TEST(WireStatus, FillsEveryPartOfAnError) {
  common_pb::Status status;
  FillStatus(UserError(ErrorCode::kParameterInvalid, "no good"), &status);
  EXPECT_EQ(status.code(), 1100);
  EXPECT_EQ(status.error_code(), common_pb::IllegalArgument);
  EXPECT_EQ(status.reason(), "no good: invalid parameter");
  EXPECT_EQ(status.detail(), status.reason());
  EXPECT_FALSE(status.retriable());
  EXPECT_EQ(status.extra_info().at("is_input_error"), "true");
  FillStatus(RetryableError(ErrorCode::kRateLimit, "later"), &status);
  EXPECT_EQ(status.code(), 8);
  EXPECT_EQ(status.error_code(), common_pb::RateLimit);
  EXPECT_TRUE(status.retriable());
  EXPECT_TRUE(status.extra_info().empty());
  FillStatus(absl::OkStatus(), &status);
  EXPECT_EQ(status.ByteSizeLong(), 0u);
  FillStatus(absl::UnknownError("what"), &status);
  EXPECT_EQ(status.code(), 65535);
  EXPECT_EQ(status.error_code(), common_pb::UnexpectedError);
}

TEST(WireStatus, NamesTheRequestAndPutsItIntoTheTextOfOurOwnFaults) {
  const RequestScope scope("r-7");
  common_pb::Status status;
  FillStatus(UserError(ErrorCode::kParameterInvalid, "no good"), &status);
  EXPECT_EQ(status.reason(), "no good: invalid parameter");
  EXPECT_EQ(status.extra_info().at("request_id"), "r-7");
  FillStatus(InternalError(ErrorCode::kIoFailed, "disk gone"), &status);
  EXPECT_TRUE(status.reason().ends_with("[request_id=r-7]")) << status.reason();
  EXPECT_EQ(status.detail(), status.reason());
  FillStatus(absl::OkStatus(), &status);
  EXPECT_EQ(status.ByteSizeLong(), 0u);
}

TEST(WireStatus, ExtraInfoOfAMutationAlwaysHoldsANumberToReport) {
  common_pb::Status status;
  FillMutationStatus(absl::OkStatus(), &status);
  EXPECT_TRUE(status.extra_info().empty());
  FillMutationStatus(UserError(ErrorCode::kParameterInvalid, "no good"), &status);
  EXPECT_EQ(status.extra_info().at("report_value"), "0");
}

}  // namespace
}  // namespace elanus::proxy
