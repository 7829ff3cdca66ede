// Search and Query through the table.
#include "proxy/rpc_call_test.h"

namespace elanus::proxy {
namespace {

using milvus_pb::QueryRequest;
using milvus_pb::QueryResults;
using milvus_pb::SearchRequest;
using milvus_pb::SearchResults;

#define EXPECT_HAS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)

class ReadTest : public RpcTest {
 protected:
  ReadTest() {
    AddBooks();
    Call<milvus_pb::MutationResult>("Insert", ThreeBooks());
  }

  static SearchRequest SearchFor(std::vector<std::string> output, int nq = 1) {
    SearchRequest request;
    request.set_collection_name("books");
    request.set_nq(nq);
    for (std::string& name : output) request.add_output_fields(std::move(name));
    common_pb::PlaceholderGroup group;
    common_pb::PlaceholderValue* placeholder = group.add_placeholders();
    placeholder->set_type(common_pb::PlaceholderType::FloatVector);
    const float vector[] = {1, 0};
    for (int i = 0; i < nq; ++i) placeholder->add_values(vector, sizeof(vector));
    request.set_placeholder_group(group.SerializeAsString());
    AddParam(request, "topk", "2");
    AddParam(request, "anns_field", "vec");
    return request;
  }
  static QueryRequest QueryFor(std::vector<std::string> output, const std::string& filter) {
    QueryRequest request;
    request.set_collection_name("books");
    request.set_expr(filter);
    for (std::string& name : output) request.add_output_fields(std::move(name));
    return request;
  }
  std::string SearchError(const SearchRequest& request) {
    return Call<SearchResults>("Search", request).status().reason();
  }
  std::string QueryError(const QueryRequest& request) {
    return Call<QueryResults>("Query", request).status().reason();
  }
};

TEST_F(ReadTest, SearchAnswersFlatArraysQueryAfterQuery) {
  const auto found = Call<SearchResults>("Search", SearchFor({"title", "x"}, 2));
  ASSERT_EQ(found.status().reason(), "");
  const schema_pb::SearchResultData& data = found.results();
  EXPECT_EQ(data.num_queries(), 2);
  EXPECT_EQ(data.top_k(), 2);
  ASSERT_EQ(data.topks_size(), 2);
  EXPECT_EQ(data.topks(1), 2);
  EXPECT_EQ(data.scores_size(), 4);
  EXPECT_EQ(data.ids().int_id().data_size(), 4);
  EXPECT_EQ(data.primary_field_name(), "id");
  ASSERT_EQ(data.fields_data_size(), 2) << "the key is no column unless asked for";
  EXPECT_EQ(data.fields_data(0).scalars().string_data().data(0), "c");
  EXPECT_TRUE(data.fields_data(1).is_dynamic());
  EXPECT_EQ(data.fields_data(1).scalars().json_data().data(0), R"({"x":3})");
  EXPECT_EQ(data.output_fields(1), "x");
  EXPECT_EQ(found.session_ts(), 77u);
}

TEST_F(ReadTest, TheKeyIsTheLastColumnWhenItIsAskedFor) {
  const auto found = Call<SearchResults>("Search", SearchFor({"*"}));
  const schema_pb::SearchResultData& data = found.results();
  ASSERT_EQ(data.fields_data_size(), 4);
  EXPECT_EQ(data.fields_data(3).field_name(), "id");
  EXPECT_EQ(data.output_fields(3), "id");
  EXPECT_EQ(data.output_fields(2), "$meta");
}

TEST_F(ReadTest, OffsetCutsTheFrontOfEveryQuery) {
  SearchRequest request = SearchFor({"title"}, 2);
  AddParam(request, "offset", "2");
  AddParam(request, "round_decimal", "1");
  const auto found = Call<SearchResults>("Search", request);
  EXPECT_EQ(server_.query_node.searched->offset, 2);
  EXPECT_EQ(found.results().topks(0), 1) << "three rows, two skipped";
  EXPECT_EQ(found.results().ids().int_id().data(1), 2);
  EXPECT_FLOAT_EQ(found.results().scores(0), 2.1f);
  EXPECT_EQ(found.results().fields_data(0).scalars().string_data().data(0), "b");
}

TEST_F(ReadTest, ASearchWithoutHitsStillHasTopksAndIds) {
  server_.query_node.Rows(FakeBooks()) = {};
  const auto found = Call<SearchResults>("Search", SearchFor({"title", "id"}, 3));
  EXPECT_EQ(found.status().code(), 0);
  ASSERT_TRUE(found.has_results());
  EXPECT_EQ(found.results().topks_size(), 3);
  EXPECT_TRUE(found.results().ids().has_int_id());
  EXPECT_EQ(found.results().fields_data_size(), 2);
}

TEST_F(ReadTest, SearchByKeysTakesVectorsAscendingByKey) {
  SearchRequest request = SearchFor({});
  request.mutable_ids()->mutable_int_id()->add_data(3);
  request.mutable_ids()->mutable_int_id()->add_data(1);
  const auto found = Call<SearchResults>("Search", request);
  ASSERT_EQ(found.status().reason(), "");
  EXPECT_EQ(found.results().num_queries(), 2);
  const auto* queries = reinterpret_cast<const float*>(server_.query_node.searched->queries.data());
  EXPECT_EQ(queries[0], 1.0f);
  EXPECT_EQ(queries[2], 3.0f);
  request.mutable_ids()->mutable_int_id()->add_data(99);
  EXPECT_HAS(SearchError(request), "not found: 99");
  request.mutable_ids()->mutable_int_id()->set_data(2, 3);
  EXPECT_HAS(SearchError(request), "duplicate ids");
  request.mutable_ids()->mutable_str_id()->add_data("3");
  EXPECT_HAS(SearchError(request), "type of ids");
}

TEST_F(ReadTest, SearchErrorsAreInTheClientsWords) {
  SearchRequest request = SearchFor({"title"});
  request.set_dsl_type(common_pb::BoolExprV1);
  request.set_dsl("title ==");
  EXPECT_HAS(SearchError(request), "failed to create query plan: cannot parse expression");
  request = SearchFor({"title"});
  request.add_partition_names("nothing");
  EXPECT_HAS(SearchError(request), "partition name nothing not found");
  request = SearchFor({"title"});
  request.mutable_function_score();
  EXPECT_HAS(SearchError(request), "function_score");
  request = SearchFor({"title"});
  AddParam(request, "timezone", "Mars/Base");
  EXPECT_HAS(SearchError(request), "unknown or invalid IANA Time Zone ID");
}

TEST_F(ReadTest, TemplatesFillFilters) {
  QueryRequest request = QueryFor({"title"}, "id in {ids}");
  auto& ids = (*request.mutable_expr_template_values())["ids"];
  ids.mutable_array_val()->mutable_long_data()->add_data(2);
  const auto found = Call<QueryResults>("Query", request);
  ASSERT_EQ(found.status().reason(), "");
  ASSERT_EQ(found.fields_data_size(), 2);
  EXPECT_EQ(found.fields_data(1).scalars().string_data().data_size(), 1);
  EXPECT_EQ(found.fields_data(1).scalars().string_data().data(0), "b");
}

TEST_F(ReadTest, QueryAnswersColumnsWithTheKeyAscending) {
  const auto found = Call<QueryResults>("Query", QueryFor({"*"}, "id > 0"));
  ASSERT_EQ(found.status().reason(), "");
  ASSERT_EQ(found.fields_data_size(), 4);
  EXPECT_EQ(found.fields_data(0).field_name(), "id");
  EXPECT_EQ(found.fields_data(0).scalars().long_data().data(0), 1);
  EXPECT_EQ(found.primary_field_name(), "id");
  EXPECT_EQ(found.collection_name(), "books");
  EXPECT_EQ(found.fields_data(3).scalars().json_data().data_size(), 3);
}

TEST_F(ReadTest, AQueryWithoutRowsHasTypedEmptyColumns) {
  const auto found = Call<QueryResults>("Query", QueryFor({"title", "vec"}, "id == 99"));
  ASSERT_EQ(found.fields_data_size(), 3);
  EXPECT_EQ(found.fields_data(1).type(), schema_pb::VarChar);
  EXPECT_TRUE(found.fields_data(1).scalars().has_string_data());
  EXPECT_EQ(found.fields_data(2).vectors().dim(), 2);
}

TEST_F(ReadTest, NoOutputFieldsMeansTheKeyAlone) {
  const auto found = Call<QueryResults>("Query", QueryFor({}, "id > 0"));
  ASSERT_EQ(found.fields_data_size(), 1);
  EXPECT_EQ(found.fields_data(0).field_name(), "id");
}

TEST_F(ReadTest, CountIsOneNumberInOneColumn) {
  const auto found = Call<QueryResults>("Query", QueryFor({"COUNT(*)"}, ""));
  ASSERT_EQ(found.status().reason(), "");
  ASSERT_EQ(found.fields_data_size(), 1);
  EXPECT_EQ(found.fields_data(0).field_name(), "count(*)");
  EXPECT_EQ(found.fields_data(0).type(), schema_pb::Int64);
  EXPECT_EQ(found.fields_data(0).scalars().long_data().data(0), 3);
  QueryRequest request = QueryFor({"count(*)"}, "");
  AddParam(request, "limit", "5");
  EXPECT_HAS(QueryError(request), "count entities with pagination is not allowed");
  EXPECT_HAS(QueryError(QueryFor({"sum(title)"}, "")), "aggregation sum is not supported");
}

TEST_F(ReadTest, AnEmptyFilterNeedsALimit) {
  EXPECT_HAS(QueryError(QueryFor({}, "")), "empty expression should be used with limit");
  QueryRequest request = QueryFor({}, "");
  AddParam(request, "limit", "2");
  const auto found = Call<QueryResults>("Query", request);
  EXPECT_EQ(found.fields_data(0).scalars().long_data().data_size(), 2);
}

TEST_F(ReadTest, PagesOfAnIteratorReadTheSnapshotOfTheFirst) {
  QueryRequest request = QueryFor({}, "id > 1");
  AddParam(request, "limit", "2");
  AddParam(request, "iterator", "True");
  AddParam(request, "reduce_stop_for_best", "True");
  const uint64_t snapshot = MakeTimestamp(1'650'000'000'000).value();
  EXPECT_EQ(Call<QueryResults>("Query", request).session_ts(), 77u);
  EXPECT_EQ(server_.query_node.queried->scope.read_at, std::nullopt);
  request.set_guarantee_timestamp(snapshot);
  Call<QueryResults>("Query", request);
  EXPECT_EQ(server_.query_node.queried->scope.read_at, Timestamp(snapshot));
}

TEST_F(ReadTest, AliasesReadAndEchoTheirName) {
  QueryRequest request = QueryFor({}, "id > 1");
  request.set_collection_name("reading");
  EXPECT_EQ(Call<QueryResults>("Query", request).collection_name(), "reading");
}

}  // namespace
}  // namespace elanus::proxy
