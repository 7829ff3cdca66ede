#include "coord/coordinator_fixture_test.h"
#include "coord/json_path.h"

namespace elanus::coord {
namespace {

using meta::BuildState;

TEST_F(CoordinatorTest, NamesIndexesAfterTheirFieldAndRepeatsHarmlessly) {
  CreateIndexed("c");
  const meta::CollectionPtr before = Get("c");
  ASSERT_EQ(before->indexes.size(), 1);
  EXPECT_EQ(before->indexes[0].name, "v");
  EXPECT_EQ(before->indexes[0].field_name, "v");
  EXPECT_EQ(before->indexes[0].type, "HNSW");
  EXPECT_EQ(before->indexes[0].metric, "L2");
  EXPECT_EQ(before->indexes[0].user_params, HnswIndex("c").params);
  EXPECT_TRUE(coordinator_->CreateIndex(HnswIndex("c")).ok());
  EXPECT_TRUE(coordinator_->CreateIndex(HnswIndex("c", "v", "v")).ok());
  EXPECT_EQ(Get("c"), before);
  ExpectError(coordinator_->CreateIndex(HnswIndex("c", "v", "other")), ErrorCode::kParameterInvalid,
              "CreateIndex failed: creating multiple indexes on same field is not supported");
  roles::CreateIndexRequest changed = HnswIndex("c");
  changed.params[1].second = "IP";
  ExpectError(coordinator_->CreateIndex(changed), ErrorCode::kParameterInvalid,
              "CreateIndex failed: at most one distinct index is allowed per field");
  ExpectError(coordinator_->CreateIndex(HnswIndex("c", "nope")), ErrorCode::kParameterInvalid,
              "cannot create index on non-exist field: nope");
  ExpectError(coordinator_->CreateIndex(HnswIndex("c", "v", "1x")), ErrorCode::kParameterInvalid,
              "Invalid index name");
  ExpectError(coordinator_->CreateIndex(HnswIndex("none")), ErrorCode::kCollectionNotFound,
              "collection not found");
  roles::CreateIndexRequest huge = HnswIndex("c");
  huge.params.emplace_back("x", std::string(200000, 'x'));
  ExpectError(coordinator_->CreateIndex(huge), ErrorCode::kParameterTooLarge, "too large");
}

TEST_F(CoordinatorTest, TakesAnUnnamedRequestForTheIndexThatIsThere) {
  Create("c");
  ASSERT_TRUE(coordinator_->CreateIndex(HnswIndex("c", "v", "mine")).ok());
  EXPECT_TRUE(coordinator_->CreateIndex(HnswIndex("c")).ok());
  EXPECT_EQ(Get("c")->indexes.size(), 1);
  EXPECT_EQ(Get("c")->indexes[0].name, "mine");
}

TEST_F(CoordinatorTest, ShowsAutomaticIndexesAsAutomatic) {
  Create("c");
  roles::CreateIndexRequest request;
  request.collection = "c";
  request.field_name = "v";
  ASSERT_TRUE(coordinator_->CreateIndex(request).ok());
  const meta::Index index = Get("c")->indexes[0];
  const meta::KeyValues shown = {{"index_type", "AUTOINDEX"}, {"metric_type", "COSINE"}};
  EXPECT_EQ(index.user_params, shown);
  EXPECT_NE(index.type, "AUTOINDEX");
  EXPECT_TRUE(coordinator_->CreateIndex(request).ok());
  request.params = {{"index_type", "AUTOINDEX"}, {"metric_type", "COSINE"}};
  EXPECT_TRUE(coordinator_->CreateIndex(request).ok());
  request.params = {{"metric_type", "L2"}};
  EXPECT_FALSE(coordinator_->CreateIndex(request).ok());
  EXPECT_EQ(Get("c")->indexes.size(), 1);
}

TEST_F(CoordinatorTest, BuildsWhatTheConfigurationSaysForAutomaticIndexesOrForAll) {
  Create("c");
  Create("d");
  Limits limits;
  limits.auto_index.float_build = R"({"index_type":"IVF_FLAT","nlist":64,"metric_type":"L2"})";
  coordinator_->SetLimits(limits);
  roles::CreateIndexRequest request;
  request.collection = "c";
  request.field_name = "v";
  ASSERT_TRUE(coordinator_->CreateIndex(request).ok());
  EXPECT_EQ(Get("c")->indexes[0].type, "IVF_FLAT");
  EXPECT_EQ(Get("c")->indexes[0].metric, "L2");
  EXPECT_EQ(Get("c")->indexes[0].params.at("nlist"), "64");
  limits.auto_index.override_explicit = true;
  coordinator_->SetLimits(limits);
  ASSERT_TRUE(coordinator_->CreateIndex(HnswIndex("d")).ok());
  const meta::Index index = Get("d")->indexes[0];
  EXPECT_EQ(index.type, "IVF_FLAT");
  const meta::KeyValues shown = {{"index_type", "AUTOINDEX"}, {"metric_type", "L2"}};
  EXPECT_EQ(index.user_params, shown);
  EXPECT_TRUE(coordinator_->CreateIndex(HnswIndex("d")).ok()) << "again the same";
  EXPECT_EQ(Get("d")->indexes.size(), 1);
}

TEST_F(CoordinatorTest, FinishesSmallSegmentsAndFilelessKindsAtOnce) {
  CreateIndexed("c");
  const SegmentId small = Flush("c", 1023);
  EXPECT_EQ(Segment(small)->indexes.at(0).state, BuildState::kFinished);
  EXPECT_EQ(Segment(small)->indexes.at(0).key, "");
  const SegmentId large = Flush("c", 1024);
  EXPECT_EQ(Segment(large)->indexes.at(0).state, BuildState::kPending);
  Create("flat");
  const SegmentId flat = Flush("flat", 5000);
  roles::CreateIndexRequest request = HnswIndex("flat");
  request.params = {{"index_type", "FLAT"}, {"metric_type", "L2"}};
  ASSERT_TRUE(coordinator_->CreateIndex(request).ok());
  EXPECT_EQ(Segment(flat)->indexes.at(0).state, BuildState::kFinished);
  builds_.RunAll();
  EXPECT_EQ(index_node_.num_builds, 1);
}

TEST_F(CoordinatorTest, BuildsFlushedSegmentsWhetherTheIndexCameBeforeOrAfter) {
  Create("c");
  const SegmentId first = Flush("c", 2000);
  EXPECT_TRUE(Segment(first)->indexes.empty());
  ASSERT_TRUE(coordinator_->CreateIndex(HnswIndex("c")).ok());
  const SegmentId second = Flush("c", 3000);
  auto progress = coordinator_->DescribeIndexes("", "c", "", Timestamp());
  ASSERT_TRUE(progress.ok());
  EXPECT_EQ(progress->at(0).state, BuildState::kPending);
  EXPECT_EQ(progress->at(0).total_rows, 5000);
  EXPECT_EQ(progress->at(0).pending_rows, 5000);
  builds_.RunOne();
  progress = coordinator_->DescribeIndexes("", "c", "v", Timestamp());
  EXPECT_EQ(progress->at(0).indexed_rows, 2000);
  EXPECT_EQ(progress->at(0).pending_rows, 3000);
  // Only segments that were there at that time count.
  progress = coordinator_->DescribeIndexes("", "c", "v", Segment(first)->flushed);
  EXPECT_EQ(progress->at(0).total_rows, 2000);
  EXPECT_EQ(progress->at(0).state, BuildState::kFinished);
  builds_.RunAll();
  EXPECT_EQ(Segment(second)->indexes[0].state, BuildState::kFinished);
  EXPECT_FALSE(Segment(second)->indexes[0].key.empty());
  EXPECT_EQ(coordinator_->DescribeIndexes("", "c", "v", Timestamp())->at(0).state,
            BuildState::kFinished);
  EXPECT_EQ(index_node_.num_builds, 2);
}

TEST_F(CoordinatorTest, CallsAnIndexWithoutRowsFinished) {
  CreateIndexed("c");
  const auto progress = coordinator_->DescribeIndexes("", "c", "", Timestamp());
  EXPECT_EQ(progress->at(0).state, BuildState::kFinished);
  EXPECT_EQ(progress->at(0).total_rows, 0);
  ExpectError(coordinator_->DescribeIndexes("", "c", "nope", Timestamp()).status(),
              ErrorCode::kIndexNotFound, "index not found[indexName=nope]");
  Create("d");
  ExpectError(coordinator_->DescribeIndexes("", "d", "", Timestamp()).status(),
              ErrorCode::kIndexNotFound, "index not found[collection=d]");
}

TEST_F(CoordinatorTest, TakesUpPendingBuildsAfterARestart) {
  CreateIndexed("c");
  const SegmentId segment = Flush("c", 2000);
  Open();
  EXPECT_EQ(Segment(segment)->indexes[0].state, BuildState::kPending);
  coordinator_->Start();
  builds_.RunAll();
  EXPECT_EQ(Segment(segment)->indexes[0].state, BuildState::kFinished);
  const std::string dump = Dump(*coordinator_);
  Open();
  EXPECT_EQ(Dump(*coordinator_), dump);
}

TEST_F(CoordinatorTest, ReportsWhyABuildFailed) {
  CreateIndexed("c");
  index_node_.build = [](const roles::BuildTask&, const Cancellation&) {
    return InternalError(ErrorCode::kDataIntegrity, "column is damaged");
  };
  const SegmentId segment = Flush("c", 2000);
  builds_.RunAll();
  EXPECT_EQ(index_node_.num_builds, 1);
  const auto progress = coordinator_->DescribeIndexes("", "c", "", Timestamp());
  EXPECT_EQ(progress->at(0).state, BuildState::kFailed);
  EXPECT_EQ(progress->at(0).fail_reason, fmt::format("{}: column is damaged;", segment));
}

TEST_F(CoordinatorTest, TriesFailuresThatMayPassAgainAndThenGivesUp) {
  CreateIndexed("c");
  index_node_.build = [&](const roles::BuildTask&,
                          const Cancellation&) -> absl::StatusOr<roles::BuildResult> {
    if (index_node_.num_builds < 3) return InternalError(ErrorCode::kIoFailed, "no answer");
    return roles::BuildResult{"index_files/1/x", 1};
  };
  const SegmentId lucky = Flush("c", 2000);
  builds_.RunAll();
  EXPECT_EQ(Segment(lucky)->indexes[0].state, BuildState::kFinished);
  index_node_.build = [](const roles::BuildTask&, const Cancellation&) {
    return InternalError(ErrorCode::kIoFailed, "no answer");
  };
  index_node_.num_builds = 0;
  const SegmentId unlucky = Flush("c", 2000);
  builds_.RunAll();
  EXPECT_EQ(index_node_.num_builds, 3);
  EXPECT_EQ(Segment(unlucky)->indexes[0].state, BuildState::kFailed);
}

TEST_F(CoordinatorTest, LeavesBuildsPendingWhileTheDiskIsFull) {
  CreateIndexed("c");
  index_node_.build = [](const roles::BuildTask&, const Cancellation&) {
    return InternalError(ErrorCode::kDiskLimitExceeded, "disk full");
  };
  const SegmentId segment = Flush("c", 2000);
  builds_.RunAll();
  EXPECT_EQ(index_node_.num_builds, 3);
  EXPECT_EQ(Segment(segment)->indexes[0].state, BuildState::kPending);
  index_node_.build = nullptr;
  coordinator_->RetryBuilds();
  builds_.RunAll();
  EXPECT_EQ(Segment(segment)->indexes[0].state, BuildState::kFinished);
}

TEST_F(CoordinatorTest, CountsRowsOfARunningBuildAsFarAsItHasCome) {
  CreateIndexed("c");
  const auto describe = [&] {
    return coordinator_->DescribeIndexes("", "c", "", Timestamp())->at(0);
  };
  std::vector<int64_t> indexed;
  std::string reason;
  index_node_.observed = [&](const roles::BuildObserver& observer) {
    observer.waiting("waiting for memory");
    reason = describe().fail_reason;
    for (const double share : {0.25, 0.1, 0.5, 1.0}) {
      observer.progress(share);
      const roles::IndexProgress progress = describe();
      indexed.push_back(progress.indexed_rows);
      EXPECT_EQ(progress.indexed_rows + progress.pending_rows, 2000);
      EXPECT_EQ(progress.state, BuildState::kPending);
      EXPECT_EQ(progress.fail_reason, "");
    }
  };
  const SegmentId segment = Flush("c", 2000);
  EXPECT_EQ(describe().indexed_rows, 0);
  builds_.RunAll();
  EXPECT_EQ(reason, fmt::format("{}: waiting for memory;", segment));
  EXPECT_EQ(indexed, (std::vector<int64_t>{500, 500, 1000, 1999}));
  EXPECT_EQ(describe().indexed_rows, 2000);
}

TEST_F(CoordinatorTest, SaysWhatABuildThatWaitsIsWaitingFor) {
  CreateIndexed("c");
  index_node_.build = [](const roles::BuildTask&, const Cancellation&) {
    return InternalError(ErrorCode::kDiskLimitExceeded, "disk full");
  };
  const SegmentId segment = Flush("c", 2000);
  builds_.RunAll();
  auto progress = coordinator_->DescribeIndexes("", "c", "", Timestamp());
  EXPECT_EQ(progress->at(0).state, BuildState::kPending);
  EXPECT_EQ(progress->at(0).fail_reason, fmt::format("{}: to be tried again: disk full;", segment));
  index_node_.build = nullptr;
  coordinator_->RetryBuilds();
  builds_.RunAll();
  progress = coordinator_->DescribeIndexes("", "c", "", Timestamp());
  EXPECT_EQ(progress->at(0).state, BuildState::kFinished);
  EXPECT_EQ(progress->at(0).fail_reason, "");
}

TEST_F(CoordinatorTest, CancelsTheBuildOfASegmentThatIsDropped) {
  for (const char* how : {"partition", "truncate", "collection"}) {
    SCOPED_TRACE(how);
    CreateIndexed(how);
    ASSERT_TRUE(coordinator_->CreatePartition("", how, "p").ok());
    bool cancelled = false;
    index_node_.build =
        [&](const roles::BuildTask& task,
            const Cancellation& cancellation) -> absl::StatusOr<roles::BuildResult> {
      const absl::Status dropped =
          how == std::string_view("partition")  ? coordinator_->DropPartition("", how, "p")
          : how == std::string_view("truncate") ? coordinator_->TruncateCollection("", how)
                                                : coordinator_->DropCollection("", how);
      EXPECT_TRUE(dropped.ok()) << dropped;
      cancelled = cancellation.cancelled();
      return UserError(ErrorCode::kCancelled, "context canceled");
    };
    Flush(how, 2000, 1);
    builds_.RunAll();
    EXPECT_TRUE(cancelled);
    EXPECT_FALSE(builds_.RunOne());
    index_node_.build = nullptr;
  }
}

TEST_F(CoordinatorTest, CancelsTheBuildOfADroppedIndexAndRemovesItsFile) {
  CreateIndexed("c");
  bool cancelled = false;
  index_node_.build = [&](const roles::BuildTask& task,
                          const Cancellation& cancellation) -> absl::StatusOr<roles::BuildResult> {
    EXPECT_TRUE(coordinator_->DropIndex("", "c", "", "v").ok());
    cancelled = cancellation.cancelled();
    const std::string key = fmt::format("index_files/{}/x", task.build);
    objects_.Add(key);
    return roles::BuildResult{key, 1};
  };
  const SegmentId segment = Flush("c", 2000);
  builds_.RunAll();
  EXPECT_TRUE(cancelled);
  EXPECT_TRUE(Segment(segment)->indexes.empty());
  cleanups_.RunAll();
  EXPECT_EQ(objects_.keys().size(), 1) << "the column stays";
}

TEST_F(CoordinatorTest, DropsVectorIndexesOnlyWhenReleased) {
  CreateIndexed("c");
  const SegmentId segment = Flush("c", 2000);
  builds_.RunAll();
  objects_.Add(Segment(segment)->indexes[0].key);
  ASSERT_TRUE(coordinator_->Load(LoadOf("c")).ok());
  ExpectError(coordinator_->DropIndex("", "c", "v", ""), ErrorCode::kParameterInvalid,
              fmt::format("vector index cannot be dropped on loaded collection: {}", Get("c")->id));
  EXPECT_TRUE(coordinator_->DropIndex("", "c", "", "missing").ok());
  EXPECT_TRUE(coordinator_->DropIndex("", "c", "n", "").ok());
  ASSERT_TRUE(coordinator_->ReleaseCollection("", "c").ok());
  notices_.Take();
  EXPECT_TRUE(coordinator_->DropIndex("", "c", "", "v").ok());
  const std::vector<std::string> told = {"changed c", "segment indexes 0"};
  EXPECT_EQ(notices_.Take(), told);
  EXPECT_TRUE(Get("c")->indexes.empty());
  cleanups_.RunAll();
  EXPECT_EQ(objects_.keys().size(), 1);
}

TEST_F(CoordinatorTest, AsksWhichIndexToDropWhenThereAreSeveral) {
  roles::CreateCollectionRequest request = SimpleCollection("c");
  request.schema.fields.push_back(MakeField("w", schema::DataType::kFloatVector, {{"dim", "4"}}));
  ASSERT_TRUE(coordinator_->CreateCollection(request).ok());
  ASSERT_TRUE(coordinator_->CreateIndex(HnswIndex("c", "v")).ok());
  ASSERT_TRUE(coordinator_->CreateIndex(HnswIndex("c", "w")).ok());
  ExpectError(coordinator_->DropIndex("", "c", "", ""), ErrorCode::kIndexDuplicate,
              "index duplicates");
  EXPECT_TRUE(coordinator_->DropIndex("", "c", "w", "").ok());
  EXPECT_EQ(Get("c")->indexes.size(), 1);
  ExpectError(coordinator_->CreateIndex(HnswIndex("c", "w", "v")), ErrorCode::kParameterInvalid,
              "at most one distinct index is allowed per field");
}

TEST_F(CoordinatorTest, AltersOnlyWhatAnIndexAllowsAndOnlyWhenReleased) {
  CreateIndexed("c");
  EXPECT_TRUE(coordinator_->AlterIndex("", "c", "v", {{"mmap.enabled", "true"}}, {}).ok());
  EXPECT_EQ(Get("c")->indexes[0].user_params.back().first, "mmap.enabled");
  EXPECT_TRUE(coordinator_->CreateIndex(HnswIndex("c")).ok()) << "altered keys do not count";
  EXPECT_TRUE(coordinator_->AlterIndex("", "c", "v", {}, {"mmap.enabled"}).ok());
  EXPECT_EQ(Get("c")->indexes[0].user_params, HnswIndex("c").params);
  const std::tuple<meta::KeyValues, std::string_view> cases[] = {
      {{{"M", "32"}}, "M is not a configable index property"},
      {{{"mmap.enabled", "maybe"}}, "invalid mmap.enabled value: maybe, expected: true, false"},
      {{{"indexoffsetcache.enabled", "true"}},
       "only bitmap index support indexoffsetcache.enabled now"},
      {{{"warmup", "now"}}, "warmup"},
      {meta::KeyValues(), "no properties or delete keys provided"},
  };
  for (const auto& [set, words] : cases) {
    ExpectError(coordinator_->AlterIndex("", "c", "v", set, {}), ErrorCode::kParameterInvalid,
                words);
  }
  ExpectError(coordinator_->AlterIndex("", "c", "v", {{"warmup", "sync"}}, {"warmup"}),
              ErrorCode::kParameterInvalid, "cannot provide both DeleteKeys and ExtraParams");
  ExpectError(coordinator_->AlterIndex("", "c", "", {{"warmup", "sync"}}, {}),
              ErrorCode::kParameterInvalid, "index name is empty");
  ExpectError(coordinator_->AlterIndex("", "c", "nope", {{"warmup", "sync"}}, {}),
              ErrorCode::kIndexNotFound, "index not found");
  ASSERT_TRUE(coordinator_->Load(LoadOf("c")).ok());
  ExpectError(coordinator_->AlterIndex("", "c", "v", {{"warmup", "sync"}}, {}),
              ErrorCode::kCollectionLoaded,
              "can't alter index on loaded collection, please release the collection first");
}

TEST(JsonPath, ReadsWhatClientsWrite) {
  const std::tuple<std::string_view, std::string_view> good[] = {
      {"meta", ""},
      {R"(meta["a"])", "/a"},
      {R"(meta['a']["b"][0])", "/a/b/0"},
      {R"(meta["a/b~c"])", "/a~1b~0c"},
      {R"(meta["q\"x"])", "/q\"x"},
  };
  for (const auto& [text, pointer] : good) {
    const auto segments = ParseJsonPath(text);
    ASSERT_TRUE(segments.ok()) << segments.status();
    EXPECT_EQ(segments->at(0), "meta");
    EXPECT_EQ(JsonPointer(*segments, 1), pointer);
  }
  for (const char* bad : {"", "[", "a[", "a[\"", "a[\"b", "a[\"b\"", "a[]", "a[x]", "a.b", "a[1",
                          "a[\"b\\", "a[\"b\"]c"}) {
    ExpectError(ParseJsonPath(bad).status(), ErrorCode::kParameterInvalid,
                "cannot parse identifier");
  }
}

roles::CreateIndexRequest InvertedIndex(const std::string& collection, const std::string& field) {
  roles::CreateIndexRequest request;
  request.collection = collection;
  request.field_name = field;
  request.params = {{"index_type", "INVERTED"}};
  return request;
}

TEST_F(CoordinatorTest, BuildsScalarIndexesAsItBuildsOthers) {
  Create("c");
  const SegmentId first = Flush("c", 2000);
  ASSERT_TRUE(coordinator_->CreateIndex(InvertedIndex("c", "id")).ok());
  const SegmentId second = Flush("c", 3000);
  EXPECT_EQ(Segment(first)->indexes.at(0).state, BuildState::kPending);
  builds_.RunAll();
  for (const SegmentId segment : {first, second}) {
    EXPECT_EQ(Segment(segment)->indexes.at(0).state, BuildState::kFinished);
    EXPECT_FALSE(Segment(segment)->indexes.at(0).key.empty());
  }
  EXPECT_EQ(index_node_.num_builds, 2);
}

TEST_F(CoordinatorTest, BuildsADamagedIndexAnewUnlessItHasAnotherFileByNow) {
  CreateIndexed("c");
  const SegmentId segment = Flush("c", 2000);
  builds_.RunAll();
  const meta::SegmentIndex built = Segment(segment)->indexes.at(0);
  objects_.Add(built.key);
  EXPECT_TRUE(coordinator_->RebuildIndex(segment, built.index, "another").ok());
  EXPECT_TRUE(coordinator_->RebuildIndex(SegmentId(77), built.index, built.key).ok());
  EXPECT_EQ(Segment(segment)->indexes.at(0).key, built.key);
  ASSERT_TRUE(coordinator_->RebuildIndex(segment, built.index, built.key).ok());
  EXPECT_EQ(Segment(segment)->indexes.at(0).state, BuildState::kPending);
  builds_.RunAll();
  cleanups_.RunAll();
  const meta::SegmentIndex anew = Segment(segment)->indexes.at(0);
  EXPECT_EQ(anew.state, BuildState::kFinished);
  EXPECT_NE(anew.key, built.key);
  EXPECT_FALSE(objects_.keys().contains(built.key));
}

TEST_F(CoordinatorTest, BuildsAtStartWhatAnOlderVersionFinishedWithoutAFile) {
  options_.index_rows_min = 10'000;
  Open();
  Create("c");
  ASSERT_TRUE(coordinator_->CreateIndex(InvertedIndex("c", "id")).ok());
  ASSERT_TRUE(coordinator_->CreateIndex(HnswIndex("c")).ok());
  const SegmentId segment = Flush("c", 2000);
  EXPECT_EQ(Segment(segment)->indexes.at(0).state, BuildState::kFinished);
  options_.index_rows_min = 1024;
  Open();
  coordinator_->Start();
  EXPECT_EQ(Segment(segment)->indexes.at(0).state, BuildState::kPending);
  EXPECT_EQ(Segment(segment)->indexes.at(1).state, BuildState::kFinished);
  builds_.RunAll();
  EXPECT_FALSE(Segment(segment)->indexes.at(0).key.empty());
}

TEST_F(CoordinatorTest, BuildsTheIndexOfWordsThatTheSchemaAsksFor) {
  roles::CreateCollectionRequest request = SimpleCollection("c");
  request.schema.fields.push_back(
      MakeField("t", schema::DataType::kVarChar,
                {{"max_length", "100"}, {"enable_analyzer", "true"}, {"enable_match", "true"}}));
  ASSERT_TRUE(coordinator_->CreateCollection(request).ok());
  const auto flush = [&](int64_t num_rows) {
    meta::Segment segment = MakeSegment(*Get("c"), num_rows);
    const std::string key = fmt::format("insert_log/t/{}", segment.id);
    segment.files.push_back({Get("c")->schema.fields.back().id, key, 1});
    objects_.Add(key);
    EXPECT_TRUE(coordinator_->CommitFlush({segment}, {}, std::nullopt).ok());
    return segment.id;
  };
  // As one of an older server, which knew no such index.
  options_.index_rows_min = 10'000;
  Open();
  const SegmentId old = flush(2000);
  EXPECT_EQ(Segment(old)->indexes.at(0).state, BuildState::kFinished);
  options_.index_rows_min = 1024;
  Open();
  coordinator_->Start();
  const SegmentId fresh = flush(3000), small = flush(100);
  builds_.RunAll();
  for (const SegmentId segment : {old, fresh}) {
    EXPECT_EQ(Segment(segment)->indexes.at(0).state, BuildState::kFinished);
    EXPECT_FALSE(Segment(segment)->indexes.at(0).key.empty());
  }
  EXPECT_TRUE(Segment(small)->indexes.at(0).key.empty());
  EXPECT_EQ(index_node_.num_builds, 2);
  EXPECT_FALSE(coordinator_->DescribeIndexes("", "c", "", {}).ok()) << "no client sees it";
  const meta::SegmentIndex built = Segment(old)->indexes.at(0);
  ASSERT_TRUE(coordinator_->RebuildIndex(old, built.index, built.key).ok());
  builds_.RunAll();
  EXPECT_NE(Segment(old)->indexes.at(0).key, built.key);
}

TEST_F(CoordinatorTest, BuildsAnIndexOverAllPathsOfJson) {
  roles::CreateCollectionRequest request = SimpleCollection("c");
  request.schema.fields.push_back(MakeField("j", schema::DataType::kJson));
  ASSERT_TRUE(coordinator_->CreateCollection(request).ok());
  const SegmentId segment = Flush("c", 2000);
  roles::CreateIndexRequest index = InvertedIndex("c", "j");
  index.params.emplace_back("json_cast_type", "JSON");
  ASSERT_TRUE(coordinator_->CreateIndex(index).ok());
  builds_.RunAll();
  EXPECT_EQ(Segment(segment)->indexes.at(0).state, BuildState::kFinished);
  EXPECT_FALSE(Segment(segment)->indexes.at(0).key.empty());
}

}  // namespace
}  // namespace elanus::coord
