#include "expr/optimiser.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "expr/cost.h"

namespace elanus::expr {
namespace {

// Orders operands without arithmetic; only those are merged.
using OperandKey = std::tuple<int, int, int, int64_t>;
OperandKey KeyOf(const Operand& operand) {
  return {static_cast<int>(operand.kind), operand.slot, operand.path, operand.index};
}

// One end of an interval against another; values have one type.
bool IsBelow(const Value& a, const Value& b) {
  if (a.is_int()) return a.as_int() < b.as_int();
  if (a.is_double()) return a.as_double() < b.as_double();
  return a.as_string() < b.as_string();
}

class Optimiser {
 public:
  explicit Optimiser(const Plan& plan) : plan_(plan) {}

  NodePtr Rewrite(NodePtr node) {
    if (auto* conjunction = std::get_if<And>(&node->is)) return RewriteAnd(std::move(*conjunction));
    if (auto* disjunction = std::get_if<Or>(&node->is)) return RewriteOr(std::move(*disjunction));
    if (auto* negation = std::get_if<Not>(&node->is)) return RewriteNot(std::move(*negation));
    return RewriteLeaf(std::move(node));
  }

 private:
  NodePtr RewriteLeaf(NodePtr node) {
    if (const auto* constant = std::get_if<ConstantIfValid>(&node->is)) {
      if (!plan_.fields[constant->slot].nullable) return MakeNode(Constant{constant->value});
    } else if (const auto* test = std::get_if<NullTest>(&node->is)) {
      if (!plan_.fields[test->slot].nullable) return MakeNode(Constant{!test->is_null});
    } else if (auto* in = std::get_if<InList>(&node->is)) {
      if (in->values.size() == 1) {
        return MakeNode(Compare{in->operand, CompareOp::kEqual, std::move(in->values[0])});
      }
      if (in->values.empty() && in->operand.kind == Operand::Kind::kColumn) {
        return RewriteLeaf(MakeNode(ConstantIfValid{in->operand.slot, false}));
      }
    }
    return node;
  }

  // `not (a == b)` is `a != b` where both answer alike for what is missing. On the 2.6 line an
  // array index out of range makes both of them FALSE.
  bool NegatesExactly(const Operand& operand) const {
    return plan_.reports_30 || operand.kind != Operand::Kind::kArrayElement;
  }

  NodePtr RewriteNot(Not negation) {
    NodePtr child = Rewrite(std::move(negation.child));
    if (auto* inner = std::get_if<Not>(&child->is)) return std::move(inner->child);
    if (auto* constant = std::get_if<Constant>(&child->is)) {
      constant->value = !constant->value;
      return child;
    }
    if (auto* constant = std::get_if<ConstantIfValid>(&child->is)) {
      constant->value = !constant->value;
      return child;
    }
    if (auto* test = std::get_if<NullTest>(&child->is)) {
      test->is_null = !test->is_null;
      return child;
    }
    if (auto* compare = std::get_if<Compare>(&child->is)) {
      if (NegatesExactly(compare->operand) && FlipEquality(compare->op)) return child;
    }
    if (auto* columns = std::get_if<CompareColumns>(&child->is)) {
      if (FlipEquality(columns->op)) return child;
    }
    return MakeNode(Not{std::move(child)});
  }
  static bool FlipEquality(CompareOp& op) {
    if (op != CompareOp::kEqual && op != CompareOp::kNotEqual) return false;
    op = op == CompareOp::kEqual ? CompareOp::kNotEqual : CompareOp::kEqual;
    return true;
  }

  // The children rewritten, with those of nested nodes of the same kind among them. A child equal
  // to `neutral` is dropped; one equal to !neutral decides: `*decided` is set.
  template <typename Kind>
  std::vector<NodePtr> Flatten(std::vector<NodePtr> children, bool neutral, bool* decided) {
    std::vector<NodePtr> out;
    for (NodePtr& child : children) {
      NodePtr rewritten = Rewrite(std::move(child));
      if (const auto* constant = std::get_if<Constant>(&rewritten->is)) {
        *decided |= constant->value != neutral;
      } else if (auto* nested = std::get_if<Kind>(&rewritten->is)) {
        for (NodePtr& grandchild : nested->children) out.push_back(std::move(grandchild));
      } else {
        out.push_back(std::move(rewritten));
      }
    }
    return out;
  }

  NodePtr RewriteAnd(And node) {
    bool decided = false;
    std::vector<NodePtr> children = Flatten<And>(std::move(node.children), true, &decided);
    if (decided) return MakeNode(Constant{false});
    children = MergeRanges(std::move(children));
    if (children.empty()) return MakeNode(Constant{true});
    if (children.size() == 1) return std::move(children[0]);
    std::stable_sort(children.begin(), children.end(),
                     [](const NodePtr& a, const NodePtr& b) { return CostOf(*a) < CostOf(*b); });
    return MakeNode(And{std::move(children)});
  }

  NodePtr RewriteOr(Or node) {
    bool decided = false;
    std::vector<NodePtr> children = Flatten<Or>(std::move(node.children), false, &decided);
    if (decided) return MakeNode(Constant{true});
    children = MergeEqualities(std::move(children));
    if (children.empty()) return MakeNode(Constant{false});
    if (children.size() == 1) return std::move(children[0]);
    std::stable_sort(children.begin(), children.end(),
                     [](const NodePtr& a, const NodePtr& b) { return CostOf(*a) < CostOf(*b); });
    return MakeNode(Or{std::move(children)});
  }

  struct Interval {
    size_t place = 0;  // Of the first of the nodes it came from.
    int count = 0;
    Operand operand;
    std::optional<RangeBound> lower;
    std::optional<RangeBound> upper;
  };

  // Takes the tighter of two bounds; `direction` is +1 for lower ones.
  static void Tighten(std::optional<RangeBound>& bound, const RangeBound& other, bool lower) {
    if (!bound.has_value()) {
      bound = other;
      return;
    }
    const bool other_is_below = IsBelow(other.value, bound->value);
    const bool other_is_above = IsBelow(bound->value, other.value);
    if (lower ? other_is_above : other_is_below) bound = other;
    if (!other_is_above && !other_is_below) bound->inclusive &= other.inclusive;
  }

  // Adds a node's bounds to its column's interval, if it is a range over a plain column. JSON is
  // left alone: there each literal decides for itself which rows it can be compared with.
  static bool AddToInterval(const Node& node, Interval& interval) {
    if (const auto* compare = std::get_if<Compare>(&node.is)) {
      const RangeBound closed{compare->value, true};
      const RangeBound open{compare->value, false};
      switch (compare->op) {
        case CompareOp::kGreater:
          Tighten(interval.lower, open, true);
          return true;
        case CompareOp::kGreaterEqual:
          Tighten(interval.lower, closed, true);
          return true;
        case CompareOp::kLess:
          Tighten(interval.upper, open, false);
          return true;
        case CompareOp::kLessEqual:
          Tighten(interval.upper, closed, false);
          return true;
        case CompareOp::kEqual:
        case CompareOp::kNotEqual:
          break;
      }
      return false;
    }
    const auto* range = std::get_if<Range>(&node.is);
    if (range == nullptr) return false;
    Tighten(interval.lower, range->lower, true);
    Tighten(interval.upper, range->upper, false);
    return true;
  }

  static const Operand* PlainColumn(const Node& node) {
    const Operand* operand = nullptr;
    if (const auto* compare = std::get_if<Compare>(&node.is)) operand = &compare->operand;
    if (const auto* range = std::get_if<Range>(&node.is)) operand = &range->operand;
    const bool plain = operand != nullptr && operand->kind == Operand::Kind::kColumn &&
                       !operand->arithmetic.has_value();
    return plain ? operand : nullptr;
  }

  static NodePtr NodeOf(Interval interval) {
    if (interval.lower.has_value() && interval.upper.has_value()) {
      return MakeNode(
          Range{interval.operand, std::move(*interval.lower), std::move(*interval.upper)});
    }
    const bool lower = interval.lower.has_value();
    RangeBound& bound = lower ? *interval.lower : *interval.upper;
    const CompareOp op = lower ? (bound.inclusive ? CompareOp::kGreaterEqual : CompareOp::kGreater)
                               : (bound.inclusive ? CompareOp::kLessEqual : CompareOp::kLess);
    return MakeNode(Compare{interval.operand, op, std::move(bound.value)});
  }

  static std::vector<NodePtr> MergeRanges(std::vector<NodePtr> children) {
    std::map<OperandKey, Interval> intervals;
    for (size_t i = 0; i < children.size(); ++i) {
      const Operand* operand = PlainColumn(*children[i]);
      if (operand == nullptr) continue;
      const auto [it, is_new] = intervals.try_emplace(KeyOf(*operand));
      Interval& interval = it->second;
      if (is_new) interval.operand = *operand;
      if (!AddToInterval(*children[i], interval)) continue;
      if (interval.count++ == 0) interval.place = i;
      if (interval.count > 1) children[i] = nullptr;
    }
    for (auto& [key, interval] : intervals) {
      if (interval.count > 1) children[interval.place] = NodeOf(std::move(interval));
    }
    std::erase(children, nullptr);
    return children;
  }

  // What an equality or list compares with, if it may be merged with others of its operand.
  static std::vector<Value>* MergeableValues(Node& node, std::vector<Value>& one) {
    if (auto* in = std::get_if<InList>(&node.is)) return in->values.empty() ? nullptr : &in->values;
    auto* compare = std::get_if<Compare>(&node.is);
    if (compare == nullptr || compare->op != CompareOp::kEqual || compare->value.is_list() ||
        compare->operand.arithmetic.has_value()) {
      return nullptr;
    }
    one.assign(1, compare->value);
    return &one;
  }

  // a == 1 or a == 2 -> a in [1, 2]. Values of one type only: on JSON `1` and `1.0` are compared in
  // different ways, and a list has one way.
  static std::vector<NodePtr> MergeEqualities(std::vector<NodePtr> children) {
    std::map<std::pair<OperandKey, size_t>, size_t> places;
    std::vector<Value> one;
    for (size_t i = 0; i < children.size(); ++i) {
      std::vector<Value>* values = MergeableValues(*children[i], one);
      if (values == nullptr) continue;
      const auto* compare = std::get_if<Compare>(&children[i]->is);
      const Operand& operand =
          compare != nullptr ? compare->operand : std::get<InList>(children[i]->is).operand;
      const auto [it, is_new] =
          places.try_emplace({KeyOf(operand), values->front().data.index()}, i);
      if (is_new) continue;
      Node& first = *children[it->second];
      if (auto* equality = std::get_if<Compare>(&first.is)) {
        InList in{equality->operand, {}, {}};
        in.values.push_back(std::move(equality->value));
        first.is = std::move(in);
      }
      std::vector<Value>& merged = std::get<InList>(first.is).values;
      merged.insert(merged.end(), std::make_move_iterator(values->begin()),
                    std::make_move_iterator(values->end()));
      children[i] = nullptr;
    }
    std::erase(children, nullptr);
    return children;
  }

  const Plan& plan_;
};

// Numbers the nodes and prepares the lists; `nested`: whether and, or stand in and, or.
class Finisher {
 public:
  explicit Finisher(Plan& plan) : plan_(plan) {}

  void Finish() {
    Visit(*plan_.root, 0);
    plan_.num_nodes = static_cast<int>(nodes_.size());
    if (nested_) ShareEqualNodes();
  }

 private:
  void Visit(Node& node, int depth) {
    node.id = static_cast<int>(nodes_.size());
    nodes_.push_back(&node);
    if (auto* in = std::get_if<InList>(&node.is)) {
      in->set = ValueSet(in->values);
      in->values = {};
    } else if (auto* conjunction = std::get_if<And>(&node.is)) {
      VisitAll(conjunction->children, depth);
    } else if (auto* disjunction = std::get_if<Or>(&node.is)) {
      VisitAll(disjunction->children, depth);
    } else if (auto* negation = std::get_if<Not>(&node.is)) {
      Visit(*negation->child, depth);
    }
  }
  void VisitAll(std::vector<NodePtr>& children, int depth) {
    nested_ |= depth > 0;
    plan_.has_choice = true;
    for (NodePtr& child : children) Visit(*child, depth + 1);
  }

  // Texts of long lists would cost more than is won.
  static constexpr size_t kListItemsMax = 64;
  static bool MayShare(const Node& node) {
    const auto* in = std::get_if<InList>(&node.is);
    return CostOf(node) > 0 && (in == nullptr || in->set.size() <= kListItemsMax);
  }

  // `(a and b) or (a and c)` tests a row for `a` once.
  void ShareEqualNodes() {
    std::map<std::string, Node*> first_of;
    for (Node* node : nodes_) {
      if (!MayShare(*node)) continue;
      const auto [it, is_new] = first_of.try_emplace(DebugString(plan_, *node), node);
      if (is_new) continue;
      Node& first = *it->second;
      if (first.shared < 0) first.shared = plan_.num_shared++;
      node->shared = first.shared;
    }
  }

  Plan& plan_;
  std::vector<Node*> nodes_;
  bool nested_ = false;
};

}  // namespace

void Optimise(Plan& plan) {
  plan.root = Optimiser(plan).Rewrite(std::move(plan.root));
}

void Finish(Plan& plan) {
  Finisher(plan).Finish();
}

}  // namespace elanus::expr
