// The binder's times, shapes and samples: ISO and INTERVAL, st_*, random_sample.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>

#include "expr/binding.h"
#include "expr/value_conversion.h"
#include "geometry/wkt_reader.h"
#include "schema/timestamptz.h"

namespace elanus::expr {
namespace {

using geometry::Relation;
using schema::DataType;

constexpr std::pair<std::string_view, Relation> kRelations[] = {
    {"st_equals", Relation::kEquals},     {"st_touches", Relation::kTouches},
    {"st_overlaps", Relation::kOverlaps}, {"st_crosses", Relation::kCrosses},
    {"st_contains", Relation::kContains}, {"st_intersects", Relation::kIntersects},
    {"st_within", Relation::kWithin},     {"st_dwithin", Relation::kNear},
    {"st_isvalid", Relation::kValid},
};

// Where time + interval op value is time op value - interval.
int64_t Moved(int64_t value, int64_t micros) {
  int64_t moved = 0;
  if (!__builtin_add_overflow(value, micros, &moved)) return moved;
  return micros < 0 ? std::numeric_limits<int64_t>::min() : std::numeric_limits<int64_t>::max();
}

}  // namespace

absl::StatusOr<Bound> Binder::BindTimeCompare(const AstNode& node) {
  ELANUS_ASSIGN_OR_RETURN(Bound left, BindChild(node, 0));
  const Operand& operand = left.operand();
  if (operand.kind != Operand::Kind::kColumn || operand.type != DataType::kTimestamptz) {
    return Error(node, fmt::format("comparisons between {} and Timestamptz are not supported",
                                   TypeNameOf(operand)));
  }
  const std::string_view time = std::get<std::string_view>(Child(node, 1).literal);
  const absl::StatusOr<int64_t> value = schema::ParseTimestamptz(time, zone_);
  if (!value.ok()) return Error(Child(node, 1), value.status());
  const CompareOp op = CompareOpOf(node.op);
  if (node.op2 == AstOp::kNone) return Predicate(Compare{operand, op, Value(*value)});
  const std::string_view text = std::get<std::string_view>(Child(node, 2).literal);
  const absl::StatusOr<schema::Interval> interval = schema::ParseInterval(text);
  if (!interval.ok()) return Error(Child(node, 2), interval.status());
  const int sign = node.op2 == AstOp::kSubtract ? -1 : 1;
  if (interval->months == 0) {
    return Predicate(Compare{operand, op, Value(Moved(*value, -sign * interval->micros))});
  }
  return Predicate(CompareMovedTime{operand, *interval, sign, op, *value});
}

absl::StatusOr<Bound> Binder::BindSpatial(const AstNode& node) {
  CompareSpatially test;
  const auto* const found =
      std::find_if(std::begin(kRelations), std::end(kRelations),
                   [&](const auto& relation) { return relation.first == node.text; });
  if (found == std::end(kRelations)) {
    return Error(node, fmt::format("function {} is not found", node.text));
  }
  test.query.relation = found->second;
  const bool near = test.query.relation == Relation::kNear;
  const bool valid = test.query.relation == Relation::kValid;
  ELANUS_RETURN_IF_ERROR(CheckArguments(node, valid ? 1 : near ? 3 : 2));
  ELANUS_ASSIGN_OR_RETURN(Bound left, BindChild(node, 0));
  if (!left.is_operand() || left.operand().kind != Operand::Kind::kColumn ||
      left.operand().type != DataType::kGeometry || left.operand().arithmetic.has_value()) {
    return Error(node, fmt::format("function {} takes a Geometry field", node.text));
  }
  test.operand = left.operand();
  if (valid) return Predicate(std::move(test));
  ELANUS_ASSIGN_OR_RETURN(Bound right, BindChild(node, 1));
  if (!right.is_constant() || !right.value().is_string()) {
    return Error(node, fmt::format("the second argument of {} must be a WKT string", node.text));
  }
  absl::StatusOr<std::string> wkb = geometry::WktReader().Read(right.value().as_string());
  if (!wkb.ok()) return Error(Child(node, 1), wkb.status());
  test.query.wkb = std::move(*wkb);
  if (!near) return Predicate(std::move(test));
  if (!geometry::PointOf(test.query.wkb).has_value()) {
    return Error(Child(node, 1), "the shape of st_dwithin must be a point");
  }
  ELANUS_ASSIGN_OR_RETURN(Bound distance, BindChild(node, 2));
  if (!distance.is_constant() || !distance.value().is_number() ||
      !(distance.value().as_double() >= 0)) {
    return Error(Child(node, 2), "the distance of st_dwithin must be a number of at least 0");
  }
  test.query.metres = distance.value().as_double();
  return Predicate(std::move(test));
}

absl::StatusOr<double> Binder::SampleFraction(const AstNode& node) {
  constexpr double kLeast = 1e-10;
  ELANUS_RETURN_IF_ERROR(CheckArguments(node, 1));
  ELANUS_ASSIGN_OR_RETURN(Bound fraction, BindChild(node, 0));
  if (!fraction.is_constant() || !fraction.value().is_double()) {
    return Error(node, "the argument of random_sample must be a float literal");
  }
  const double value = fraction.value().as_double();
  if (value > kLeast && value < 1 - kLeast) return value;
  return Error(node, fmt::format("the sample factor should be between 0 and 1 and not too close to "
                                 "0 or 1, found {}",
                                 value));
}

bool Binder::IsSample(NodeId id) const {
  return ast_[id].kind == AstKind::kCall && ast_[id].text == "random_sample";
}

absl::StatusOr<Bound> Binder::BindRoot() {
  const AstNode& root = ast_[ast_.root];
  if (IsSample(ast_.root)) {
    ELANUS_ASSIGN_OR_RETURN(plan_.sample, SampleFraction(root));
    return Predicate(Constant{true});
  }
  const bool samples = root.kind == AstKind::kLogical && root.op == AstOp::kAnd &&
                       IsSample(ast_.Children(root).back());
  if (!samples) return BindNode(ast_.root);
  ELANUS_ASSIGN_OR_RETURN(plan_.sample, SampleFraction(Child(root, root.count - 1)));
  AstNode rest = root;
  --rest.count;
  if (rest.count > 1) return BindLogical(rest);
  ELANUS_ASSIGN_OR_RETURN(Bound only, BindChild(rest, 0));
  if (!only.is_predicate()) return Error(root, NotBoolean(root));
  return only;
}

}  // namespace elanus::expr
