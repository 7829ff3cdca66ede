#include "index/search_plan.h"

#include <gtest/gtest.h>

#include <cmath>

namespace elanus::index {
namespace {

GraphSearchFacts Facts(int64_t num_nodes, double share) {
  return {.num_nodes = num_nodes,
          .num_allowed = std::max<int64_t>(1, static_cast<int64_t>(share * num_nodes)),
          .width = 64,
          .candidates = 36,
          .degree = 32,
          .row_bytes = 3072,
          .code_bytes = 384};
}
SearchStrategy Choice(const GraphSearchFacts& facts) {
  return ChooseStrategy(facts, GraphSearchCosts(facts, facts.share()));
}

TEST(SearchPlan, ScansFewRowsAndWalksAmongMany) {
  constexpr int64_t kRows = 1'000'000;
  EXPECT_EQ(Choice(Facts(kRows, 1e-6)), SearchStrategy::kScanRows);
  EXPECT_EQ(Choice(Facts(kRows, 0.001)), SearchStrategy::kScanCodes);
  EXPECT_EQ(Choice(Facts(kRows, 0.05)), SearchStrategy::kWalkAllowed);
  EXPECT_EQ(Choice(Facts(kRows, 0.5)), SearchStrategy::kWalk);
  EXPECT_EQ(Choice(Facts(kRows, 1)), SearchStrategy::kWalk);
  EXPECT_EQ(Choice(Facts(30, 1)), SearchStrategy::kScanRows);
}

TEST(SearchPlan, LeavesOutWhatTheGraphCannotDo) {
  GraphSearchFacts facts = Facts(1'000'000, 0.05);
  facts.code_bytes = facts.candidates = 0;
  facts.can_walk_allowed = false;
  const SearchCosts costs = GraphSearchCosts(facts, facts.share());
  EXPECT_TRUE(std::isinf(costs[static_cast<size_t>(SearchStrategy::kScanCodes)]));
  EXPECT_TRUE(std::isinf(costs[static_cast<size_t>(SearchStrategy::kWalkAllowed)]));
  EXPECT_EQ(CheapestScan(costs), SearchStrategy::kScanRows);
  EXPECT_EQ(Choice(facts), SearchStrategy::kWalk);
}

TEST(SearchPlan, ExpectsAWalkToCostMoreTheFewerRowsNearTheQueryAreAllowed) {
  const GraphSearchFacts facts = Facts(1'000'000, 0.3);
  const auto walk = [&](double share) {
    return GraphSearchCosts(facts, share)[static_cast<size_t>(SearchStrategy::kWalk)];
  };
  EXPECT_LT(walk(1), walk(0.3));
  EXPECT_LT(walk(0.3), walk(0.01));
  EXPECT_EQ(walk(1e-9), walk(1e-12)) << "it compares every node at most";
}

TEST(SearchPlan, TriesAWalkBeforeAScanThatCostsManyTimesAsMuch) {
  GraphSearchFacts facts = Facts(10'000'000, 0.01);  // Too few for two hops.
  facts.width = 2000;
  const SearchCosts costs = GraphSearchCosts(facts, facts.share());
  ASSERT_EQ(CheapestOf(costs), SearchStrategy::kScanCodes);
  EXPECT_EQ(ChooseStrategy(facts, costs), SearchStrategy::kScanCodes) << "the trial costs too much";
  facts.width = 64;
  facts.num_nodes = 100'000'000;
  facts.num_allowed = 50'000;
  EXPECT_EQ(Choice(facts), SearchStrategy::kWalk);
}

}  // namespace
}  // namespace elanus::index
