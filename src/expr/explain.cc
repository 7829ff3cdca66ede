#include "expr/explain.h"

#include "expr/evaluation_trace.h"
#include "expr/plan.h"

namespace elanus::expr {
namespace {

class Explainer {
 public:
  Explainer(const Plan& plan, const EvaluationTrace& trace) : plan_(plan), trace_(trace) {}

  void Add(const Node& node, int depth) {
    const std::vector<NodePtr>* children = ChildrenOf(node);
    steps_.push_back(
        {depth, TextOf(node), trace_.order.selectivity[node.id], trace_.nodes[node.id]});
    if (children == nullptr) {
      if (const auto* negation = std::get_if<Not>(&node.is)) Add(*negation->child, depth + 1);
      return;
    }
    for (const int i : trace_.order.children[node.id]) Add(*(*children)[i], depth + 1);
  }
  std::vector<ExplainStep> Take() { return std::move(steps_); }

 private:
  static const std::vector<NodePtr>* ChildrenOf(const Node& node) {
    if (const auto* conjunction = std::get_if<And>(&node.is)) return &conjunction->children;
    if (const auto* disjunction = std::get_if<Or>(&node.is)) return &disjunction->children;
    return nullptr;
  }
  // The parts follow as steps of their own.
  std::string TextOf(const Node& node) const {
    if (std::holds_alternative<And>(node.is)) return "and";
    if (std::holds_alternative<Or>(node.is)) return "or";
    if (std::holds_alternative<Not>(node.is)) return "not";
    return CutText(DebugString(plan_, node), kStepTextBytes);
  }

  const Plan& plan_;
  const EvaluationTrace& trace_;
  std::vector<ExplainStep> steps_;
};

}  // namespace

std::vector<ExplainStep> StepsOf(const Plan& plan, const EvaluationTrace& trace) {
  Explainer explainer(plan, trace);
  explainer.Add(*plan.root, 0);
  return explainer.Take();
}

std::string CutText(std::string text, size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  while (bytes_max > 0 && (static_cast<unsigned char>(text[bytes_max]) & 0xC0) == 0x80) --bytes_max;
  return text.substr(0, bytes_max) + "...";
}

}  // namespace elanus::expr
