// When a leaf asks an index, and what it makes of the answer.
#include "expr/indexed_leaf.h"

#include <gtest/gtest.h>

#include "expr/test_table.h"

namespace elanus::expr {
namespace {

constexpr int64_t kRows = 100 * kBatchRows;

// n = row % 100, in batches of kBatchRows; answers as the test says.
class Source final : public ColumnSource {
 public:
  Source() {
    table_.AddField("id Int64 primary");
    table_.AddField("n Int64 nullable");
    for (const char* field : {"id", "n"}) {
      for (int64_t row = 0; row < kRows; ++row) table_.column(field).Append(row % 100);
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
  std::optional<IndexAnswer> AskIndex(const IndexQuestion&, double budget_ns,
                                      const Cancellation&) const override {
    budgets.push_back(budget_ns);
    if (std::ssize(budgets) < answer_from) return std::nullopt;
    return answer;
  }

  int64_t Count(const char* filter, kernels::BitView candidates = {},
                const EvaluateOptions& options = {}) {
    const auto plan = Compile(filter, table_.schema());
    ELANUS_CHECK_OK(plan.status());
    kernels::Bitset out(kRows);
    ELANUS_CHECK_OK(Evaluate(**plan, *this, candidates, out, Cancellation(), options));
    return out.Count();
  }

  int64_t answer_from = 1;  // The first question that is answered.
  IndexAnswer answer{.found = kernels::Bitset(kRows)};
  mutable std::vector<double> budgets;
  mutable int64_t looks = 0;

 private:
  TestTable table_;
};

TEST(IndexedLeaf, AsksOnceAndLeavesTheColumnAlone) {
  Source source;
  source.answer.found.Set(5);
  EXPECT_EQ(source.Count("n == 7"), 1) << "what the index says, and nothing else";
  EXPECT_EQ(source.budgets.size(), 1u);
  EXPECT_EQ(source.looks, 0);
  EXPECT_EQ(source.Count("not (n == 7)"), kRows - 1);
  EXPECT_EQ(source.Count("n != 7"), kRows - 1);
}

TEST(IndexedLeaf, LooksOnlyAtRowsThatTheIndexLeavesOpen) {
  Source source;
  source.answer.open.emplace(kRows);
  source.answer.open->Set(107);  // n is 7.
  source.answer.open->Set(108);
  EXPECT_EQ(source.Count("n == 7"), 1);
  EXPECT_EQ(source.looks, 1);
}

TEST(IndexedLeaf, RowsWithoutAValueAreUnknown) {
  Source source;
  auto absent = std::make_shared<kernels::Bitset>(kRows);
  absent->Set(3);
  source.answer.absent = std::move(absent);
  EXPECT_EQ(source.Count("n != 7"), kRows - 1);
  EXPECT_EQ(source.Count("not (n == 7)"), kRows - 1);
}

TEST(IndexedLeaf, AsksAgainEachTimeTwiceAsManyRowsCame) {
  Source source;
  source.answer_from = 1000;
  EXPECT_EQ(source.Count("n == 7"), kRows / 100);
  ASSERT_GT(source.budgets.size(), 3u);
  EXPECT_LT(source.budgets.size(), 10u);
  EXPECT_LT(source.budgets.back(), source.budgets.front()) << "fewer rows are left";
}

TEST(IndexedLeaf, OffersWhatTheRowsToComeWouldCost) {
  Source source;
  source.answer_from = 1000;
  EXPECT_EQ(source.Count("n == 7"), kRows / 100);
  const double whole = source.budgets.front();
  source.budgets.clear();
  kernels::Bitset few(kRows);
  for (int64_t row = 7; row < kRows; row += 100) few.Set(row);
  EXPECT_EQ(source.Count("n == 7", few.view()), kRows / 100);
  EXPECT_NEAR(source.budgets.front(), whole / 100, whole / 1000);
}

TEST(IndexedLeaf, IsCountedByWhatAnsweredIt) {
  Source source;
  source.answer.by = "INVERTED by_n";
  const auto tally_of = [&](const char* filter) {
    AnswerTally tally;
    source.Count(filter, {}, {.tally = &tally});
    return tally;
  };
  EXPECT_EQ(tally_of("n == 7"), (AnswerTally{{"INVERTED", 1}}));
  EXPECT_EQ(tally_of("n == 7 or id + 1 == 3"), (AnswerTally{{"INVERTED", 1}, {"column", 1}}));
  source.answer.open.emplace(kRows);
  source.answer.open->Set(107);
  EXPECT_EQ(tally_of("n == 7"), (AnswerTally{{"INVERTED", 1}, {"column", 1}}));
}

TEST(IndexedLeaf, WhatNoIndexKnowsIsNeverAsked) {
  Source source;
  for (const char* filter : {"n + 1 == 8", "id == n"}) (void)source.Count(filter);
  EXPECT_TRUE(source.budgets.empty());
}

}  // namespace
}  // namespace elanus::expr
