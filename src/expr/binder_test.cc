// Templates; the rest of the binder is in tests/expr/*.case.
#include "expr/binder.h"

#include <gtest/gtest.h>

#include "expr/test_table.h"

namespace elanus::expr {
namespace {

const TestTable& Table() {
  static const TestTable* const table = new TestTable(EveryType());
  return *table;
}

std::string Bound(std::string_view filter, const TemplateValues& values, bool reports_30 = false) {
  CompileOptions options;
  options.reports_30 = reports_30;
  const absl::StatusOr<PlanPtr> plan = Compile(filter, Table().schema(), values, options);
  if (plan.ok()) return DebugString(**plan);
  const std::string message(MessageOf(plan.status()));
  EXPECT_EQ(CodeOf(plan.status()), ErrorCode::kParameterInvalid);
  return "error: " + message.substr(message.find(", error: ") + 9);
}

TEST(Binder, PutsTemplateValuesWhereConstantsGo) {
  using List = TemplateValue::List;
  const TemplateValues values = {
      {"i", {int64_t{5}}},
      {"d", {1.5}},
      {"s", {std::string("x%")}},
      {"b", {true}},
      {"list", {List{{int64_t{3}}, {int64_t{1}}}}},
      {"texts", {List{{std::string("a")}, {std::string("b")}}}},
      {"mixed", {List{{int64_t{1}}, {std::string("a")}, {List{{int64_t{2}}}}}}}};
  EXPECT_EQ(Bound("n == {i}", values), "n == 5");
  EXPECT_EQ(Bound("{i} < n", values), "n > 5");
  EXPECT_EQ(Bound("d > {i}", values), "d > 5.0");
  EXPECT_EQ(Bound("d == {d}", values), "d == 1.5");
  EXPECT_EQ(Bound("b == {b}", values), "b == true");
  EXPECT_EQ(Bound("n in {list}", values), "n in [1, 3]");
  EXPECT_EQ(Bound("n in [{i}, 7]", values), "n in [5, 7]");
  EXPECT_EQ(Bound("s in {texts}", values), "s in [\"a\", \"b\"]");
  EXPECT_EQ(Bound("s like {s}", values), "s like \"x%\"");
  EXPECT_EQ(Bound("1 < n < {i}", values), "1 < n < 5");
  EXPECT_EQ(Bound("n + {i} == 7", values), "(n + 5) == 7");
  EXPECT_EQ(Bound("json_contains_any(j['l'], {mixed})", values),
            "contains_any(j[\"l\"], [1, \"a\", [2]])");
  EXPECT_EQ(Bound("ai == {list}", values), "ai == [3, 1]");
  EXPECT_EQ(Bound("i8 < {big}", {{"big", {int64_t{1000}}}}), "true_unless_null(i8)");
}

TEST(Binder, ChecksTemplateValuesLikeLiterals) {
  const TemplateValues values = {{"d", {1.5}},
                                 {"s", {std::string("x")}},
                                 {"b", {true}},
                                 {"list", {TemplateValue::List{{1.5}}}},
                                 {"none", {}}};
  EXPECT_EQ(Bound("n == {d}", values), "error: cannot cast value to Int64: 1.5 (line 1, column 3)");
  EXPECT_EQ(Bound("n == {s}", values),
            "error: comparisons between Int64 and VarChar are not supported (line 1, column 3)");
  EXPECT_EQ(Bound("n in {list}", values),
            "error: value '1.5' in list cannot be casted to Int64 (line 1, column 3)");
  EXPECT_EQ(Bound("n in {s}", values),
            "error: the right-hand side of 'in' must be a list, but got: {s} (line 1, column 3)");
  EXPECT_EQ(Bound("n == {missing}", values),
            "error: the value of expression template variable name {missing} is not found (line 1, "
            "column 6)");
  EXPECT_EQ(Bound("n == {none}", values),
            "error: the value of expression template variable name {none} is not found (line 1, "
            "column 6)");
  EXPECT_NE(Bound("{d} == 1", values).find("two constants"), std::string::npos);
  EXPECT_NE(Bound("n == {d} + 1", values).find("two constants"), std::string::npos);
  EXPECT_NE(Bound("{b}", values).find("not a boolean expression"), std::string::npos);
}

TEST(Binder, ShowsTheFilterAndCutsALongOne) {
  const absl::StatusOr<PlanPtr> plan = Compile("nn == 'é' and\n x", Table().schema(), {});
  ASSERT_FALSE(plan.ok());
  EXPECT_EQ(MessageOf(plan.status()),
            "cannot parse expression: nn == 'é' and\n x, error: 'and' can only be used between "
            "boolean expressions (line 1, column 11)");
  const absl::StatusOr<PlanPtr> longer =
      Compile("n == '" + std::string(100'000, 'x') + "'", Table().schema(), {});
  ASSERT_FALSE(longer.ok());
  EXPECT_LT(MessageOf(longer.status()).size(), 3000u);
}

TEST(Binder, LetsAFieldWinOverADynamicKey) {
  EXPECT_EQ(Bound("n == 1", {}), "n == 1");
  EXPECT_EQ(Bound("$meta['n'] == 1", {}), "$meta[\"n\"] == 1");
  EXPECT_EQ(Bound("other['k'] == 1", {}), "$meta[\"other\"][\"k\"] == 1");
}

TEST(Binder, BoundsWhatJsonCosts) {
  std::string paths = "j['k0'] == 1";
  for (int i = 1; i <= kMaxJsonPaths; ++i) paths += " or j['k" + std::to_string(i) + "'] == 1";
  EXPECT_NE(Bound(paths, {}).find("JSON paths"), std::string::npos);
  std::string list = "json_contains_any(j, [";
  for (size_t i = 0; i <= kMaxContainsValues; ++i) list += "1,";
  EXPECT_NE(Bound(list + "])", {}).find("at most"), std::string::npos);
}

}  // namespace
}  // namespace elanus::expr
