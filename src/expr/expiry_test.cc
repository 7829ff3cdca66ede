#include "expr/expiry.h"

#include <gtest/gtest.h>

#include "expr/test_table.h"

namespace elanus::expr {
namespace {

TEST(Expiry, KeepsRowsOfALaterTimeAndThoseOfNone) {
  TestTable table;
  table.AddField("id Int64 primary");
  table.AddField("gone_at Timestamptz nullable");
  for (const char* row : {R"({"id":1,"gone_at":99})", R"({"id":2,"gone_at":100})",
                          R"({"id":3,"gone_at":101})", R"({"id":4})"}) {
    table.AddRow(row);
  }
  const schema::FieldSchema& field = *table.schema().Find("gone_at");
  EXPECT_EQ(table.Matching(*NotExpired(field, 100)), (std::vector<int64_t>{3, 4}));
  EXPECT_EQ(table.Matching(*NotExpired(field, 1000)), std::vector<int64_t>{4});
}

TEST(Expiry, NeedsNoNullable) {
  TestTable table;
  table.AddField("id Int64 primary");
  table.AddField("gone_at Timestamptz");
  table.AddRow(R"({"id":1,"gone_at":-5})");
  table.AddRow(R"({"id":2,"gone_at":5})");
  EXPECT_EQ(table.Matching(*NotExpired(*table.schema().Find("gone_at"), 0)),
            std::vector<int64_t>{2});
}

}  // namespace
}  // namespace elanus::expr
