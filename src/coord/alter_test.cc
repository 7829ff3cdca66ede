#include "coord/coordinator_fixture_test.h"
#include "coord/property_rules.h"

namespace elanus::coord {
namespace {

using schema::DataType;

TEST_F(CoordinatorTest, ChangesTheUpdateTimeWithEveryAlterationAndOnlyThen) {
  Create("c");
  const auto changes = [&](const absl::Status& status) {
    EXPECT_TRUE(status.ok()) << status;
    static Timestamp last;
    const Timestamp now = Get("c")->updated;
    return std::exchange(last, now) != now;
  };
  EXPECT_TRUE(changes(absl::OkStatus()));
  EXPECT_TRUE(changes(coordinator_->AlterCollection("", "c", {{"k", "v"}}, {})));
  EXPECT_FALSE(changes(coordinator_->AlterCollection("", "c", {{"k", "v"}}, {})));
  EXPECT_FALSE(changes(coordinator_->AlterCollection("", "c", {}, {"absent"})));
  EXPECT_TRUE(changes(coordinator_->AlterCollection("", "c", {}, {"k"})));
  EXPECT_TRUE(
      changes(coordinator_->AlterCollection("", "c", {{"collection.description", "about"}}, {})));
  EXPECT_EQ(Get("c")->schema.description, "about");
  EXPECT_TRUE(Get("c")->properties.empty());
  EXPECT_TRUE(
      changes(coordinator_->AlterCollection("", "c", {{"consistency_level", "Strong"}}, {})));
  EXPECT_EQ(Get("c")->consistency, meta::ConsistencyLevel::kStrong);
  EXPECT_TRUE(
      changes(coordinator_->AlterCollection("", "c", {{"dynamicfield.enabled", "True"}}, {})));
  EXPECT_FALSE(
      changes(coordinator_->AlterCollection("", "c", {{"dynamicfield.enabled", "true"}}, {})));
  EXPECT_TRUE(changes(coordinator_->AlterField("", "c", "n", {{"mmap_enabled", "true"}}, {})));
  schema::FieldSchema field = MakeField("x", DataType::kVarChar, {{"max_length", "9"}});
  field.nullable = true;
  EXPECT_TRUE(changes(coordinator_->AddField("", "c", field)));
  EXPECT_FALSE(changes(coordinator_->CreateIndex(HnswIndex("c"))));
  EXPECT_FALSE(changes(coordinator_->CreatePartition("", "c", "p")));
  EXPECT_FALSE(changes(coordinator_->CreateAlias("", "c", "a")));
  EXPECT_FALSE(changes(coordinator_->Load(LoadOf("c"))));
  const Timestamp old = Get("c")->updated;
  ASSERT_TRUE(coordinator_->DropAlias("", "a").ok());
  ASSERT_TRUE(coordinator_->DropCollection("", "c").ok());
  Create("c");
  EXPECT_NE(Get("c")->updated, old);
}

TEST_F(CoordinatorTest, RowsExpireByAgeOrByTheirOwnTimeButNotByBoth) {
  Create("c");
  const auto alter = [&](const meta::KeyValues& set) {
    return coordinator_->AlterCollection("", "c", set, {});
  };
  for (const char* bad : {"-2", "3155760001", "1.5", "", "a"}) {
    ExpectError(alter({{"collection.ttl.seconds", bad}}), ErrorCode::kParameterInvalid, bad);
  }
  ExpectError(alter({{"ttl_field", "absent"}}), ErrorCode::kParameterInvalid, "absent");
  ExpectError(alter({{"ttl_field", "n"}}), ErrorCode::kParameterInvalid, "Timestamptz");
  schema::FieldSchema gone_at = MakeField("gone_at", DataType::kTimestamptz);
  gone_at.nullable = true;
  ASSERT_TRUE(coordinator_->AddField("", "c", gone_at).ok());
  ASSERT_TRUE(alter({{"collection.ttl.seconds", "60"}}).ok());
  ExpectError(alter({{"ttl_field", "gone_at"}}), ErrorCode::kParameterInvalid,
              "cannot be set at the same time");
  ASSERT_TRUE(alter({{"collection.ttl.seconds", "-1"}, {"ttl_field", "gone_at"}}).ok());
  ExpectError(alter({{"collection.ttl.seconds", "60"}}), ErrorCode::kParameterInvalid,
              "cannot be set at the same time");
  EXPECT_EQ(Get("c")->Property("collection.ttl.seconds"), "-1");
  ASSERT_TRUE(coordinator_->AlterCollection("", "c", {}, {"ttl_field"}).ok());
  ASSERT_TRUE(alter({{"collection.ttl.seconds", "60"}}).ok());
}

TEST_F(CoordinatorTest, ReadersHaveTheFieldThatRowsExpireBy) {
  Create("c");
  schema::FieldSchema gone_at = MakeField("gone_at", DataType::kTimestamptz);
  gone_at.nullable = true;
  ASSERT_TRUE(coordinator_->AddField("", "c", gone_at).ok());
  ASSERT_TRUE(coordinator_->CreateIndex(HnswIndex("c")).ok());
  roles::LoadRequest request = LoadOf("c");
  request.fields = {"id", "v"};
  ASSERT_TRUE(coordinator_->Load(request).ok());
  ExpectError(coordinator_->AlterCollection("", "c", {{"ttl_field", "gone_at"}}, {}),
              ErrorCode::kCollectionLoaded, "gone_at");
  ASSERT_TRUE(coordinator_->ReleaseCollection("", "c").ok());
  ASSERT_TRUE(coordinator_->AlterCollection("", "c", {{"ttl_field", "gone_at"}}, {}).ok());
  ExpectError(coordinator_->Load(request), ErrorCode::kParameterInvalid, "gone_at");
  request.fields.push_back("gone_at");
  EXPECT_TRUE(coordinator_->Load(request).ok());
}

TEST_F(CoordinatorTest, AddsTheDynamicFieldOnceAndNeverTakesItAway) {
  Create("c");
  ExpectError(
      coordinator_->AlterCollection("", "c", {{"dynamicfield.enabled", "true"}, {"k", "v"}}, {}),
      ErrorCode::kParameterInvalid, "dynamicfield.enabled");
  ASSERT_TRUE(coordinator_->AlterCollection("", "c", {{"dynamicfield.enabled", "true"}}, {}).ok());
  const meta::CollectionPtr c = Get("c");
  EXPECT_TRUE(c->schema.enable_dynamic_field);
  EXPECT_EQ(c->schema.dynamic_field()->id, FieldId(103));
  ExpectError(coordinator_->AlterCollection("", "c", {{"dynamicfield.enabled", "false"}}, {}),
              ErrorCode::kParameterInvalid, "dynamic schema cannot supported to be disabled");
}

TEST_F(CoordinatorTest, ChecksCollectionProperties) {
  CreateIndexed("c");
  const std::tuple<meta::KeyValues, ErrorCode, std::string_view> cases[] = {
      {{{"collection.ttl.seconds", "-2"}}, ErrorCode::kParameterInvalid, "collection.ttl.seconds"},
      {{{"collection.ttl.seconds", "3155760001"}}, ErrorCode::kParameterInvalid, "3155760000"},
      {{{"collection.ttl.seconds", "x"}}, ErrorCode::kParameterInvalid, "collection.ttl.seconds"},
      {{{"mmap.enabled", "yes"}}, ErrorCode::kParameterInvalid, "mmap.enabled"},
      {{{"mmap_enabled", "yes"}}, ErrorCode::kParameterInvalid, "mmap.enabled"},
      {{{"warmup.vectorIndex", "now"}}, ErrorCode::kParameterInvalid, "warmup.vectorIndex"},
      {{{"timezone", "Mars/Olympus"}},
       ErrorCode::kParameterInvalid,
       "unknown or invalid IANA Time Zone ID"},
      {{{"consistency_level", "Weak"}}, ErrorCode::kParameterInvalid, "consistency level"},
      {{{"query_mode", "large_topk"}}, ErrorCode::kIndexDuplicate, "Please drop the index first"},
      {{{"partitionkey.isolation", "true"}},
       ErrorCode::kIndexDuplicate,
       "Please drop the index first"},
  };
  for (const auto& [set, code, words] : cases) {
    ExpectError(coordinator_->AlterCollection("", "c", set, {}), code, words);
  }
  ExpectError(coordinator_->AlterCollection("", "c", {}, {}), ErrorCode::kParameterInvalid,
              "no properties or delete keys provided");
  ExpectError(coordinator_->AlterCollection("", "c", {{"a", "b"}}, {"c"}),
              ErrorCode::kParameterInvalid, "cannot provide both DeleteKeys and ExtraParams");
  ExpectError(coordinator_->AlterCollection("", "x", {{"a", "b"}}, {}),
              ErrorCode::kCollectionNotFound, "collection not found");
  for (const char* good : {"-1", "0", "3155760000"}) {
    EXPECT_TRUE(
        coordinator_->AlterCollection("", "c", {{"collection.ttl.seconds", good}}, {}).ok());
  }
  EXPECT_TRUE(coordinator_->AlterCollection("", "c", {{"timezone", "UTC"}}, {}).ok());
  EXPECT_TRUE(coordinator_->AlterCollection("", "c", {{"any.thing", "\xc3\xa9"}}, {}).ok());
  Create("d");
  ExpectError(coordinator_->AlterCollection("", "d", {{"partitionkey.isolation", "true"}}, {}),
              ErrorCode::kParameterInvalid, "partition key");
}

TEST_F(CoordinatorTest, RefusesMemoryPropertiesWhileLoaded) {
  CreateIndexed("c");
  ASSERT_TRUE(coordinator_->AlterCollection("", "c", {{"mmap.enabled", "true"}}, {}).ok());
  ASSERT_TRUE(coordinator_->Load(LoadOf("c")).ok());
  for (const char* key : {"mmap.enabled", "lazyload.enabled"}) {
    ExpectError(coordinator_->AlterCollection("", "c", {{key, "false"}}, {}),
                ErrorCode::kCollectionLoaded, "can not alter mmap properties if collection loaded");
  }
  ExpectError(coordinator_->AlterCollection("", "c", {{"warmup.scalarField", "sync"}}, {}),
              ErrorCode::kCollectionLoaded, "can not alter mmap properties if collection loaded");
  ExpectError(coordinator_->AlterCollection("", "c", {}, {"mmap.enabled"}),
              ErrorCode::kCollectionLoaded, "can not alter mmap properties if collection loaded");
  ExpectError(coordinator_->AlterField("", "c", "n", {{"mmap.enabled", "true"}}, {}),
              ErrorCode::kCollectionLoaded, "if collection loaded");
  EXPECT_TRUE(coordinator_->AlterCollection("", "c", {{"collection.ttl.seconds", "5"}}, {}).ok());
  ASSERT_TRUE(coordinator_->ReleaseCollection("", "c").ok());
  EXPECT_TRUE(coordinator_->AlterCollection("", "c", {}, {"mmap.enabled"}).ok());
}

TEST_F(CoordinatorTest, AltersOnlyWhatAFieldAllows) {
  roles::CreateCollectionRequest request = SimpleCollection("c");
  request.schema.fields.push_back(MakeField("s", DataType::kVarChar, {{"max_length", "10"}}));
  request.schema.fields.push_back(MakeField("a", DataType::kArray, {{"max_capacity", "4"}}));
  request.schema.fields.back().element_type = DataType::kInt64;
  ASSERT_TRUE(coordinator_->CreateCollection(request).ok());
  EXPECT_TRUE(coordinator_->AlterField("", "c", "s", {{"max_length", "20"}}, {}).ok());
  EXPECT_EQ(Get("c")->schema.Find("s")->max_length(), 20);
  EXPECT_TRUE(coordinator_->AlterField("", "c", "a", {{"max_capacity", "8"}}, {}).ok());
  EXPECT_TRUE(coordinator_->AlterField("", "c", "n", {{"field.description", "d"}}, {}).ok());
  EXPECT_EQ(Get("c")->schema.Find("n")->description, "d");
  ExpectError(coordinator_->AlterField("", "c", "s", {{"max_length", "70000"}}, {}),
              ErrorCode::kParameterInvalid,
              "the maximum length specified for the field(s) should be in (0, 65535]");
  ExpectError(coordinator_->AlterField("", "c", "n", {{"max_length", "20"}}, {}),
              ErrorCode::kParameterInvalid, "max_length");
  ExpectError(coordinator_->AlterField("", "c", "v", {{"dim", "16"}}, {}),
              ErrorCode::kParameterInvalid, "dim");
  ExpectError(coordinator_->AlterField("", "c", "s", {}, {"max_length"}),
              ErrorCode::kParameterInvalid, "max_length");
  ExpectError(coordinator_->AlterField("", "c", "x", {{"max_length", "2"}}, {}),
              ErrorCode::kFieldNotFound, "field not found");
}

TEST_F(CoordinatorTest, AddsFieldsThatOldRowsCanDoWithout) {
  roles::CreateCollectionRequest request = SimpleCollection("c");
  request.schema.enable_dynamic_field = true;
  ASSERT_TRUE(coordinator_->CreateCollection(request).ok());
  schema::FieldSchema field = MakeField("x", DataType::kInt64);
  ExpectError(coordinator_->AddField("", "c", field), ErrorCode::kParameterInvalid,
              "added field must be nullable, please check it, field name = x");
  field.nullable = true;
  EXPECT_TRUE(coordinator_->AddField("", "c", field).ok());
  EXPECT_EQ(Get("c")->schema.Find("x")->id, FieldId(104));
  ExpectError(coordinator_->AddField("", "c", field), ErrorCode::kParameterInvalid,
              "duplicate field name: x");
  field.name = "y";
  field.is_partition_key = true;
  EXPECT_FALSE(coordinator_->AddField("", "c", field).ok());
  ExpectError(coordinator_->AddField("", "nope", field), ErrorCode::kCollectionNotFound,
              "collection not found");
  const std::string dump = Dump(*coordinator_);
  Open();
  EXPECT_EQ(Dump(*coordinator_), dump);
}

TEST(PropertyRules, KeepsOrderAndOneSpelling) {
  meta::KeyValues properties = {{"a", "1"}, {"mmap.enabled", "true"}, {"b", "2"}};
  SetProperties(properties, {{"mmap_enabled", "false"}, {"c", "3"}, {"a", "4"}});
  const meta::KeyValues expected = {{"a", "4"}, {"mmap.enabled", "false"}, {"b", "2"}, {"c", "3"}};
  EXPECT_EQ(properties, expected);
  DeleteProperties(properties, {"mmap_enabled", "x"});
  EXPECT_EQ(properties.size(), 3);
}

}  // namespace
}  // namespace elanus::coord
