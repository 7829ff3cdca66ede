#include "expr/evaluation_order.h"

#include <algorithm>
#include <numeric>

#include "expr/cost.h"

namespace elanus::expr {
namespace {

// What decides no row comes last, however cheap it is.
constexpr double kDecidesAtLeast = 1e-6;

class Orderer {
 public:
  Orderer(const Plan& plan, StatisticsOfSlot statistics_of) : statistics_of_(statistics_of) {
    order_.selectivity.resize(plan.num_nodes);
    order_.children.resize(plan.num_nodes);
    Visit(*plan.root);
  }
  EvaluationOrder Take() { return std::move(order_); }

 private:
  void Visit(const Node& node) {
    order_.selectivity[node.id] = SelectivityOf(node, statistics_of_);
    if (const auto* conjunction = std::get_if<And>(&node.is)) {
      Sort(node.id, conjunction->children, true);
    } else if (const auto* disjunction = std::get_if<Or>(&node.is)) {
      Sort(node.id, disjunction->children, false);
    } else if (const auto* negation = std::get_if<Not>(&node.is)) {
      Visit(*negation->child);
    }
  }

  void Sort(int id, const std::vector<NodePtr>& children, bool conjunction) {
    std::vector<double> rank;
    for (const NodePtr& child : children) {
      Visit(*child);
      const double kept = order_.selectivity[child->id];
      const double decided = std::max(conjunction ? 1 - kept : kept, kDecidesAtLeast);
      rank.push_back(CostOf(*child) / decided);
    }
    std::vector<int>& order = order_.children[id];
    order.resize(children.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return rank[a] < rank[b]; });
  }

  const StatisticsOfSlot statistics_of_;
  EvaluationOrder order_;
};

}  // namespace

EvaluationOrder OrderOf(const Plan& plan, StatisticsOfSlot statistics_of) {
  return Orderer(plan, statistics_of).Take();
}

}  // namespace elanus::expr
