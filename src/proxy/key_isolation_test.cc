#include "proxy/key_isolation.h"

#include <gtest/gtest.h>

#include "expr/test_table.h"

namespace elanus::proxy {
namespace {

class KeyIsolationTest : public testing::Test {
 protected:
  KeyIsolationTest() {
    expr::TestTable table;
    for (const char* field : {"id Int64 primary", "tenant VarChar", "n Int64"}) table.AddField(field);
    collection_.schema = table.schema();
    collection_.schema.fields[1].is_partition_key = true;
    collection_.properties = {{"partitionkey.isolation", "true"}};
  }
  absl::Status Check(std::string_view filter) {
    const auto plan = expr::Compile(filter, collection_.schema);
    EXPECT_TRUE(plan.ok()) << plan.status();
    return CheckKeyIsolation(collection_, **plan);
  }
  void ExpectRefused(std::string_view filter, std::string_view words) {
    const absl::Status status = Check(filter);
    EXPECT_EQ(CodeOf(status), ErrorCode::kParameterInvalid) << filter;
    EXPECT_NE(MessageOf(status).find(words), std::string::npos) << filter << ": " << status;
  }

  meta::Collection collection_;
};

TEST_F(KeyIsolationTest, OneValueOfTheKeyIsNeeded) {
  EXPECT_TRUE(Check("tenant == 'a'").ok());
  EXPECT_TRUE(Check("tenant == 'a' and n > 3").ok());
  EXPECT_TRUE(Check("(n > 3 or id == 7) and tenant == 'a' and not (n == 9)").ok());
  ExpectRefused("", "partition key not found in expr");
  ExpectRefused("n > 3", "partition key not found in expr");
  ExpectRefused("tenant like 'a%'", "partition key not found in expr");
}

TEST_F(KeyIsolationTest, OtherUsesOfTheKeyAreNamed) {
  ExpectRefused("tenant in ['a', 'b']", "partition key isolation does not support IN");
  ExpectRefused("tenant == 'a' or n > 3", "partition key isolation does not support OR");
  ExpectRefused("tenant == 'a' and (tenant == 'b' or n == 1)",
                "partition key isolation does not support OR");
  ExpectRefused("tenant != 'a'", "partition key isolation does not support");
  ExpectRefused("tenant > 'a'", "partition key isolation does not support >");
}

TEST_F(KeyIsolationTest, OtherCollectionsMayAskAnything) {
  collection_.properties = {{"partitionkey.isolation", "false"}};
  EXPECT_TRUE(Check("").ok());
  collection_.properties.clear();
  EXPECT_TRUE(Check("tenant in ['a', 'b']").ok());
  collection_.properties = {{"partitionkey.isolation", "true"}};
  collection_.schema.fields[1].is_partition_key = false;
  EXPECT_TRUE(Check("n > 3").ok());
}

}  // namespace
}  // namespace elanus::proxy
