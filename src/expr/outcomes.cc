#include "expr/outcomes.h"

#include <algorithm>

#include "expr/zone_bounds.h"

namespace elanus::expr {
namespace {

using schema::DataType;

// Of the values of a zone; nulls come on top.
struct Truths {
  bool yes = true;
  bool no = true;
};

constexpr Truths kAll{true, false};
constexpr Truths kNone{false, true};
constexpr Truths kEither{true, true};

Truths Decided(bool all, bool none) {
  return all ? kAll : none ? kNone : kEither;
}

template <typename Bounds, typename T>
Truths CompareBounds(const Bounds& bounds, CompareOp op, T value) {
  switch (op) {
    case CompareOp::kEqual:
      return Decided(bounds.AllEqual(value), bounds.AllBelow(value) || bounds.AllAbove(value));
    case CompareOp::kNotEqual:
      return Decided(bounds.AllBelow(value) || bounds.AllAbove(value), bounds.AllEqual(value));
    case CompareOp::kLess:
      return Decided(bounds.AllBelow(value), bounds.AllAtLeast(value));
    case CompareOp::kLessEqual:
      return Decided(bounds.AllAtMost(value), bounds.AllAbove(value));
    case CompareOp::kGreater:
      return Decided(bounds.AllAbove(value), bounds.AllAtMost(value));
    case CompareOp::kGreaterEqual:
      break;
  }
  return Decided(bounds.AllAtLeast(value), bounds.AllBelow(value));
}

// `sorted` ascending, not empty.
template <typename Bounds, typename T>
Truths FindInBounds(const Bounds& bounds, const std::vector<T>& sorted) {
  const auto first = std::partition_point(sorted.begin(), sorted.end(),
                                          [&](const T& value) { return bounds.AllAbove(value); });
  if (first == sorted.end() || bounds.AllBelow(*first)) return kNone;
  return bounds.AllEqual(*first) ? kAll : kEither;
}

Truths PrefixInBounds(const TextBounds& bounds, std::string_view prefix) {
  return Decided(bounds.AllBeginWith(prefix), bounds.NoneBeginsWith(prefix));
}

int64_t IntOf(const Value& value) {
  return value.is_bool() ? int64_t{value.as_bool()} : value.as_int();
}

// As the leaves compare it: narrowed for Float.
double RealOf(const Value& value, DataType type) {
  const double real = value.is_int() ? static_cast<double>(value.as_int()) : value.as_double();
  return type == DataType::kFloat ? static_cast<float>(real) : real;
}

bool AllNull(const storage::Zone& zone) {
  return !zone.has_range && !zone.has_nan;
}

class Analysis {
 public:
  explicit Analysis(ZoneOfSlot zone_of) : zone_of_(zone_of) {}

  Outcomes Of(const Node& node) const {
    return std::visit(Overload{
                          [](const Constant& is) {
                            return Outcomes{is.value, !is.value, false};
                          },
                          [&](const ConstantIfValid& is) { return Valid(is.slot, is.value); },
                          [&](const NullTest& is) { return OfNulls(is); },
                          [&](const And& is) { return OfAnd(is); },
                          [&](const Or& is) { return OfOr(is); },
                          [&](const Not& is) {
                            const Outcomes child = Of(*is.child);
                            return Outcomes{child.no, child.yes, child.unknown};
                          },
                          [&](const Compare& is) { return OfCompare(is); },
                          [&](const Range& is) { return OfRange(is); },
                          [&](const InList& is) { return OfList(is); },
                          [&](const Like& is) { return OfLike(is); },
                          // Nothing is known of these but by looking at rows.
                          [](const CompareColumns&) { return Outcomes(); },
                          [](const Regex&) { return Outcomes(); },
                          [](const CompareMovedTime&) { return Outcomes(); },
                          [](const CompareSpatially&) { return Outcomes(); },
                          [](const Exists&) { return Outcomes(); },
                          [](const Contains&) { return Outcomes(); },
                          [](const TextMatch&) { return Outcomes(); },
                          [](const MatchElements&) { return Outcomes(); },
                      },
                      node.is);
  }

 private:
  // One child that is FALSE for all rows decides.
  Outcomes OfAnd(const And& node) const {
    Outcomes out{true, false, false};
    for (const NodePtr& next : node.children) {
      const Outcomes child = Of(*next);
      if (!child.yes && !child.unknown) return child;
      out = {out.yes && child.yes, out.no || child.no, out.unknown || child.unknown};
    }
    return out;
  }

  Outcomes OfOr(const Or& node) const {
    Outcomes out{false, true, false};
    for (const NodePtr& next : node.children) {
      const Outcomes child = Of(*next);
      if (child.only_yes()) return child;
      out = {out.yes || child.yes, out.no && child.no, out.unknown || child.unknown};
    }
    return out;
  }

  Outcomes Valid(int slot, bool value) const {
    const storage::Zone* zone = zone_of_(slot);
    if (zone == nullptr) return {value, !value, true};
    if (AllNull(*zone)) return {false, false, true};
    return {value, !value, zone->num_nulls > 0};
  }

  Outcomes OfNulls(const NullTest& test) const {
    const storage::Zone* zone = zone_of_(test.slot);
    if (zone == nullptr) return {true, true, false};
    const bool nulls = zone->num_nulls > 0;
    const bool values = !AllNull(*zone);
    return test.is_null ? Outcomes{nulls, values, false} : Outcomes{values, nulls, false};
  }

  // The zone of a plain column; null if the operand is anything else.
  const storage::Zone* ZoneOf(const Operand& operand) const {
    const bool plain = operand.kind == Operand::Kind::kColumn && !operand.arithmetic.has_value();
    return plain ? zone_of_(operand.slot) : nullptr;
  }

  // test(bounds, kind) for the operand's kind of bounds.
  template <typename Test>
  Outcomes OfBounds(const Operand& operand, bool nan_passes, const Test& test) const {
    const storage::Zone* zone = ZoneOf(operand);
    if (zone == nullptr) return {};
    if (AllNull(*zone)) return {false, false, true};
    if (!zone->has_range) return {true, true, zone->num_nulls > 0};
    Truths truths = operand.type == DataType::kVarChar ? test(TextBoundsOf(*zone))
                    : schema::IsFloating(operand.type) ? test(RealBounds(*zone))
                                                       : test(IntBounds(*zone));
    if (zone->has_nan) (nan_passes ? truths.yes : truths.no) = true;
    return {truths.yes, truths.no, zone->num_nulls > 0};
  }

  static Truths CompareWith(const NumberBounds<int64_t>& bounds, const Operand&, CompareOp op,
                            const Value& value) {
    return CompareBounds(bounds, op, IntOf(value));
  }
  static Truths CompareWith(const NumberBounds<double>& bounds, const Operand& operand,
                            CompareOp op, const Value& value) {
    return CompareBounds(bounds, op, RealOf(value, operand.type));
  }
  static Truths CompareWith(const TextBounds& bounds, const Operand&, CompareOp op,
                            const Value& value) {
    return CompareBounds(bounds, op, std::string_view(value.as_string()));
  }

  Outcomes OfCompare(const Compare& node) const {
    return OfBounds(node.operand, node.op == CompareOp::kNotEqual, [&](const auto& bounds) {
      return CompareWith(bounds, node.operand, node.op, node.value);
    });
  }

  Outcomes OfRange(const Range& node) const {
    return OfBounds(node.operand, false, [&](const auto& bounds) {
      const CompareOp above = node.lower.inclusive ? CompareOp::kGreaterEqual : CompareOp::kGreater;
      const CompareOp below = node.upper.inclusive ? CompareOp::kLessEqual : CompareOp::kLess;
      const Truths lower = CompareWith(bounds, node.operand, above, node.lower.value);
      const Truths upper = CompareWith(bounds, node.operand, below, node.upper.value);
      return Truths{lower.yes && upper.yes, lower.no || upper.no};
    });
  }

  static Truths FindWith(const NumberBounds<int64_t>& bounds, const ValueSet& set) {
    if (set.kind() == ValueSet::Kind::kInt) return FindInBounds(bounds, set.ints());
    if (set.kind() != ValueSet::Kind::kBool) return kEither;
    const bool least = set.ContainsBool(bounds.least != 0);
    const bool greatest = set.ContainsBool(bounds.greatest != 0);
    return {least || greatest, !least || !greatest};
  }
  static Truths FindWith(const NumberBounds<double>& bounds, const ValueSet& set) {
    return set.kind() == ValueSet::Kind::kDouble ? FindInBounds(bounds, set.doubles()) : kEither;
  }
  static Truths FindWith(const TextBounds& bounds, const ValueSet& set) {
    return set.kind() == ValueSet::Kind::kString ? FindInBounds(bounds, set.strings()) : kEither;
  }

  Outcomes OfList(const InList& node) const {
    return OfBounds(node.operand, false,
                    [&](const auto& bounds) { return FindWith(bounds, node.set); });
  }

  Outcomes OfLike(const Like& node) const {
    if (node.operand.type != DataType::kVarChar) return {};
    return OfBounds(node.operand, false, [&](const auto& bounds) -> Truths {
      if constexpr (std::is_same_v<std::decay_t<decltype(bounds)>, TextBounds>) {
        const std::string_view text = node.pattern.text();
        switch (node.pattern.kind()) {
          case LikePattern::Kind::kAny:
            return kAll;
          case LikePattern::Kind::kEqual:
            return CompareBounds(bounds, CompareOp::kEqual, text);
          case LikePattern::Kind::kPrefix:
            return PrefixInBounds(bounds, text);
          case LikePattern::Kind::kSuffix:
          case LikePattern::Kind::kContains:
          case LikePattern::Kind::kGeneral:
            break;
        }
      }
      return kEither;
    });
  }

  const ZoneOfSlot zone_of_;
};

}  // namespace

Outcomes OutcomesOf(const Node& node, ZoneOfSlot zone_of) {
  return Analysis(zone_of).Of(node);
}

}  // namespace elanus::expr
