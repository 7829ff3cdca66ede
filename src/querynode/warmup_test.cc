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

}  // namespace
}  // namespace elanus::querynode
