#include "index/search_plan.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace elanus::index {
namespace {

// Nanoseconds, by `bench index` on a core at about 3 GHz, graphs over 63,666 x 384 and 200,000 x
// 768 with each strategy in turn; both sets of codes lay in a shared third-level cache. The ratios
// decide.
constexpr double kSearchCost = 2000;   // Of any search: preparing the query, going down the levels.
constexpr double kBitmapCost = 0.012;  // Looking for allowed rows, a node.
constexpr double kScanCost = 2;        // A row or code in order,
constexpr double kScanByteCost = 0.06;   // and a byte of it.
constexpr double kWalkCost = 10;         // A row or code that a walk comes by,
constexpr double kWalkByteCost = 0.09;   // and a byte of it.
constexpr double kTwoHopCost = 500;      // A node from which neighbours' neighbours are looked for,
constexpr double kTwoHopLinkCost = 1.5;  // and a link to look at.
// Nodes that a walk compares: at first, on its way to the query, and for each that it keeps.
constexpr double kDistancesToArrive = 300;
constexpr double kDistancesPerNode = 12;
// What two-hop walks keep more, always and by how few are allowed: with it recall at equal ef is
// that of a walk without a filter (0.907 to 0.922 at ef 10 with 10 % and 5 % allowed, 0.911
// without).
constexpr double kTwoHopSurplus = 0.1, kTwoHopThinning = 0.03;
// Below this share too few nodes of a two-hop neighbourhood are allowed for it to hang together.
constexpr double kTwoHopShareMin = 0.015;
// By chance the share that a walk has met is hardly less than this part of the share of all.
constexpr double kShareOff = 0.4;
// A walk that is given up costs at most this part of the scan it was tried in place of.
constexpr double kTrialShare = 0.1;

constexpr float kNever = std::numeric_limits<float>::infinity();

double WalkCost(const GraphSearchFacts& facts, double width, double bytes) {
  const double distances = std::min(kDistancesToArrive + width * kDistancesPerNode,
                                    static_cast<double>(facts.num_nodes));
  return distances * (kWalkCost + bytes * kWalkByteCost);
}

}  // namespace

SearchCosts GraphSearchCosts(const GraphSearchFacts& facts, double share) {
  const bool has_codes = facts.code_bytes > 0;
  const auto num_allowed = static_cast<double>(facts.num_allowed);
  const auto row_bytes = static_cast<double>(facts.row_bytes);
  const auto walk_bytes = static_cast<double>(has_codes ? facts.code_bytes : facts.row_bytes);
  const auto nodes = static_cast<double>(facts.num_nodes);
  const double refine =
      static_cast<double>(facts.candidates) * (kWalkCost + row_bytes * kWalkByteCost);
  const double looking = kSearchCost + nodes * kBitmapCost;

  SearchCosts costs;
  costs.fill(kNever);
  const auto cost_of = [&](SearchStrategy strategy) -> float& {
    return costs[static_cast<size_t>(strategy)];
  };
  cost_of(SearchStrategy::kScanRows) =
      static_cast<float>(looking + num_allowed * (kScanCost + row_bytes * kScanByteCost));
  if (has_codes && facts.can_scan_codes) {
    cost_of(SearchStrategy::kScanCodes) = static_cast<float>(
        looking + refine + num_allowed * (kScanCost + walk_bytes * kScanByteCost));
  }
  const double detour = std::max(1.0, kShareOff * facts.share() / share);
  const double width = std::min(static_cast<double>(facts.width) / share * detour, nodes);
  cost_of(SearchStrategy::kWalk) =
      static_cast<float>(kSearchCost + refine + WalkCost(facts, width, walk_bytes));
  if (facts.can_walk_allowed && share >= kTwoHopShareMin) {
    const double width_of_two_hops = TwoHopWidth(facts.width, facts.share());
    // Lists of neighbours' neighbours are read until as many allowed ones are found as a list has.
    const double links = std::min(static_cast<double>(facts.degree) / share,
                                  static_cast<double>(facts.degree * facts.degree));
    cost_of(SearchStrategy::kWalkAllowed) =
        static_cast<float>(kSearchCost + refine + WalkCost(facts, width_of_two_hops, walk_bytes) +
                           width_of_two_hops * (kTwoHopCost + links * kTwoHopLinkCost));
  }
  return costs;
}

double TwoHopWidth(int64_t width, double share) {
  return static_cast<double>(width) * (1 + kTwoHopSurplus + kTwoHopThinning / share);
}

double GraphDistanceCost(const GraphSearchFacts& facts) {
  const int64_t bytes = facts.code_bytes > 0 ? facts.code_bytes : facts.row_bytes;
  return kWalkCost + static_cast<double>(bytes) * kWalkByteCost;
}

SearchStrategy CheapestOf(const SearchCosts& costs) {
  return static_cast<SearchStrategy>(std::min_element(costs.begin(), costs.end()) - costs.begin());
}

SearchStrategy CheapestScan(const SearchCosts& costs) {
  const auto cost_of = [&](SearchStrategy strategy) {
    return costs[static_cast<size_t>(strategy)];
  };
  return cost_of(SearchStrategy::kScanCodes) < cost_of(SearchStrategy::kScanRows)
             ? SearchStrategy::kScanCodes
             : SearchStrategy::kScanRows;
}

SearchStrategy ChooseStrategy(const GraphSearchFacts& facts, const SearchCosts& costs) {
  const SearchStrategy cheapest = CheapestOf(costs);
  if (cheapest != SearchStrategy::kScanRows && cheapest != SearchStrategy::kScanCodes) {
    return cheapest;
  }
  const float trial = GraphSearchCosts(facts, 1)[static_cast<size_t>(SearchStrategy::kWalk)];
  return trial < kTrialShare * costs[static_cast<size_t>(cheapest)] ? SearchStrategy::kWalk
                                                                    : cheapest;
}

}  // namespace elanus::index
