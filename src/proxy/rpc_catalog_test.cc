// Connect, collections, indexes, load, flush and segments through the table.
#include <nlohmann/json.hpp>

#include "proxy/rpc_call_test.h"

namespace elanus::proxy {
namespace {

#define EXPECT_HAS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)

using CatalogTest = RpcTest;

TEST_F(CatalogTest, ConnectAnswersAnIdentifierAndChecksTheDatabase) {
  const auto good = Call<milvus_pb::ConnectResponse>("Connect", milvus_pb::ConnectRequest());
  EXPECT_TRUE(good.has_status());
  EXPECT_NE(good.identifier(), 0);
  EXPECT_EQ(good.server_info().build_tags(), server_.proxy.version);
  call_.database = "nowhere";
  const auto bad = Call<milvus_pb::ConnectResponse>("Connect", milvus_pb::ConnectRequest());
  EXPECT_EQ(bad.status().code(), 800);
  EXPECT_HAS(bad.status().reason(), "database not found[database=nowhere]");
}

TEST_F(CatalogTest, TheRequestsDatabaseWinsOverTheHeaders) {
  AddBooks();
  call_.database = "nowhere";
  milvus_pb::DescribeCollectionRequest request;
  request.set_collection_name("books");
  EXPECT_EQ(
      Call<milvus_pb::DescribeCollectionResponse>("DescribeCollection", request).status().code(),
      800);
  request.set_db_name("default");
  EXPECT_EQ(
      Call<milvus_pb::DescribeCollectionResponse>("DescribeCollection", request).status().code(),
      0);
}

TEST_F(CatalogTest, DescribeEchoesTheAliasAndHidesTheDynamicField) {
  const auto books = AddBooks();
  milvus_pb::DescribeCollectionRequest request;
  request.set_collection_name("reading");
  auto found = Call<milvus_pb::DescribeCollectionResponse>("DescribeCollection", request);
  EXPECT_EQ(found.collection_name(), "reading");
  EXPECT_EQ(found.schema().name(), "books");
  EXPECT_EQ(found.schema().fields_size(), 3);
  EXPECT_TRUE(found.schema().enable_dynamic_field());
  EXPECT_EQ(found.update_timestamp(), books->updated.value());
  EXPECT_EQ(found.update_timestamp_str(), std::to_string(books->updated.value()));
  EXPECT_EQ(found.virtual_channel_names_size(), found.shards_num());
  request.clear_collection_name();
  request.set_collectionid(10);
  found = Call<milvus_pb::DescribeCollectionResponse>("DescribeCollection", request);
  EXPECT_EQ(found.collection_name(), "books");
}

TEST_F(CatalogTest, DescribeOfAnUnknownNameHasTheWordsThatClientsLookFor) {
  milvus_pb::DescribeCollectionRequest request;
  request.set_collection_name("nothing");
  const auto found = Call<milvus_pb::DescribeCollectionResponse>("DescribeCollection", request);
  EXPECT_EQ(found.status().code(), 100);
  EXPECT_EQ(found.status().error_code(), common_pb::CollectionNotExists);
  EXPECT_HAS(found.status().reason(),
             "can't find collection[database=default][collection=nothing]");
}

TEST_F(CatalogTest, HasCollectionOfAnUnknownNameIsNoError) {
  milvus_pb::HasCollectionRequest request;
  request.set_collection_name("nothing");
  const auto found = Call<milvus_pb::BoolResponse>("HasCollection", request);
  EXPECT_EQ(found.status().code(), 0);
  EXPECT_FALSE(found.value());
  milvus_pb::HasPartitionRequest partition;
  partition.set_collection_name("nothing");
  EXPECT_EQ(Call<milvus_pb::BoolResponse>("HasPartition", partition).status().code(), 100);
}

TEST_F(CatalogTest, CreateCollectionHandsTheSchemaOn) {
  schema_pb::CollectionSchema schema;
  schema_pb::FieldSchema* key = schema.add_fields();
  key->set_name("id");
  key->set_data_type(schema_pb::Int64);
  key->set_is_primary_key(true);
  milvus_pb::CreateCollectionRequest request;
  request.set_collection_name("new");
  request.set_schema(schema.SerializeAsString());
  request.set_consistency_level(common_pb::Bounded);
  EXPECT_EQ(Call<common_pb::Status>("CreateCollection", request).code(), 0);
  EXPECT_EQ(server_.coordinator.created->schema.name, "new");
  EXPECT_EQ(server_.coordinator.created->consistency, meta::ConsistencyLevel::kBounded);
  request.set_schema("\xff");
  EXPECT_EQ(Call<common_pb::Status>("CreateCollection", request).code(), 1100);
}

TEST_F(CatalogTest, ShowCollectionsHasParallelArrays) {
  AddBooks();
  const auto all = Call<milvus_pb::ShowCollectionsResponse>("ShowCollections",
                                                            milvus_pb::ShowCollectionsRequest());
  EXPECT_EQ(all.collection_names_size(), 1);
  EXPECT_EQ(all.collection_ids_size(), 1);
  EXPECT_EQ(all.created_timestamps_size(), 1);
  EXPECT_EQ(all.created_utc_timestamps_size(), 1);
  EXPECT_EQ(all.shards_num_size(), 1);
  EXPECT_EQ(all.inmemory_percentages_size(), 0);
}

TEST_F(CatalogTest, DescribeIndexEchoesParametersAndAnEmptyIndexIsFinished) {
  meta::Collection books = FakeBooks();
  books.indexes[0].user_params = {{"index_type", "AUTOINDEX"}, {"params", "{\"M\": 8 }"}};
  server_.coordinator.Add(books);
  milvus_pb::DescribeIndexRequest request;
  request.set_collection_name("books");
  const auto found = Call<milvus_pb::DescribeIndexResponse>("DescribeIndex", request);
  ASSERT_EQ(found.index_descriptions_size(), 1);
  EXPECT_EQ(found.index_descriptions(0).state(), common_pb::Finished);
  EXPECT_EQ(found.index_descriptions(0).params(1).value(), "{\"M\": 8 }");
  request.set_index_name("nothing");
  const auto none = Call<milvus_pb::DescribeIndexResponse>("DescribeIndex", request);
  EXPECT_EQ(none.status().code(), 700);
  EXPECT_EQ(none.status().error_code(), common_pb::IndexNotExist);
}

TEST_F(CatalogTest, LoadStateOfAnUnknownCollectionIsAStateAndProgressAnError) {
  milvus_pb::GetLoadStateRequest state;
  state.set_collection_name("nothing");
  const auto answered = Call<milvus_pb::GetLoadStateResponse>("GetLoadState", state);
  EXPECT_EQ(answered.status().code(), 0);
  EXPECT_EQ(answered.state(), common_pb::LoadStateNotExist);
  milvus_pb::GetLoadingProgressRequest progress;
  progress.set_collection_name("nothing");
  EXPECT_EQ(
      Call<milvus_pb::GetLoadingProgressResponse>("GetLoadingProgress", progress).status().code(),
      100);
}

TEST_F(CatalogTest, LoadingProgressEndsAtAHundredAndReleasedIsAnError) {
  AddBooks();
  milvus_pb::GetLoadingProgressRequest request;
  request.set_collection_name("books");
  auto found = Call<milvus_pb::GetLoadingProgressResponse>("GetLoadingProgress", request);
  EXPECT_EQ(found.progress(), 100);
  EXPECT_EQ(found.refresh_progress(), 100);
  server_.query_node.load_status.state = roles::LoadState::kNotLoaded;
  found = Call<milvus_pb::GetLoadingProgressResponse>("GetLoadingProgress", request);
  EXPECT_EQ(found.status().code(), 101);
  EXPECT_EQ(found.status().reason(), "collection not loaded[collection=books]");
}

TEST_F(CatalogTest, LoadingProgressOfALoadThatFailedIsItsError) {
  AddBooks();
  server_.query_node.load_status = {
      .state = roles::LoadState::kLoading,
      .percent = 99,
      .failure = InternalError(ErrorCode::kDataIntegrity, "file f is damaged at offset 7")};
  milvus_pb::GetLoadingProgressRequest request;
  request.set_collection_name("books");
  const auto found = Call<milvus_pb::GetLoadingProgressResponse>("GetLoadingProgress", request);
  EXPECT_EQ(found.status().code(), static_cast<int>(ErrorCode::kDataIntegrity));
  EXPECT_TRUE(found.status().reason().starts_with(
      "collection books failed to load: file f is damaged at offset 7"))
      << found.status().reason();
}

TEST_F(CatalogTest, LoadPartitionsNeedsNamesAndNoPartitionKey) {
  AddBooks();
  milvus_pb::LoadPartitionsRequest request;
  request.set_collection_name("books");
  EXPECT_HAS(Call<common_pb::Status>("LoadPartitions", request).reason(),
             "due to no partition specified");
  request.add_partition_names("old");
  EXPECT_EQ(Call<common_pb::Status>("LoadPartitions", request).code(), 0);
  EXPECT_FALSE(server_.coordinator.loaded->whole_collection);
  meta::Collection keyed = FakeBooks();
  keyed.schema.fields[1].is_partition_key = true;
  server_.coordinator.Add(keyed);
  EXPECT_HAS(Call<common_pb::Status>("LoadPartitions", request).reason(),
             "disable load partitions if partition key mode is used");
  milvus_pb::CreatePartitionRequest create;
  create.set_collection_name("books");
  EXPECT_HAS(Call<common_pb::Status>("CreatePartition", create).reason(),
             "disable create partition if partition key mode is used");
}

TEST_F(CatalogTest, FlushAnswersUnderTheNameAsGiven) {
  AddBooks();
  milvus_pb::FlushRequest request;
  request.add_collection_names("reading");
  const auto flushed = Call<milvus_pb::FlushResponse>("Flush", request);
  EXPECT_EQ(flushed.coll_segids().at("reading").data(0), 5);
  EXPECT_EQ(flushed.flush_coll_segids().at("reading").data_size(), 2);
  EXPECT_EQ(flushed.coll_flush_ts().at("reading"), 99u);
  EXPECT_GT(flushed.coll_seal_times().at("reading"), 1'600'000'000);
}

TEST_F(CatalogTest, FlushStateIsTrueForAnEmptyListAndFalseForAGrowingSegment) {
  AddBooks();
  milvus_pb::GetFlushStateRequest request;
  EXPECT_TRUE(Call<milvus_pb::GetFlushStateResponse>("GetFlushState", request).flushed());
  server_.data_node.growing = {{SegmentId(6), CollectionId(10), PartitionId(20), 0, 7, 100}};
  request.add_segmentids(6);
  EXPECT_FALSE(Call<milvus_pb::GetFlushStateResponse>("GetFlushState", request).flushed());
  request.set_collection_name("books");
  request.clear_segmentids();
  request.set_flush_ts(99);
  EXPECT_TRUE(Call<milvus_pb::GetFlushStateResponse>("GetFlushState", request).flushed());
  server_.data_node.is_flushed = false;
  EXPECT_FALSE(Call<milvus_pb::GetFlushStateResponse>("GetFlushState", request).flushed());
}

TEST_F(CatalogTest, FlushAllFillsTheOldTimestampThatClientsHandBack) {
  AddBooks();
  const auto all = Call<milvus_pb::FlushAllResponse>("FlushAll", milvus_pb::FlushAllRequest());
  EXPECT_NE(all.flush_all_ts(), 0u);
  milvus_pb::GetFlushAllStateRequest request;
  request.set_flush_all_ts(all.flush_all_ts());
  EXPECT_TRUE(Call<milvus_pb::GetFlushAllStateResponse>("GetFlushAllState", request).flushed());
}

TEST_F(CatalogTest, RowCountAddsGrowingAndFlushedSegmentsOnce) {
  AddBooks();
  meta::Segment segment;
  segment.id = SegmentId(5);
  segment.partition = PartitionId(20);
  segment.num_rows = 10;
  server_.coordinator.segments = {std::make_shared<const meta::Segment>(segment)};
  server_.data_node.growing = {{SegmentId(5), CollectionId(10), PartitionId(20), 0, 10, 1},
                               {SegmentId(6), CollectionId(10), PartitionId(21), 0, 7, 1}};
  milvus_pb::GetCollectionStatisticsRequest request;
  request.set_collection_name("books");
  const auto stats =
      Call<milvus_pb::GetCollectionStatisticsResponse>("GetCollectionStatistics", request);
  EXPECT_EQ(stats.stats(0).key(), "row_count");
  EXPECT_EQ(stats.stats(0).value(), "17");
}

TEST_F(CatalogTest, ACompactionIsAJobWithPlans) {
  using State = roles::CompactionPlan::State;
  AddBooks();
  server_.coordinator.compaction = {
      .id = 5,
      .plans = {{.sources = {SegmentId(1), SegmentId(2)},
                 .targets = {SegmentId(3), SegmentId(9)},
                 .state = State::kDone},
                {.sources = {SegmentId(4)}, .state = State::kRunning}}};
  milvus_pb::ManualCompactionRequest request;
  request.set_collection_name("books");
  request.set_target_size(64);
  request.add_segment_ids(1);
  request.set_l0compaction(true);
  const auto begun = Call<milvus_pb::ManualCompactionResponse>("ManualCompaction", request);
  EXPECT_EQ(begun.compactionid(), 5);
  EXPECT_EQ(begun.compactionplancount(), 2);
  const roles::CompactionRequest& asked = server_.coordinator.compaction_asked;
  EXPECT_EQ(asked.collection, CollectionId(10));
  EXPECT_EQ(asked.target_bytes, 64 << 20);
  EXPECT_EQ(asked.segments, std::vector<SegmentId>{SegmentId(1)});
  EXPECT_TRUE(asked.deletes_only);
  milvus_pb::GetCompactionStateRequest state;
  state.set_compactionid(5);
  auto found = Call<milvus_pb::GetCompactionStateResponse>("GetCompactionState", state);
  EXPECT_EQ(found.state(), common_pb::Executing);
  EXPECT_EQ(found.executingplanno(), 1);
  EXPECT_EQ(found.completedplanno(), 1);
  server_.coordinator.compaction.plans[1].state = State::kFailed;
  found = Call<milvus_pb::GetCompactionStateResponse>("GetCompactionState", state);
  EXPECT_EQ(found.state(), common_pb::Completed);
  EXPECT_EQ(found.failedplanno(), 1);
  milvus_pb::GetCompactionPlansRequest plans;
  plans.set_compactionid(5);
  const auto listed =
      Call<milvus_pb::GetCompactionPlansResponse>("GetCompactionStateWithPlans", plans);
  ASSERT_EQ(listed.mergeinfos_size(), 3) << "one a target";
  EXPECT_EQ(listed.mergeinfos(0).sources_size(), 2);
  EXPECT_EQ(listed.mergeinfos(0).target(), 3);
  EXPECT_EQ(listed.mergeinfos(1).sources_size(), 2);
  EXPECT_EQ(listed.mergeinfos(1).target(), 9);
  EXPECT_EQ(listed.mergeinfos(2).target(), 0);
}

TEST_F(CatalogTest, CompactionHasNothingToDoAndIsComplete) {
  AddBooks();
  milvus_pb::ManualCompactionRequest request;
  request.set_collectionid(10);
  EXPECT_EQ(Call<milvus_pb::ManualCompactionResponse>("ManualCompaction", request).compactionid(),
            -1);
  milvus_pb::GetCompactionStateRequest state;
  state.set_compactionid(-1);
  EXPECT_EQ(Call<milvus_pb::GetCompactionStateResponse>("GetCompactionState", state).state(),
            common_pb::Completed);
}

TEST_F(CatalogTest, ReplicasOfAReleasedCollectionAreAnEmptyList) {
  meta::Collection books = FakeBooks();
  books.num_shards = 2;
  server_.coordinator.Add(books);
  milvus_pb::GetReplicasRequest request;
  request.set_collectionid(10);
  auto found = Call<milvus_pb::GetReplicasResponse>("GetReplicas", request);
  ASSERT_EQ(found.replicas_size(), 1);
  EXPECT_EQ(found.replicas(0).shard_replicas_size(), 2);
  EXPECT_EQ(found.replicas(0).resource_group_name(), "__default_resource_group");
  books.load.loaded = false;
  server_.coordinator.Add(books);
  found = Call<milvus_pb::GetReplicasResponse>("GetReplicas", request);
  EXPECT_EQ(found.status().code(), 0);
  EXPECT_EQ(found.replicas_size(), 0);
}

TEST_F(CatalogTest, MetricsAreJsonAndUnknownTypesAreErrors) {
  milvus_pb::GetMetricsRequest request;
  request.set_request(R"({"metric_type":"system_info"})");
  auto found = Call<milvus_pb::GetMetricsResponse>("GetMetrics", request);
  const nlohmann::json parsed = nlohmann::json::parse(found.response());
  EXPECT_EQ(parsed["nodes_info"][0]["infos"]["type"], "proxy");
  request.set_request(R"({"metric_type":"weather"})");
  EXPECT_EQ(Call<milvus_pb::GetMetricsResponse>("GetMetrics", request).status().code(), 1200);
  request.set_request("{");
  EXPECT_EQ(Call<milvus_pb::GetMetricsResponse>("GetMetrics", request).status().code(), 1100);
}

TEST_F(CatalogTest, AlterCollectionTakesPropertiesOrKeysToDeleteButNotBoth) {
  AddBooks();
  milvus_pb::AlterCollectionRequest request;
  request.set_collection_name("books");
  EXPECT_HAS(Call<common_pb::Status>("AlterCollection", request).reason(),
             "no properties or delete keys provided");
  request.add_delete_keys("x");
  EXPECT_EQ(Call<common_pb::Status>("AlterCollection", request).code(), 0);
  request.add_properties()->set_key("y");
  EXPECT_HAS(Call<common_pb::Status>("AlterCollection", request).reason(),
             "cannot provide both DeleteKeys and ExtraParams");
}

TEST_F(CatalogTest, SuccessAlwaysSetsTheStatusMessage) {
  const auto version =
      Call<milvus_pb::GetVersionResponse>("GetVersion", milvus_pb::GetVersionRequest());
  EXPECT_TRUE(version.has_status());
  EXPECT_EQ(version.status().ByteSizeLong(), 0u);
}

}  // namespace
}  // namespace elanus::proxy
