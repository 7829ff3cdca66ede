#include "querynode/warmup.h"

#include <gtest/gtest.h>

#include "segment/segment_fixture_test.h"

namespace elanus::querynode {
namespace {

TEST(Warmup, TheFieldComesBeforeTheCollectionAndThatBeforeTheServer) {
  const WarmupDefaults defaults;
  meta::Collection collection;
  collection.schema = segment::TestSchema();
  schema::FieldSchema number = *collection.schema.Find(segment::kNumber);
  schema::FieldSchema vector = *collection.schema.Find(segment::kVector);
  EXPECT_EQ(WarmupOf(defaults, collection, number), Warmup::kSync);
  EXPECT_EQ(WarmupOf(defaults, collection, vector), Warmup::kDisable);
  collection.properties = {{"warmup.scalarField", "disable"}, {"warmup.vectorField", "async"}};
  EXPECT_EQ(WarmupOf(defaults, collection, number), Warmup::kDisable);
  EXPECT_EQ(WarmupOf(defaults, collection, vector), Warmup::kAsync);
  number.type_params["warmup"] = "sync";
  EXPECT_EQ(WarmupOf(defaults, collection, number), Warmup::kSync);
}

TEST(Warmup, TheIndexComesBeforeTheCollectionAndThatBeforeTheServer) {
  const WarmupDefaults defaults;
  meta::Collection collection;
  meta::Index index;
  index.metric = "L2";
  EXPECT_EQ(WarmupOf(defaults, collection, index), Warmup::kSync);
  collection.properties = {{"warmup.vectorIndex", "disable"}};
  EXPECT_EQ(WarmupOf(defaults, collection, index), Warmup::kDisable);
  index.user_params = {{"warmup", "async"}};
  EXPECT_EQ(WarmupOf(defaults, collection, index), Warmup::kAsync);
  meta::Index scalar;
  EXPECT_EQ(WarmupOf(defaults, collection, scalar), Warmup::kSync);
  collection.properties.emplace_back("warmup.scalarIndex", "async");
  EXPECT_EQ(WarmupOf(defaults, collection, scalar), Warmup::kAsync);
}

// Whoever asks for one of them asks for the whole collection's segments to be opened by the load.
TEST(Warmup, TheMostEagerLevelIsThatOfAnyFieldOrIndexAlsoOfOnesThatTheSchemaImplies) {
  const WarmupDefaults nothing{.scalar_field = Warmup::kDisable,
                               .scalar_index = Warmup::kDisable,
                               .vector_field = Warmup::kDisable,
                               .vector_index = Warmup::kDisable};
  meta::Collection collection;
  collection.schema = segment::TestSchema();
  EXPECT_EQ(MostEager(nothing, collection), Warmup::kDisable);
  collection.properties = {{"warmup.scalarIndex", "sync"}};
  EXPECT_EQ(MostEager(nothing, collection), Warmup::kDisable) << "there is none";
  schema::FieldSchema text{.id = FieldId(104), .name = "t", .type = schema::DataType::kVarChar};
  text.type_params = {{"enable_analyzer", "true"}, {"enable_match", "true"}};
  collection.schema.fields.push_back(text);
  EXPECT_EQ(MostEager(nothing, collection), Warmup::kSync);
  collection.properties = {{"warmup.scalarIndex", "async"}};
  EXPECT_EQ(MostEager(nothing, collection), Warmup::kAsync);
}

}  // namespace
}  // namespace elanus::querynode
