#include "expr/cost.h"

#include <algorithm>

namespace elanus::expr {
namespace {

int CostOf(const Operand& operand) {
  if (operand.is_json()) return 40;
  if (operand.kind != Operand::Kind::kColumn) return 15;
  return operand.type == schema::DataType::kVarChar ? 8 : 1;
}

}  // namespace

int CostOf(const Node& node) {
  const auto sum = [](const std::vector<NodePtr>& children) {
    int cost = 0;
    for (const NodePtr& child : children) cost = std::min(cost + CostOf(*child), 1'000'000);
    return cost;
  };
  return std::visit(Overload{
                        [](const Constant&) { return 0; },
                        [](const ConstantIfValid&) { return 0; },
                        [](const NullTest&) { return 0; },
                        [&](const And& node) { return sum(node.children); },
                        [&](const Or& node) { return sum(node.children); },
                        [](const Not& node) { return CostOf(*node.child); },
                        [](const Compare& node) { return CostOf(node.operand); },
                        [](const CompareColumns&) { return 3; },
                        [](const Range& node) { return CostOf(node.operand) + 1; },
                        [](const InList& node) { return CostOf(node.operand) + 3; },
                        [](const Like& node) { return CostOf(node.operand) + 12; },
                        [](const Regex& node) { return CostOf(node.operand) + 60; },
                        [](const CompareMovedTime&) { return 20; },
                        [](const CompareSpatially&) { return 200; },
                        [](const Exists& node) { return CostOf(node.operand); },
                        [](const Contains& node) { return CostOf(node.operand) + 10; },
                        // By an index once, then a word at a time. Without one it is dear, but
                        // there is no telling yet.
                        [](const TextMatch&) { return 5; },
                        [](const MatchElements& node) { return 30 + CostOf(*node.elements->root); },
                    },
                    node.is);
}

}  // namespace elanus::expr
