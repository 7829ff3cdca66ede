#include <gtest/gtest.h>

#include "expr/expr.h"
#include "expr/test_table.h"

namespace elanus::expr {
namespace {

using schema::PrimaryKey;
using Keys = std::vector<PrimaryKey>;

PlanPtr MustCompile(std::string_view filter, const TemplateValues& values = {}) {
  static const TestTable* const table = new TestTable(EveryType());
  absl::StatusOr<PlanPtr> plan = Compile(filter, table->schema(), values);
  ELANUS_CHECK_OK(plan.status());
  return *plan;
}

FieldId IdOf(std::string_view name) {
  static const TestTable* const table = new TestTable(EveryType());
  return table->schema().Find(name)->id;
}

TEST(Inspect, TellsFiltersThatAreNoFilter) {
  EXPECT_TRUE(IsAlwaysTrue(*MustCompile("")));
  EXPECT_TRUE(IsAlwaysTrue(*MustCompile(" \n")));
  EXPECT_TRUE(IsAlwaysTrue(*MustCompile("1 == 1")));
  EXPECT_TRUE(IsAlwaysTrue(*MustCompile("n not in []")));
  EXPECT_FALSE(IsAlwaysTrue(*MustCompile("n > 0")));
  EXPECT_FALSE(IsAlwaysTrue(*MustCompile("i8 < 1000")));
  EXPECT_TRUE(IsAlwaysFalse(*MustCompile("1 == 2")));
  EXPECT_TRUE(IsAlwaysFalse(*MustCompile("i64 in []")));
  EXPECT_TRUE(IsAlwaysFalse(*MustCompile("n > 1 and i8 == 1000")));
  EXPECT_FALSE(IsAlwaysFalse(*MustCompile("n > 1")));
}

TEST(Inspect, FindsExactPrimaryKeysAsWritten) {
  EXPECT_EQ(ExactPrimaryKeys(*MustCompile("id in [3, 1, 3]")), (Keys{3, 1, 3}));
  EXPECT_EQ(ExactPrimaryKeys(*MustCompile("id == 5")), Keys{5});
  EXPECT_EQ(ExactPrimaryKeys(*MustCompile("5 == id")), Keys{5});
  EXPECT_EQ(ExactPrimaryKeys(*MustCompile("(id in [])")), Keys{});
  EXPECT_EQ(ExactPrimaryKeys(*MustCompile(
                "id in {ids}", {{"ids", {TemplateValue::List{{int64_t{2}}, {int64_t{1}}}}}})),
            (Keys{2, 1}));
  for (const std::string_view other :
       {"id > 5", "id != 5", "id not in [5]", "id == 5 or id == 6", "id == 5 and n == 1",
        "not (id != 5)", "n in [1]", "id + 0 == 5", ""}) {
    EXPECT_FALSE(ExactPrimaryKeys(*MustCompile(other)).has_value()) << other;
  }
}

TEST(Inspect, FindsValuesThatAFieldMustHave) {
  const FieldId n = IdOf("n");
  const auto required = [&](std::string_view filter) {
    return RequiredValues(*MustCompile(filter), n);
  };
  EXPECT_EQ(required("n == 1"), Keys{1});
  EXPECT_EQ(required("n in [2, 1, 2] and i64 > 5"), (Keys{1, 2}));
  EXPECT_EQ(required("n == 1 or n == 2"), (Keys{1, 2}));
  EXPECT_EQ(required("(n == 3 and i64 > 5) or (n == 1 and i8 == 0)"), (Keys{1, 3}));
  EXPECT_EQ(required("n in [1, 2, 3] and n in [1]"), Keys{1});
  EXPECT_EQ(required("n == 1 and (i64 == 1 or s == 'x')"), Keys{1});
  EXPECT_EQ(required("1 == 2"), Keys{});
  EXPECT_EQ(required("n == 1 or i64 == 1"), std::nullopt);
  EXPECT_EQ(required("n > 1"), std::nullopt);
  EXPECT_EQ(required("not (n == 1)"), std::nullopt);
  EXPECT_EQ(required("n + 1 == 1"), std::nullopt);
  EXPECT_EQ(required(""), std::nullopt);
  EXPECT_EQ(RequiredValues(*MustCompile("s in ['b', 'a']"), IdOf("s")),
            (Keys{std::string("a"), std::string("b")}));
}

TEST(Inspect, ListsTheFieldsThatAreRead) {
  EXPECT_EQ(FieldsOf(*MustCompile("s == 'x' and (n > i64 or color == 'red')")),
            (std::vector<FieldId>{IdOf("i64"), IdOf("s"), IdOf("n"), IdOf("$meta")}));
  EXPECT_EQ(FieldsOf(*MustCompile("n is null or i64 == 1")), std::vector<FieldId>{IdOf("i64")});
  EXPECT_TRUE(FieldsOf(*MustCompile("")).empty());
}

TEST(Inspect, ShortensLongListsInText) {
  std::string filter = "n in [";
  for (int i = 0; i < 1000; ++i) filter += std::to_string(i) + ",";
  const std::string text = DebugString(*MustCompile(filter + "]"));
  EXPECT_LT(text.size(), 400u);
  EXPECT_NE(text.find("... 1000 values]"), std::string::npos);
}

TEST(Inspect, NamesThePathsOfJsonFieldsThatAreReadByPathsAlone) {
  const TestTable table = EveryType();
  const auto paths = [&](const char* filter) {
    const auto plan = Compile(filter, table.schema());
    EXPECT_TRUE(plan.ok()) << plan.status();
    std::string out;
    for (const auto& [field, of_field] : JsonPathsOf(**plan)) {
      for (const JsonPath& path : of_field) {
        out += fmt::format("{}", field);
        for (const JsonStep& step : path) out += "/" + step.key;
        out += " ";
      }
    }
    return out;
  };
  EXPECT_EQ(paths("j['a'] == 1 and (i8 > 2 or not (exists j['a']['b']))"), "116/a 116/a/b ");
  EXPECT_EQ(paths("color == 'red'"), "119/color ");
  EXPECT_EQ(paths("j is null or j['a'] == 1"), "");
  EXPECT_EQ(paths("i8 > 2"), "");
}

}  // namespace
}  // namespace elanus::expr
