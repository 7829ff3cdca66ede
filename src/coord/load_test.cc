#include "coord/coordinator_fixture_test.h"

namespace elanus::coord {
namespace {

TEST_F(CoordinatorTest, LoadsOnlyWhatHasItsVectorIndexes) {
  roles::CreateCollectionRequest request = SimpleCollection("c");
  request.schema.fields.push_back(MakeField("w", schema::DataType::kFloatVector, {{"dim", "4"}}));
  ASSERT_TRUE(coordinator_->CreateCollection(request).ok());
  ExpectError(coordinator_->Load(LoadOf("c")), ErrorCode::kIndexNotFound,
              "index not found[collection=c]");
  ASSERT_TRUE(coordinator_->CreateIndex(HnswIndex("c")).ok());
  ExpectError(coordinator_->Load(LoadOf("c")), ErrorCode::kParameterInvalid,
              "there is no vector index on field: [w], please create index firstly");
  roles::LoadRequest some = LoadOf("c");
  some.fields = {"id", "v"};
  EXPECT_TRUE(coordinator_->Load(some).ok());
  const std::vector<FieldId> expected = {FieldId(100), FieldId(101)};
  EXPECT_EQ(Get("c")->load.fields, expected);
  ExpectError(coordinator_->Load(LoadOf("none")), ErrorCode::kCollectionNotFound,
              "collection not found");
}

TEST_F(CoordinatorTest, ChecksThePartialFieldList) {
  roles::CreateCollectionRequest request = SimpleCollection("c");
  request.schema.fields[2].is_partition_key = true;
  request.schema.enable_dynamic_field = true;
  ASSERT_TRUE(coordinator_->CreateCollection(request).ok());
  ASSERT_TRUE(coordinator_->CreateIndex(HnswIndex("c")).ok());
  const std::tuple<std::vector<std::string>, std::string_view> cases[] = {
      {{"v", "n"}, "primary key field id"},
      {{"id", "v"}, "partition key field n"},
      {{"id", "n"}, "vector field"},
      {{"id", "v", "n", "zzz"}, "field not found"},
  };
  for (const auto& [fields, words] : cases) {
    roles::LoadRequest load = LoadOf("c");
    load.fields = fields;
    const absl::Status status = coordinator_->Load(load);
    EXPECT_FALSE(status.ok());
    EXPECT_NE(WireReason(status).find(words), std::string::npos) << status;
  }
  roles::LoadRequest all = LoadOf("c");
  all.fields = {"n", "v", "id", "id"};
  ASSERT_TRUE(coordinator_->Load(all).ok());
  EXPECT_TRUE(Get("c")->load.fields.empty()) << "naming all fields is loading all";
  all.skip_dynamic_field = true;
  EXPECT_FALSE(coordinator_->Load(all).ok());
  ASSERT_TRUE(coordinator_->ReleaseCollection("", "c").ok());
  ASSERT_TRUE(coordinator_->Load(all).ok());
  EXPECT_EQ(Get("c")->load.fields.size(), 3);
  roles::LoadRequest partition = LoadOf("c");
  partition.whole_collection = false;
  partition.partitions = {"_default_1"};
  ExpectError(coordinator_->Load(partition), ErrorCode::kParameterInvalid,
              "disable load partitions if partition key mode is used");
  ExpectError(coordinator_->ReleasePartitions("", "c", {"_default_1"}),
              ErrorCode::kParameterInvalid,
              "disable release partitions if partition key mode is used");
}

TEST_F(CoordinatorTest, KeepsTheReplicaNumberWhileLoaded) {
  Limits limits;
  limits.replicas_max = 2;
  coordinator_->SetLimits(limits);
  CreateIndexed("c");
  roles::LoadRequest load = LoadOf("c");
  load.replica_number = 3;
  EXPECT_EQ(CodeOf(coordinator_->Load(load)), ErrorCode::kParameterInvalid);
  load.replica_number = -1;
  EXPECT_EQ(CodeOf(coordinator_->Load(load)), ErrorCode::kParameterInvalid);
  load.replica_number = 2;
  EXPECT_TRUE(coordinator_->Load(load).ok());
  EXPECT_TRUE(coordinator_->Load(LoadOf("c")).ok());
  EXPECT_EQ(Get("c")->load.replica_number, 2);
  load.replica_number = 1;
  ExpectError(coordinator_->Load(load), ErrorCode::kParameterInvalid,
              "can't change the replica number for loaded partitions");
  ASSERT_TRUE(coordinator_->ReleaseCollection("", "c").ok());
  EXPECT_TRUE(coordinator_->Load(load).ok());
}

TEST_F(CoordinatorTest, LoadsAndReleasesPartitionsOneByOne) {
  CreateIndexed("c");
  for (const char* name : {"p", "q", "r"}) {
    ASSERT_TRUE(coordinator_->CreatePartition("", "c", name).ok());
  }
  roles::LoadRequest load = LoadOf("c");
  load.whole_collection = false;
  ExpectError(coordinator_->Load(load), ErrorCode::kParameterInvalid,
              "due to no partition specified");
  load.partitions = {"p", "missing"};
  ExpectError(coordinator_->Load(load), ErrorCode::kPartitionNotFound,
              "partition not found[partition=missing]");
  load.partitions = {"q", "p", "q"};
  ASSERT_TRUE(coordinator_->Load(load).ok());
  EXPECT_EQ(Get("c")->load.partitions.size(), 2);
  load.partitions = {"p"};
  ASSERT_TRUE(coordinator_->Load(load).ok());
  EXPECT_EQ(Get("c")->load.partitions.size(), 2);
  EXPECT_TRUE(coordinator_->DropPartition("", "c", "r").ok());
  EXPECT_FALSE(coordinator_->DropPartition("", "c", "p").ok());
  ASSERT_TRUE(coordinator_->Load(LoadOf("c")).ok());
  EXPECT_TRUE(Get("c")->load.all_partitions);
  ASSERT_TRUE(coordinator_->ReleasePartitions("", "c", {"_default"}).ok());
  EXPECT_EQ(Get("c")->load.partitions.size(), 2);
  EXPECT_FALSE(Get("c")->load.all_partitions);
  ASSERT_TRUE(coordinator_->ReleasePartitions("", "c", {"_default", "p", "q"}).ok());
  EXPECT_FALSE(Get("c")->load.loaded);
  EXPECT_TRUE(coordinator_->ReleasePartitions("", "c", {"p"}).ok());
  EXPECT_TRUE(coordinator_->ReleaseCollection("", "c").ok());
}

TEST_F(CoordinatorTest, TellsTheQueryNodeWhatToLoadAgainAfterARestart) {
  CreateIndexed("c");
  CreateIndexed("d");
  ASSERT_TRUE(coordinator_->Load(LoadOf("c")).ok());
  notices_.Take();
  Open();
  EXPECT_TRUE(Get("c")->load.loaded);
  coordinator_->Start();
  EXPECT_EQ(notices_.Take(), std::vector<std::string>{"load c"});
}

TEST_F(CoordinatorTest, RefreshesOnlyWhatIsLoaded) {
  CreateIndexed("c");
  roles::LoadRequest refresh = LoadOf("c");
  refresh.refresh = true;
  ExpectError(coordinator_->Load(refresh), ErrorCode::kCollectionNotLoaded,
              "collection not loaded[collection=c]");
  ASSERT_TRUE(coordinator_->Load(LoadOf("c")).ok());
  notices_.Take();
  ASSERT_TRUE(coordinator_->Load(refresh).ok());
  EXPECT_EQ(notices_.Take(), std::vector<std::string>{"load c refresh"});
}

TEST_F(CoordinatorTest, TellsPeersAboutEveryCommitInOrder) {
  CreateIndexed("c");
  ASSERT_TRUE(coordinator_->Load(LoadOf("c")).ok());
  ASSERT_TRUE(coordinator_->CreatePartition("", "c", "p").ok());
  ASSERT_TRUE(coordinator_->ReleaseCollection("", "c").ok());
  ASSERT_TRUE(coordinator_->DropPartition("", "c", "p").ok());
  ASSERT_TRUE(coordinator_->TruncateCollection("", "c").ok());
  ASSERT_TRUE(coordinator_->DropCollection("", "c").ok());
  const std::vector<std::string> expected = {"changed c",
                                             "load c",
                                             "changed c",
                                             "load c off",
                                             "data: partition dropped",
                                             "partition dropped",
                                             "changed c",
                                             "data: truncated",
                                             "truncated",
                                             "changed c",
                                             "data: collection dropped",
                                             "collection dropped"};
  EXPECT_EQ(notices_.Take(), expected);
}

TEST_F(CoordinatorTest, LetsAPeerChangeTheCatalogWhileItIsTold) {
  Create("c");
  int depth = 0;
  query_node_.on_changed = [&](const meta::CollectionPtr& collection) {
    if (collection->schema.name == "c" && depth++ == 0) {
      EXPECT_TRUE(coordinator_->AlterCollection("", "c", {{"inner", "1"}}, {}).ok());
    }
  };
  EXPECT_TRUE(coordinator_->AlterCollection("", "c", {{"outer", "1"}}, {}).ok());
  EXPECT_EQ(depth, 2);
  EXPECT_EQ(Get("c")->properties.size(), 2);
}

}  // namespace
}  // namespace elanus::coord
