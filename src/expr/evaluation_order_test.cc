// Statistics, what is estimated from them, and the order that follows.
#include "expr/evaluation_order.h"

#include <gtest/gtest.h>

#include <random>

#include "expr/evaluation_trace.h"
#include "expr/test_table.h"

namespace elanus::expr {
namespace {

constexpr int64_t kRows = 50'000;

// u uniform in [0, 1000), s skewed (nine of ten are 7), n null in every fourth row, t "w0"..."w99",
// c the number of the row.
const TestTable& Table() {
  static const TestTable* const table = [] {
    auto* made = new TestTable();
    for (const std::string_view field : {"id Int64 primary", "u Int32", "s Int64",
                                         "n Double nullable", "t VarChar", "c Int64", "j JSON"}) {
      made->AddField(field);
    }
    std::mt19937_64 random(7);
    for (int64_t row = 0; row < kRows; ++row) {
      made->column("id").Append(row);
      made->column("u").Append(static_cast<int32_t>(random() % 1000));
      made->column("s").Append(static_cast<int64_t>(random() % 10 == 0 ? random() % 1000 : 7));
      if (random() % 4 == 0) {
        made->column("n").AppendNull();
      } else {
        made->column("n").Append(static_cast<double>(random() % 100));
      }
      made->column("t").AppendRaw("w" + std::to_string(random() % 100));
      made->column("c").Append(row);
      made->column("j").AppendRaw("{\"k\": " + std::to_string(random() % 10) + "}");
    }
    made->set_num_rows(kRows);
    made->KeepStatistics();
    return made;
  }();
  return *table;
}

PlanPtr MustCompile(std::string_view filter) {
  CompileOptions options;
  options.reports_30 = true;
  const absl::StatusOr<PlanPtr> plan = Compile(filter, Table().schema(), {}, options);
  ELANUS_CHECK_OK(plan.status());
  return *plan;
}

TEST(Selectivity, IsNearWhatRowsSay) {
  for (const char* filter :
       {"u < 100", "u >= 900", "u == 5", "u != 5", "100 < u <= 300", "u in [1, 2, 3]", "s == 7",
        "s != 7", "n is null", "n is not null", "n < 50", "n == 3", "not (n < 50)", "t == 'w5'",
        "t like 'w1%'", "t >= 'w5'", "c < 5000", "u < 500 and c < 25000", "u < 500 or c < 25000"}) {
    const PlanPtr plan = MustCompile(filter);
    const double real = static_cast<double>(Table().Matching(*plan).size()) / kRows;
    EvaluationTrace trace;
    kernels::Bitset out(kRows);
    ASSERT_TRUE(Evaluate(*plan, Table(), {}, out, Cancellation(), {.trace = &trace}).ok());
    EXPECT_NEAR(trace.order.selectivity[plan->root->id], real, 0.05) << filter;
  }
}

std::vector<std::string> OrderChosen(std::string_view filter) {
  const PlanPtr plan = MustCompile(filter);
  EvaluationTrace trace;
  kernels::Bitset out(kRows);
  ELANUS_CHECK_OK(Evaluate(*plan, Table(), {}, out, Cancellation(), {.trace = &trace}));
  const auto* conjunction = std::get_if<And>(&plan->root->is);
  const auto& children =
      conjunction != nullptr ? conjunction->children : std::get<Or>(plan->root->is).children;
  std::vector<std::string> texts;
  for (const int i : trace.order.children[plan->root->id]) {
    texts.push_back(DebugString(*plan, *children[i]));
  }
  return texts;
}

TEST(EvaluationOrder, PutsFirstWhatDecidesMostForItsCost) {
  using Texts = std::vector<std::string>;
  // All cost the same: in a conjunction the one that keeps least, in a disjunction the one that
  // keeps most.
  EXPECT_EQ(OrderChosen("u > 10 and c < 100 and s < 500"), (Texts{"c < 100", "s < 500", "u > 10"}));
  EXPECT_EQ(OrderChosen("u < 10 or c > 100"), (Texts{"c > 100", "u < 10"}));
  // A text costs more than a number, but this number is nearly always 7.
  EXPECT_EQ(OrderChosen("s != 8 and t == 'w5'"), (Texts{"t == \"w5\"", "s != 8"}));
  EXPECT_EQ(OrderChosen("j['k'] == 3 and u < 500"), (Texts{"u < 500", "j[\"k\"] == 3"}));
}

TEST(EvaluationOrder, ChangesNoAnswer) {
  for (const char* filter : {"s != 8 and t == 'w5' and n < 50", "s != 8 or t == 'w5' or n < 50",
                             "not (s != 8 and (t == 'w5' or n < 50))",
                             "(u < 100 and n > 5) or (u < 100 and t > 'w5')"}) {
    TestTable plain(Table());
    plain.ForgetStatistics();
    const PlanPtr plan = MustCompile(filter);
    EXPECT_EQ(Table().Matching(*plan), plain.Matching(*plan)) << filter;
  }
}

TEST(EvaluationTrace, SaysWhatEveryStepSaw) {
  const PlanPtr plan = MustCompile("t like '%9' and c < 100");
  EvaluationTrace trace;
  kernels::Bitset out(kRows);
  ASSERT_TRUE(Evaluate(*plan, Table(), {}, out, Cancellation(), {.trace = &trace}).ok());
  const auto& children = std::get<And>(plan->root->is).children;
  for (const NodePtr& child : children) {
    const NodeTrace& node = trace.nodes[child->id];
    const std::string text = DebugString(*plan, *child);
    if (text == "c < 100") {
      EXPECT_EQ(node.rows_asked, kRows);
      EXPECT_EQ(node.rows_true, 100);
    } else {
      // Only the rows that are left.
      EXPECT_EQ(node.rows_asked, 100) << text;
    }
  }
  EXPECT_EQ(trace.nodes[plan->root->id].rows_true, out.Count());
}

TEST(SharedPredicates, AreTestedOnceARow) {
  const PlanPtr plan = MustCompile("(t like '%5' and u < 500) or (t like '%5' and n > 50)");
  EXPECT_EQ(plan->num_shared, 1);
  const auto& children = std::get<Or>(plan->root->is).children;
  std::vector<int> ids;
  for (const NodePtr& child : children) {
    for (const NodePtr& leaf : std::get<And>(child->is).children) ids.push_back(leaf->shared);
  }
  EXPECT_EQ(std::count(ids.begin(), ids.end(), 0), 2);
  std::vector<int64_t> expected;
  const PlanPtr parts[] = {MustCompile("t like '%5' and u < 500"),
                           MustCompile("t like '%5' and n > 50")};
  for (const PlanPtr& part : parts) {
    const std::vector<int64_t> rows = Table().Matching(*part);
    expected.insert(expected.end(), rows.begin(), rows.end());
  }
  std::sort(expected.begin(), expected.end());
  expected.erase(std::unique(expected.begin(), expected.end()), expected.end());
  EXPECT_EQ(Table().Matching(*plan), expected);
}

TEST(ColumnStatistics, EstimateHowManyValuesThereAre) {
  const ColumnStatistics unique(Table().Rows(FieldId(105), 0, kRows));
  EXPECT_GT(unique.distinct(), kRows / 2);
  const ColumnStatistics hundred(Table().Rows(FieldId(104), 0, kRows));
  EXPECT_NEAR(hundred.distinct(), 100, 10);
  EXPECT_LT(hundred.memory_bytes(), 64 << 10);
  schema::Column empty({.type = schema::DataType::kInt64});
  EXPECT_EQ(ColumnStatistics(empty.View()).null_fraction(), 0);
}

TEST(Evaluate, StopsWhenItHasEnough) {
  const PlanPtr plan = MustCompile("u < 500");
  kernels::Bitset out(kRows, true);
  EvaluateOptions options;
  options.enough = [&](const kernels::Bitset& passing, int64_t end) {
    int64_t found = 0;
    for (int64_t row = 0; row < end; ++row) found += passing.Test(row) ? 1 : 0;
    return found >= 10;
  };
  ASSERT_TRUE(Evaluate(*plan, Table(), {}, out, Cancellation(), options).ok());
  const std::vector<int64_t> all = Table().Matching(*plan);
  EXPECT_GE(out.Count(), 10);
  EXPECT_LT(out.Count(), 4096);
  // A beginning of the answer.
  int64_t i = 0;
  out.view().ForEach([&](int64_t row) { EXPECT_EQ(row, all[i++]); });
}

}  // namespace
}  // namespace elanus::expr
