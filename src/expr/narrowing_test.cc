// Which indexes are asked about a filter of several leaves, and what is left to the columns.
#include "expr/narrowing.h"

#include <gtest/gtest.h>

#include "expr/batch.h"
#include "expr/evaluation_trace.h"
#include "expr/test_table.h"

namespace elanus::expr {
namespace {

constexpr int64_t kRows = 100 * kBatchRows;

// hundred = row % 100, thousand = row % 1000, few = row % 2; an index on each as the test says.
class Source final : public ColumnSource {
 public:
  Source() {
    table_.AddField("id Int64 primary");
    for (const char* field : {"hundred", "thousand", "few"}) {
      table_.AddField(std::string(field) + " Int64");
    }
    for (int64_t row = 0; row < kRows; ++row) {
      table_.column("id").Append(row);
      table_.column("hundred").Append(row % 100);
      table_.column("thousand").Append(row % 1000);
      table_.column("few").Append(row % 2);
    }
    table_.set_num_rows(kRows);
  }

  int64_t num_rows() const override { return kRows; }
  int64_t ContiguousRows(int64_t begin) const override { return kRows - begin; }
  schema::ColumnView Rows(FieldId field, int64_t begin, int64_t count) const override {
    ++looks;
    return table_.Rows(field, begin, count);
  }
  bool has_indexes() const override { return true; }
  std::optional<IndexOffer> OfferRows(const IndexQuestion& question, double,
                                      const Cancellation&) const override {
    const std::string field = table_.schema().Find(question.field)->name;
    const auto cost = cost_ns.find(field);
    if (cost == cost_ns.end()) return std::nullopt;
    const auto value = std::get<int64_t>(question.queries.front().keys.front());
    const int64_t step = field == "hundred" ? 100 : field == "thousand" ? 1000 : 2;
    return IndexOffer{kRows / step, cost->second,
                      [=, this](const Cancellation&) -> std::optional<IndexRows> {
                        taken.push_back(field);
                        std::vector<uint32_t> rows;
                        for (int64_t row = value; row < kRows; row += step) {
                          rows.push_back(static_cast<uint32_t>(row));
                        }
                        return IndexRows{{kRows, std::move(rows)}, exact, "FAKE by_" + field};
                      }};
  }

  std::vector<uint32_t> Ask(const char* filter, kernels::BitView candidates = {},
                            const EvaluateOptions& options = {}) {
    taken.clear();
    looks = 0;
    const auto plan = Compile(filter, table_.schema());
    ELANUS_CHECK_OK(plan.status());
    const auto rows = Evaluate(**plan, *this, candidates, Cancellation(), options);
    ELANUS_CHECK_OK(rows.status());
    return rows->Rows();
  }

  std::map<std::string, double> cost_ns = {{"hundred", 1}, {"thousand", 1}};
  bool exact = true;
  mutable std::vector<std::string> taken;  // In the order they were asked.
  mutable int64_t looks = 0;

 private:
  TestTable table_;
};

using Names = std::vector<std::string>;

TEST(Narrow, AsksFirstWhatLeavesFewestRows) {
  Source source;
  const std::vector<uint32_t> rows = source.Ask("hundred == 7 and thousand == 307");
  EXPECT_EQ(source.taken, Names({"thousand", "hundred"}));
  EXPECT_EQ(source.looks, 0) << "no column is read";
  ASSERT_EQ(rows.size(), static_cast<size_t>((kRows - 308) / 1000 + 1));
  EXPECT_EQ(rows[1], 1307u);
  EXPECT_TRUE(source.Ask("hundred == 7 and thousand == 308").empty());
}

TEST(Narrow, LooksAtTheColumnOfFewRowsRatherThanAskADearIndex) {
  Source source;
  source.cost_ns["hundred"] = 1e6;
  const std::vector<uint32_t> rows = source.Ask("hundred == 7 and thousand == 307");
  EXPECT_EQ(source.taken, Names({"thousand"}));
  EXPECT_GT(source.looks, 0);
  EXPECT_EQ(rows.front(), 307u);
  EXPECT_EQ(rows.size(), static_cast<size_t>((kRows - 308) / 1000 + 1));
}

TEST(Narrow, ReadsOtherColumnsWhereTheIndexFoundRows) {
  Source source;
  source.cost_ns = {{"thousand", 1}};
  kernels::Bitset candidates(kRows);
  candidates.Set(5307);
  candidates.Set(5308);
  EXPECT_EQ(source.Ask("few == 1 and thousand == 307", candidates.view()),
            std::vector<uint32_t>({5307}));
  EXPECT_EQ(source.looks, 1) << "one run of rows";
  EXPECT_TRUE(source.Ask("few == 0 and thousand == 307").empty());
}

TEST(Narrow, AsksNoIndexThatLeavesManyRowsToOtherColumns) {
  Source source;
  source.cost_ns = {{"few", 1}};
  EXPECT_EQ(source.Ask("few == 1 and thousand == 307").size(),
            static_cast<size_t>((kRows - 308) / 1000 + 1));
  EXPECT_TRUE(source.taken.empty());
}

TEST(Narrow, TakesADisjunctionIfEveryPartHasAnIndex) {
  Source source;
  EXPECT_EQ(source.Ask("hundred == 7 or thousand == 308").size(),
            static_cast<size_t>((kRows - 8) / 100 + 1 + (kRows - 309) / 1000 + 1));
  EXPECT_EQ(source.taken.size(), 2u);
  EXPECT_EQ(source.looks, 0);
  source.Ask("(hundred == 7 and thousand == 307) or (hundred == 8 and thousand == 308)");
  EXPECT_EQ(source.taken.size(), 4u);
  EXPECT_EQ(source.looks, 0);
  source.Ask("hundred == 7 or few == 1");
  EXPECT_TRUE(source.taken.empty());
  source.Ask("not (hundred == 7 and thousand == 307)");
  EXPECT_TRUE(source.taken.empty()) << "what is UNKNOWN matters there";
}

TEST(Narrow, TestsCandidatesByTheColumn) {
  Source source;
  source.exact = false;
  source.cost_ns = {{"thousand", 1}};
  const std::vector<uint32_t> rows = source.Ask("thousand == 307");
  EXPECT_EQ(rows.size(), static_cast<size_t>((kRows - 308) / 1000 + 1));
  EXPECT_GT(source.looks, 0);
}

TEST(Narrow, TellsWhatAnswered) {
  Source source;
  AnswerTally tally;
  EvaluationTrace trace;
  source.Ask("hundred == 7 and thousand == 307", {}, {.tally = &tally});
  EXPECT_EQ(tally, (AnswerTally{{"FAKE", 2}}));
  tally.clear();
  source.cost_ns = {{"thousand", 1}};
  source.Ask("few == 1 and thousand == 307", {}, {.trace = &trace, .tally = &tally});
  EXPECT_EQ(tally, (AnswerTally{{"FAKE", 1}, {"column", 1}}));
  bool told = false;
  for (const NodeTrace& node : trace.nodes) {
    if (node.index != "FAKE by_thousand") continue;
    told = true;
    EXPECT_EQ(node.rows_asked, kRows);
    EXPECT_EQ(node.rows_true, (kRows - 308) / 1000 + 1);
  }
  EXPECT_TRUE(told);
}

}  // namespace
}  // namespace elanus::expr
