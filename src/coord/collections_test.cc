#include "coord/coordinator_fixture_test.h"

namespace elanus::coord {
namespace {

using schema::DataType;

TEST_F(CoordinatorTest, CreatesACollectionWithIdsADefaultPartitionAndOneTimestamp) {
  roles::CreateCollectionRequest request = SimpleCollection("books");
  request.schema.enable_dynamic_field = true;
  request.schema.fields[1].type_params["dim"] = "\"8\"";
  ASSERT_TRUE(coordinator_->CreateCollection(request).ok());
  const meta::CollectionPtr books = Get("books");
  ASSERT_EQ(books->schema.fields.size(), 4);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(books->schema.fields[i].id, FieldId(100 + i));
  EXPECT_EQ(books->schema.fields[1].dim(), 8);
  EXPECT_TRUE(books->schema.fields[3].is_dynamic);
  EXPECT_EQ(books->schema.fields[3].name, "$meta");
  ASSERT_EQ(books->partitions.size(), 1);
  EXPECT_EQ(books->partitions[0].name, "_default");
  EXPECT_EQ(books->num_shards, 1);
  EXPECT_EQ(books->created, books->updated);
  EXPECT_EQ(books->database_name, "default");
  EXPECT_GT(books->id.value(), 400'000'000'000'000'000);
  EXPECT_EQ(*coordinator_->GetCollection(books->id), books);
}

TEST_F(CoordinatorTest, TakesTheSameDefinitionTwiceButNotAnother) {
  Create("books");
  const meta::CollectionPtr before = Get("books");
  EXPECT_TRUE(coordinator_->CreateCollection(SimpleCollection("books")).ok());
  EXPECT_EQ(Get("books"), before);
  roles::CreateCollectionRequest other = SimpleCollection("books");
  other.num_shards = 2;
  ExpectError(coordinator_->CreateCollection(other), ErrorCode::kParameterInvalid,
              "create duplicate collection with different parameters, collection: books");
  other = SimpleCollection("books");
  other.schema.fields[1].type_params["dim"] = "16";
  EXPECT_FALSE(coordinator_->CreateCollection(other).ok());
  other = SimpleCollection("books");
  other.properties = {{"collection.ttl.seconds", "10"}};
  EXPECT_FALSE(coordinator_->CreateCollection(other).ok());
  other = SimpleCollection("books");
  other.consistency = meta::ConsistencyLevel::kStrong;
  EXPECT_FALSE(coordinator_->CreateCollection(other).ok());
}

TEST_F(CoordinatorTest, GivesPartitionKeyCollectionsTheirPartitionsAtBirth) {
  roles::CreateCollectionRequest request = SimpleCollection("keyed");
  request.schema.fields[2].is_partition_key = true;
  ASSERT_TRUE(coordinator_->CreateCollection(request).ok());
  const meta::CollectionPtr keyed = Get("keyed");
  ASSERT_EQ(keyed->partitions.size(), 16);
  EXPECT_EQ(keyed->partitions[0].name, "_default_0");
  EXPECT_EQ(keyed->partitions[15].name, "_default_15");
  EXPECT_TRUE(coordinator_->CreateCollection(request).ok());
  ExpectError(coordinator_->CreatePartition("", "keyed", "p"), ErrorCode::kParameterInvalid,
              "disable create partition if partition key mode is used");
  ExpectError(coordinator_->DropPartition("", "keyed", "_default_0"), ErrorCode::kParameterInvalid,
              "disable drop partition if partition key mode is used");
  request.schema.name = "many";
  request.num_partitions = 1025;
  ExpectError(coordinator_->CreateCollection(request), ErrorCode::kParameterInvalid,
              "partition number (1025) exceeds max configuration (1024)");
  request.num_partitions = 3;
  EXPECT_TRUE(coordinator_->CreateCollection(request).ok());
  EXPECT_EQ(Get("many")->partitions.size(), 3);
  request.num_partitions = 4;
  EXPECT_FALSE(coordinator_->CreateCollection(request).ok());
}

TEST_F(CoordinatorTest, RefusesCollectionsThatBreakALimit) {
  roles::CreateCollectionRequest request = SimpleCollection("c");
  request.num_shards = 17;
  ExpectError(coordinator_->CreateCollection(request), ErrorCode::kParameterInvalid,
              "maximum shards's number should be limited to 16");
  request = SimpleCollection("c");
  request.num_partitions = 2;
  EXPECT_FALSE(coordinator_->CreateCollection(request).ok());
  request = SimpleCollection("9c");
  ExpectError(coordinator_->CreateCollection(request), ErrorCode::kParameterInvalid,
              "the first character of a collection name must be an underscore or letter");
  request = SimpleCollection("c", "nowhere");
  ExpectError(coordinator_->CreateCollection(request), ErrorCode::kDatabaseNotFound,
              "database not found[database=nowhere]");
  Limits limits;
  limits.general_capacity_max = 3;
  coordinator_->SetLimits(limits);
  request = SimpleCollection("c");
  request.num_shards = 3;
  ASSERT_TRUE(coordinator_->CreateCollection(request).ok());
  ExpectError(coordinator_->CreateCollection(SimpleCollection("d")),
              ErrorCode::kGeneralCapacityExceeded, "general capacity exceeded");
  ExpectError(coordinator_->CreatePartition("", "c", "p"), ErrorCode::kGeneralCapacityExceeded,
              "general capacity exceeded");
  limits = {};
  limits.collections_max = 1;
  coordinator_->SetLimits(limits);
  ExpectError(coordinator_->CreateCollection(SimpleCollection("d")),
              ErrorCode::kCollectionNumLimitExceeded, "exceeded the limit number of collections");
  EXPECT_TRUE(coordinator_->DropCollection("", "c").ok());
  EXPECT_TRUE(coordinator_->CreateCollection(SimpleCollection("d")).ok());
}

TEST_F(CoordinatorTest, CountsCollectionsPerDatabaseByItsProperty) {
  ASSERT_TRUE(coordinator_->CreateDatabase("small", {{"database.max.collections", "1"}}).ok());
  ASSERT_TRUE(coordinator_->CreateCollection(SimpleCollection("a", "small")).ok());
  EXPECT_EQ(CodeOf(coordinator_->CreateCollection(SimpleCollection("b", "small"))),
            ErrorCode::kCollectionNumLimitExceeded);
  Create("c");
  EXPECT_EQ(CodeOf(coordinator_->RenameCollection("", "c", "small", "c")),
            ErrorCode::kCollectionNumLimitExceeded);
}

TEST_F(CoordinatorTest, SaysWhichCollectionIsNotThere) {
  ExpectError(coordinator_->GetCollection("", "foo").status(), ErrorCode::kCollectionNotFound,
              "collection not found[database=default][collection=foo]");
  ExpectError(coordinator_->GetCollection("x", "foo").status(), ErrorCode::kDatabaseNotFound,
              "database not found[database=x]");
  EXPECT_EQ(CodeOf(coordinator_->GetCollection(CollectionId(5)).status()),
            ErrorCode::kCollectionNotFound);
}

TEST_F(CoordinatorTest, DropsCollectionsUnlessAnAliasIsInTheWay) {
  EXPECT_TRUE(coordinator_->DropCollection("", "never there").ok());
  ExpectError(coordinator_->DropCollection("x", "c"), ErrorCode::kDatabaseNotFound, "database=x");
  Create("c");
  ASSERT_TRUE(coordinator_->CreateAlias("", "c", "a").ok());
  ExpectError(coordinator_->DropCollection("", "a"), ErrorCode::kParameterInvalid,
              "cannot drop the collection via alias");
  ExpectError(coordinator_->DropCollection("", "c"), ErrorCode::kParameterInvalid,
              "unable to drop the collection [c] because it has associated aliases");
  ASSERT_TRUE(coordinator_->DropAlias("", "a").ok());
  const CollectionId id = Get("c")->id;
  EXPECT_TRUE(coordinator_->DropCollection("", "c").ok());
  EXPECT_FALSE(coordinator_->GetCollection("", "c").ok());
  EXPECT_FALSE(coordinator_->GetCollection(id).ok());
  Create("c");
  EXPECT_NE(Get("c")->id, id);
}

TEST_F(CoordinatorTest, ForgetsAndRemovesAllThatADroppedCollectionHad) {
  CreateIndexed("c");
  const SegmentId segment = Flush("c", 2000);
  builds_.RunAll();
  objects_.Add(Segment(segment)->indexes[0].key);
  EXPECT_EQ(objects_.keys().size(), 2);
  const CollectionId id = Get("c")->id;
  ASSERT_TRUE(coordinator_->DropCollection("", "c").ok());
  EXPECT_FALSE(coordinator_->FindSegment(segment).has_value());
  EXPECT_TRUE(coordinator_->Segments(id).empty());
  cleanups_.RunAll();
  EXPECT_TRUE(objects_.keys().empty());
  const std::string after = Dump(*coordinator_);
  Open();
  EXPECT_EQ(Dump(*coordinator_), after);
}

TEST_F(CoordinatorTest, RenamesWithinAndBetweenDatabases) {
  Create("c");
  Create("d");
  ASSERT_TRUE(coordinator_->CreateDatabase("other", {}).ok());
  ASSERT_TRUE(coordinator_->CreateAlias("", "c", "a").ok());
  const Timestamp before = Get("c")->updated;
  ExpectError(coordinator_->RenameCollection("", "c", "", "d"), ErrorCode::kParameterInvalid,
              "duplicated new collection name");
  ExpectError(coordinator_->RenameCollection("", "d", "", "a"), ErrorCode::kParameterInvalid,
              "cannot rename collection to an existing alias");
  ExpectError(coordinator_->RenameCollection("", "a", "", "e"), ErrorCode::kParameterInvalid,
              "unsupported use an alias to rename collection");
  ExpectError(coordinator_->RenameCollection("", "c", "other", "c"), ErrorCode::kParameterInvalid,
              "must drop all aliases of this collection before rename");
  ExpectError(coordinator_->RenameCollection("", "x", "", "y"), ErrorCode::kCollectionNotFound,
              "collection not found");
  ExpectError(coordinator_->RenameCollection("", "c", "nowhere", "y"), ErrorCode::kDatabaseNotFound,
              "database not found[database=nowhere]");
  ASSERT_TRUE(coordinator_->RenameCollection("", "c", "", "e").ok());
  EXPECT_GT(Get("e")->updated, before);
  EXPECT_EQ(Get("a")->schema.name, "e");
  EXPECT_FALSE(coordinator_->GetCollection("", "c").ok());
  ASSERT_TRUE(coordinator_->RenameCollection("", "d", "other", "c").ok());
  EXPECT_EQ(Get("c", "other")->database_name, "other");
  EXPECT_EQ(coordinator_->ListCollections("")->size(), 1);
  EXPECT_EQ(coordinator_->ListCollections("other")->size(), 1);
  const std::string dump = Dump(*coordinator_);
  Open();
  EXPECT_EQ(Dump(*coordinator_), dump);
}

TEST_F(CoordinatorTest, TruncatesRowsButKeepsSchemaIndexesAndLoadState) {
  CreateIndexed("c");
  ASSERT_TRUE(coordinator_->Load(LoadOf("c")).ok());
  const meta::CollectionPtr before = Get("c");
  Flush("c", 10);
  meta::Segment late = MakeSegment(*before, 10);
  ASSERT_TRUE(coordinator_->TruncateCollection("", "c").ok());
  EXPECT_TRUE(coordinator_->Segments(before->id).empty());
  const meta::CollectionPtr after = Get("c");
  EXPECT_EQ(after->indexes.size(), 1);
  EXPECT_TRUE(after->load.loaded);
  EXPECT_EQ(after->updated, before->updated);
  EXPECT_GT(after->truncated, late.max_timestamp);
  // A flush that was under way holds only rows that are gone.
  EXPECT_TRUE(coordinator_->CommitFlush({late}, {}, std::nullopt)->empty());
  cleanups_.RunAll();
  EXPECT_TRUE(objects_.keys().empty());
}

TEST_F(CoordinatorTest, KeepsAliasesApartFromNames) {
  Create("c");
  Create("d");
  ExpectError(coordinator_->CreateAlias("", "c", "d"), ErrorCode::kAliasCollectionNameConflict,
              "alias and collection name conflict");
  ExpectError(coordinator_->CreateAlias("", "x", "a"), ErrorCode::kCollectionNotFound,
              "collection not found");
  ASSERT_TRUE(coordinator_->CreateAlias("", "c", "a").ok());
  EXPECT_TRUE(coordinator_->CreateAlias("", "c", "a").ok());
  ExpectError(coordinator_->CreateAlias("", "d", "a"), ErrorCode::kAliasAlreadyExists,
              "a is alias to another collection: c");
  ExpectError(coordinator_->AlterAlias("", "d", "b"), ErrorCode::kAliasNotFound, "alias not found");
  ExpectError(coordinator_->CreateCollection(SimpleCollection("a")), ErrorCode::kParameterInvalid,
              "collection name [a] conflicts with an existing alias, please choose a unique name");
  EXPECT_EQ(Get("a")->schema.name, "c");
  ASSERT_TRUE(coordinator_->AlterAlias("", "d", "a").ok());
  EXPECT_TRUE(coordinator_->AlterAlias("", "d", "a").ok());
  EXPECT_EQ(Get("a")->schema.name, "d");
  EXPECT_TRUE(Get("c")->aliases.empty());
  EXPECT_EQ((*coordinator_->DescribeAlias("", "a"))->schema.name, "d");
  ExpectError(coordinator_->DescribeAlias("", "c").status(), ErrorCode::kAliasNotFound,
              "alias not found");
  ExpectError(coordinator_->DescribeAlias("", "").status(), ErrorCode::kParameterMissing,
              "missing parameter");
  EXPECT_TRUE(coordinator_->DropAlias("", "a").ok());
  EXPECT_TRUE(coordinator_->DropAlias("", "a").ok());
  EXPECT_TRUE(coordinator_->DropAlias("", "c").ok());
  EXPECT_EQ(Get("c")->schema.name, "c");
}

TEST_F(CoordinatorTest, MakesAndDropsDatabases) {
  EXPECT_EQ(coordinator_->DescribeDatabase("")->id, DatabaseId(1));
  ExpectError(coordinator_->DropDatabase("default"), ErrorCode::kParameterInvalid,
              "can not drop default database");
  ASSERT_TRUE(coordinator_->CreateDatabase("db", {{"timezone", "UTC"}}).ok());
  ExpectError(coordinator_->CreateDatabase("db", {}), ErrorCode::kParameterInvalid,
              "database already exist: db");
  ExpectError(coordinator_->CreateDatabase("1db", {}), ErrorCode::kDatabaseInvalidName,
              "invalid database name");
  ExpectError(coordinator_->CreateDatabase("tz", {{"timezone", "../../etc/passwd"}}),
              ErrorCode::kParameterInvalid, "unknown or invalid IANA Time Zone ID");
  ASSERT_TRUE(coordinator_->CreateCollection(SimpleCollection("c", "db")).ok());
  EXPECT_EQ(Get("c", "db")->Property("timezone"), "UTC");
  EXPECT_TRUE(coordinator_->CreateCollection(SimpleCollection("c", "db")).ok());
  ExpectError(coordinator_->DropDatabase("db"), ErrorCode::kParameterInvalid,
              "database:db not empty, must drop all collections before drop database");
  ASSERT_TRUE(coordinator_->AlterDatabase("db", {{"k", "v"}}, {}).ok());
  ASSERT_TRUE(coordinator_->AlterDatabase("db", {}, {"timezone"}).ok());
  const meta::KeyValues expected = {{"k", "v"}};
  EXPECT_EQ(coordinator_->DescribeDatabase("db")->properties, expected);
  ExpectError(coordinator_->AlterDatabase("x", {{"k", "v"}}, {}), ErrorCode::kDatabaseNotFound,
              "database not found[database=x]");
  ASSERT_TRUE(coordinator_->DropCollection("db", "c").ok());
  EXPECT_TRUE(coordinator_->DropDatabase("db").ok());
  EXPECT_TRUE(coordinator_->DropDatabase("db").ok());
  EXPECT_EQ(coordinator_->ListDatabases().size(), 1);
  Limits limits;
  limits.databases_max = 1;
  coordinator_->SetLimits(limits);
  ExpectError(coordinator_->CreateDatabase("more", {}), ErrorCode::kDatabaseNumLimitExceeded,
              "exceeded the limit number of database");
}

TEST_F(CoordinatorTest, MakesAndDropsPartitions) {
  CreateIndexed("c");
  EXPECT_TRUE(coordinator_->CreatePartition("", "c", "p").ok());
  EXPECT_TRUE(coordinator_->CreatePartition("", "c", "p").ok());
  EXPECT_EQ(Get("c")->partitions.size(), 2);
  ExpectError(coordinator_->DropPartition("", "c", "_default"), ErrorCode::kParameterInvalid,
              "default partition cannot be deleted");
  EXPECT_TRUE(coordinator_->DropPartition("", "c", "missing").ok());
  const SegmentId segment = Flush("c", 10, 1);
  const SegmentId other = Flush("c", 10, 0);
  ASSERT_TRUE(coordinator_->Load(LoadOf("c")).ok());
  ExpectError(coordinator_->DropPartition("", "c", "p"), ErrorCode::kParameterInvalid,
              "partition cannot be dropped, partition is loaded, please release it first");
  ASSERT_TRUE(coordinator_->ReleasePartitions("", "c", {"p"}).ok());
  const meta::Segment late = MakeSegment(*Get("c"), 10, 1);
  EXPECT_TRUE(coordinator_->DropPartition("", "c", "p").ok());
  EXPECT_FALSE(coordinator_->FindSegment(segment).has_value());
  EXPECT_TRUE(coordinator_->FindSegment(other).has_value());
  EXPECT_TRUE(coordinator_->CommitFlush({late}, {}, std::nullopt)->empty());
  cleanups_.RunAll();
  EXPECT_EQ(objects_.keys().size(), 1);
  Limits limits;
  limits.partitions_max = 1;
  coordinator_->SetLimits(limits);
  ExpectError(coordinator_->CreatePartition("", "c", "q"), ErrorCode::kParameterInvalid,
              "partition number (1) exceeds max configuration (1)");
}

}  // namespace
}  // namespace elanus::coord
