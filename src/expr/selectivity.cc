#include "expr/selectivity.h"

#include <algorithm>

namespace elanus::expr {
namespace {

// Where nothing is known; the usual guesses of textbooks.
constexpr double kEqual = 0.02;
constexpr double kHalfOpen = 0.33;
constexpr double kBetween = 0.1;
constexpr double kRare = 0.05;
constexpr double kHalf = 0.5;

double NumberOf(const Value& value) {
  if (value.is_bool()) return value.as_bool() ? 1 : 0;
  return value.is_int() ? static_cast<double>(value.as_int()) : value.as_double();
}

class Estimator {
 public:
  explicit Estimator(StatisticsOfSlot statistics_of) : statistics_of_(statistics_of) {}

  double Of(const Node& node) const {
    return std::clamp(
        std::visit(
            Overload{
                [](const Constant& is) { return is.value ? 1.0 : 0.0; },
                [&](const ConstantIfValid& is) { return is.value ? 1 - NullsOf(is.slot) : 0.0; },
                [&](const NullTest& is) {
                  const double nulls = NullsOf(is.slot);
                  return is.is_null ? nulls : 1 - nulls;
                },
                [&](const And& is) { return OfAll(is.children); },
                [&](const Or& is) { return OfAny(is.children); },
                [&](const Not& is) { return 1 - Of(*is.child) - UnknownOf(*is.child); },
                [&](const Compare& is) { return OfCompare(is); },
                [](const CompareColumns&) { return kHalfOpen; },
                [&](const Range& is) { return OfRange(is); },
                [&](const InList& is) { return OfList(is); },
                [&](const Like& is) { return OfLike(is); },
                [](const Regex&) { return kRare; },
                [](const CompareMovedTime&) { return kHalfOpen; },
                [](const CompareSpatially&) { return kRare; },
                [](const Exists&) { return kHalf; },
                [](const Contains&) { return kRare; },
                [](const TextMatch&) { return kRare; },
                [](const MatchElements&) { return kHalfOpen; },
            },
            node.is),
        0.0, 1.0);
  }

 private:
  double OfAll(const std::vector<NodePtr>& children) const {
    double part = 1;
    for (const NodePtr& child : children) part *= Of(*child);
    return part;
  }
  double OfAny(const std::vector<NodePtr>& children) const {
    double rest = 1;
    for (const NodePtr& child : children) rest *= 1 - Of(*child);
    return 1 - rest;
  }

  double NullsOf(int slot) const {
    const ColumnStatistics* statistics = statistics_of_(slot);
    return statistics == nullptr ? kRare : statistics->null_fraction();
  }

  // The part that is neither TRUE nor FALSE, because a field is null.
  double UnknownOf(const Node& node) const {
    const auto of_operand = [&](const auto& is) { return NullsOf(is.operand.slot); };
    const auto most = [&](const std::vector<NodePtr>& children) {
      double part = 0;
      for (const NodePtr& child : children) part = std::max(part, UnknownOf(*child));
      return part;
    };
    if (const auto* is = std::get_if<Compare>(&node.is)) return of_operand(*is);
    if (const auto* is = std::get_if<Range>(&node.is)) return of_operand(*is);
    if (const auto* is = std::get_if<InList>(&node.is)) return of_operand(*is);
    if (const auto* is = std::get_if<Like>(&node.is)) return of_operand(*is);
    if (const auto* is = std::get_if<Not>(&node.is)) return UnknownOf(*is->child);
    if (const auto* is = std::get_if<And>(&node.is)) return most(is->children);
    if (const auto* is = std::get_if<Or>(&node.is)) return most(is->children);
    return 0;
  }

  // Of a plain column whose values are known; null for anything else.
  const ColumnStatistics* StatisticsOf(const Operand& operand) const {
    if (operand.kind != Operand::Kind::kColumn || operand.arithmetic.has_value()) return nullptr;
    const ColumnStatistics* statistics = statistics_of_(operand.slot);
    return statistics != nullptr && statistics->has_values() ? statistics : nullptr;
  }

  static double Equal(const ColumnStatistics& of, const Value& value) {
    return value.is_string() ? of.FractionEqual(std::string_view(value.as_string()))
                             : of.FractionEqual(NumberOf(value));
  }
  static double Below(const ColumnStatistics& of, const Value& value) {
    return value.is_string() ? of.FractionBelow(std::string_view(value.as_string()))
                             : of.FractionBelow(NumberOf(value));
  }

  double OfCompare(const Compare& node) const {
    const ColumnStatistics* of = StatisticsOf(node.operand);
    if (of == nullptr || node.value.is_list()) return Guess(node.op);
    const double values = 1 - of->null_fraction();
    switch (node.op) {
      case CompareOp::kEqual:
        return Equal(*of, node.value);
      case CompareOp::kNotEqual:
        return values - Equal(*of, node.value);
      case CompareOp::kLess:
        return Below(*of, node.value);
      case CompareOp::kLessEqual:
        return Below(*of, node.value) + Equal(*of, node.value);
      case CompareOp::kGreater:
        return values - Below(*of, node.value) - Equal(*of, node.value);
      case CompareOp::kGreaterEqual:
        break;
    }
    return values - Below(*of, node.value);
  }
  static double Guess(CompareOp op) {
    if (op == CompareOp::kEqual) return kEqual;
    return op == CompareOp::kNotEqual ? 1 - kEqual : kHalfOpen;
  }

  double OfRange(const Range& node) const {
    const ColumnStatistics* of = StatisticsOf(node.operand);
    if (of == nullptr) return kBetween;
    return Below(*of, node.upper.value) - Below(*of, node.lower.value) +
           (node.upper.inclusive ? Equal(*of, node.upper.value) : 0);
  }

  // Of long lists a few items stand for all.
  double OfList(const InList& node) const {
    constexpr size_t kItemsMax = 32;
    const auto size = static_cast<double>(node.set.size());
    const ColumnStatistics* of = StatisticsOf(node.operand);
    if (of == nullptr) return std::min(kHalf, kEqual * size);
    if (node.set.size() > kItemsMax) return size / of->distinct() * (1 - of->null_fraction());
    double part = 0;
    for (const Value& value : node.set.values()) part += Equal(*of, value);
    return part;
  }

  double OfLike(const Like& node) const {
    const ColumnStatistics* of = StatisticsOf(node.operand);
    const std::string_view text = node.pattern.text();
    switch (node.pattern.kind()) {
      case LikePattern::Kind::kAny:
        return 1 - (of == nullptr ? 0 : of->null_fraction());
      case LikePattern::Kind::kEqual:
        return of == nullptr ? kEqual : of->FractionEqual(text);
      case LikePattern::Kind::kPrefix:
        if (of == nullptr) return kRare;
        return of->FractionBelow(std::string(text) + '\xFF') - of->FractionBelow(text) +
               1 / of->distinct();
      case LikePattern::Kind::kSuffix:
      case LikePattern::Kind::kContains:
      case LikePattern::Kind::kGeneral:
        break;
    }
    return kRare;
  }

  const StatisticsOfSlot statistics_of_;
};

}  // namespace

double SelectivityOf(const Node& node, StatisticsOfSlot statistics_of) {
  return Estimator(statistics_of).Of(node);
}

}  // namespace elanus::expr
