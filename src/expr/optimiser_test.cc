#include "expr/optimiser.h"

#include <gtest/gtest.h>

#include "expr/expr.h"
#include "expr/test_table.h"

namespace elanus::expr {
namespace {

std::string Plain(std::string_view filter, bool reports_30 = false) {
  static const TestTable* const table = new TestTable(EveryType());
  CompileOptions options;
  options.reports_30 = reports_30;
  const absl::StatusOr<PlanPtr> plan = Compile(filter, table->schema(), {}, options);
  return plan.ok() ? DebugString(**plan) : std::string(MessageOf(plan.status()));
}

TEST(Optimiser, MergesEqualitiesOfOneColumn) {
  EXPECT_EQ(Plain("n == 1 or n == 2 or n == 1"), "n in [1, 2]");
  EXPECT_EQ(Plain("n == 3 or s == 'x' or n in [1, 2]"), "(n in [1, 2, 3] or s == \"x\")");
  EXPECT_EQ(Plain("j['a'] == 1 or j['a'] == 2"), "j[\"a\"] in [1, 2]");
  EXPECT_EQ(Plain("n == 1 or (n == 2 or n == 3)"), "n in [1, 2, 3]");
}

TEST(Optimiser, KeepsEqualitiesApartThatCompareInDifferentWays) {
  EXPECT_EQ(Plain("j['a'] == 1 or j['a'] == 'x'"), "(j[\"a\"] == 1 or j[\"a\"] == \"x\")");
  EXPECT_EQ(Plain("j['a'] == 1 or j['a'] == 1.5"), "(j[\"a\"] == 1 or j[\"a\"] == 1.5)");
  EXPECT_EQ(Plain("n == 1 or i64 == 1"), "(n == 1 or i64 == 1)");
  EXPECT_EQ(Plain("n + 1 == 1 or n + 1 == 2"), "((n + 1) == 1 or (n + 1) == 2)");
}

TEST(Optimiser, MergesRangesOfOneColumn) {
  EXPECT_EQ(Plain("n > 1 and n < 9"), "1 < n < 9");
  EXPECT_EQ(Plain("n > 1 and n > 3 and n >= 3"), "n > 3");
  EXPECT_EQ(Plain("n >= 3 and n <= 9 and 1 < n < 9"), "3 <= n < 9");
  EXPECT_EQ(Plain("s > 'a' and n > 1 and s <= 'b'"), "(n > 1 and \"a\" < s <= \"b\")");
  EXPECT_EQ(Plain("j['a'] > 1 and j['a'] < 9"), "(j[\"a\"] > 1 and j[\"a\"] < 9)");
  EXPECT_EQ(Plain("n > 1 and n == 3"), "(n > 1 and n == 3)");
}

TEST(Optimiser, TurnsASingleItemListIntoAnEquality) {
  EXPECT_EQ(Plain("n in [7]"), "n == 7");
  EXPECT_EQ(Plain("n not in [7]"), "n != 7");
  EXPECT_EQ(Plain("i64 in []"), "false_unless_null(i64)");
  EXPECT_EQ(Plain("n in []"), "false");
  EXPECT_EQ(Plain("n not in []"), "true");
}

TEST(Optimiser, NegatesOnlyWhereNullsAllow) {
  EXPECT_EQ(Plain("not (i64 == 1)"), "i64 != 1");
  EXPECT_EQ(Plain("not (i64 is null)"), "i64 is not null");
  EXPECT_EQ(Plain("not not (i64 > 1)"), "i64 > 1");
  EXPECT_EQ(Plain("not (i64 > 1)"), "not (i64 > 1)");
  EXPECT_EQ(Plain("not (ai[0] == 1)"), "not (ai[0] == 1)");
  EXPECT_EQ(Plain("not (ai[0] == 1)", true), "ai[0] != 1");
  EXPECT_EQ(Plain("not (j['a'] == 1)"), "j[\"a\"] != 1");
}

TEST(Optimiser, FoldsConstants) {
  EXPECT_EQ(Plain("n is null"), "false");
  EXPECT_EQ(Plain("n is null or i64 == 1"), "i64 == 1");
  EXPECT_EQ(Plain("n is not null and i64 == 1"), "i64 == 1");
  EXPECT_EQ(Plain("n is null and i64 == 1"), "false");
  EXPECT_EQ(Plain("not (n is null)"), "true");
  EXPECT_EQ(Plain("i8 < 1000"), "true_unless_null(i8)");
  EXPECT_EQ(Plain("i64 == 1 or 1 == 1", true), "true");
}

TEST(Optimiser, PutsCheapTestsFirst) {
  EXPECT_EQ(Plain("j['a'] == 1 and s like 'x%' and n == 1"),
            "(n == 1 and s like \"x%\" and j[\"a\"] == 1)");
}

}  // namespace
}  // namespace elanus::expr
