// The binder's comparisons, ranges and lists.
#include <fmt/format.h>

#include "expr/binding.h"
#include "expr/constant_folding.h"
#include "expr/value_conversion.h"

namespace elanus::expr {
namespace {

using schema::DataType;
using schema::DataTypeName;

}  // namespace

CompareOp CompareOpOf(AstOp op) {
  switch (op) {
    case AstOp::kEqual:
      return CompareOp::kEqual;
    case AstOp::kNotEqual:
      return CompareOp::kNotEqual;
    case AstOp::kLess:
      return CompareOp::kLess;
    case AstOp::kLessEqual:
      return CompareOp::kLessEqual;
    case AstOp::kGreater:
      return CompareOp::kGreater;
    default:
      return CompareOp::kGreaterEqual;
  }
}

namespace {

// The same comparison with its sides exchanged.
CompareOp Mirrored(CompareOp op) {
  switch (op) {
    case CompareOp::kLess:
      return CompareOp::kGreater;
    case CompareOp::kLessEqual:
      return CompareOp::kGreaterEqual;
    case CompareOp::kGreater:
      return CompareOp::kLess;
    case CompareOp::kGreaterEqual:
      return CompareOp::kLessEqual;
    case CompareOp::kEqual:
    case CompareOp::kNotEqual:
      break;
  }
  return op;
}

bool IsEquality(CompareOp op) {
  return op == CompareOp::kEqual || op == CompareOp::kNotEqual;
}

// Of `type op literal` if each value of the type lies on one `side` of the literal (-1 below).
bool HoldsForSide(CompareOp op, int side) {
  switch (op) {
    case CompareOp::kEqual:
      return false;
    case CompareOp::kNotEqual:
      return true;
    case CompareOp::kLess:
    case CompareOp::kLessEqual:
      return side < 0;
    case CompareOp::kGreater:
    case CompareOp::kGreaterEqual:
      break;
  }
  return side > 0;
}

}  // namespace

absl::StatusOr<Bound> Binder::BindComparison(const AstNode& node) {
  ELANUS_ASSIGN_OR_RETURN(Bound left, BindChild(node, 0));
  ELANUS_ASSIGN_OR_RETURN(Bound right, BindChild(node, 1));
  if (left.is_predicate() || right.is_predicate()) {
    return Error(node, "comparisons with the result of a boolean expression are not supported");
  }
  if (left.is_constant() && right.is_constant()) {
    if (left.from_template || right.from_template) {
      return Error(node, "placeholder was not supported between two constants");
    }
    absl::StatusOr<Value> folded = FoldComparison(node.op, left.value(), right.value());
    if (!folded.ok()) return Error(node, folded.status());
    return Bound{std::move(*folded)};
  }
  CompareOp op = CompareOpOf(node.op);
  if (left.is_operand() && right.is_operand()) {
    return TwoColumns(node, left.operand(), op, right.operand());
  }
  if (left.is_constant()) {
    std::swap(left, right);
    op = Mirrored(op);
  }
  return WithConstant(node, std::move(left.operand()), op, right.value());
}

absl::StatusOr<Bound> Binder::TwoColumns(const AstNode& node, const Operand& left, CompareOp op,
                                         const Operand& right) const {
  for (const Operand* side : {&left, &right}) {
    ELANUS_RETURN_IF_ERROR(CheckComparable(node, *side));
    if (side->arithmetic.has_value()) {
      return Error(node, "comparison of a column with arithmetic over another is not supported");
    }
    if (side->is_json()) {
      return Error(node, "two column comparison with JSON type is not supported");
    }
    if (side->kind == Operand::Kind::kArray) {
      return Error(node, "can not comparisons array fields directly");
    }
    if (side->kind != Operand::Kind::kColumn) {
      return Error(node, "two column comparison with an array element is not supported");
    }
  }
  const DataType a = left.type;
  const DataType b = right.type;
  const bool alike = (schema::IsNumeric(a) && schema::IsNumeric(b)) ||
                     (a == b && (a == DataType::kVarChar || a == DataType::kTimestamptz ||
                                 (a == DataType::kBool && IsEquality(op))));
  if (!alike) {
    return Error(node, fmt::format("comparisons between {} and {} are not supported",
                                   DataTypeName(a), DataTypeName(b)));
  }
  return Predicate(CompareColumns{left.slot, op, right.slot});
}

absl::StatusOr<Bound> Binder::WithConstant(const AstNode& node, Operand operand, CompareOp op,
                                           const Value& value) const {
  ELANUS_RETURN_IF_ERROR(CheckComparable(node, operand));
  if (operand.kind == Operand::Kind::kArray) return WholeArray(node, operand, op, value);
  if (value.is_list() && !IsEquality(op)) {
    return Error(node, fmt::format("comparisons between {} and Array are not supported",
                                   TypeNameOf(operand)));
  }
  absl::StatusOr<Value> converted = ConvertForComparison(operand, value, plan_.reports_30);
  if (!converted.ok()) return Error(node, converted.status());
  if (operand.type == DataType::kBool && !IsEquality(op)) {
    return Error(node, "invalid range operations on boolean expr");
  }
  if (operand.kind == Operand::Kind::kColumn && !operand.arithmetic.has_value() &&
      converted->is_int()) {
    const int side = OutOfRange(operand.type, converted->as_int());
    if (side != 0) return Predicate(ConstantIfValid{operand.slot, HoldsForSide(op, side)});
  }
  return Predicate(Compare{std::move(operand), op, std::move(*converted)});
}

absl::StatusOr<Bound> Binder::WholeArray(const AstNode& node, const Operand& operand, CompareOp op,
                                         const Value& value) const {
  if (!value.is_list() || !IsEquality(op)) {
    return Error(node, "can not comparisons array fields directly");
  }
  absl::StatusOr<std::vector<Value>> elements =
      ConvertElements(operand.type, value.as_list(), plan_.reports_30);
  if (!elements.ok()) return Error(node, elements.status());
  for (const Value& element : *elements) {
    if (element.is_int() && OutOfRange(operand.type, element.as_int()) != 0) {
      return Predicate(ConstantIfValid{operand.slot, op == CompareOp::kNotEqual});
    }
  }
  return Predicate(Compare{operand, op, Value(std::move(*elements))});
}

absl::StatusOr<Bound> Binder::BindRange(const AstNode& node) {
  ELANUS_ASSIGN_OR_RETURN(Bound lower, BindChild(node, 0));
  ELANUS_ASSIGN_OR_RETURN(Bound middle, BindChild(node, 1));
  ELANUS_ASSIGN_OR_RETURN(Bound upper, BindChild(node, 2));
  AstOp lower_op = node.op;
  AstOp upper_op = node.op2;
  if (node.op == AstOp::kGreater || node.op == AstOp::kGreaterEqual) {
    std::swap(lower, upper);
    std::swap(lower_op, upper_op);
  }
  if (!lower.is_constant() || !upper.is_constant()) {
    return Error(node, "lowerbound and upperbound of a range must be constants");
  }
  if (!middle.is_operand()) {
    return Error(node, "range operations are only supported on single fields now");
  }
  const Operand& operand = middle.operand();
  ELANUS_RETURN_IF_ERROR(CheckComparable(node, operand));
  if (operand.type == DataType::kBool || lower.is_bool_constant() || upper.is_bool_constant()) {
    return Error(node, "invalid range operations on boolean expr");
  }
  if (operand.kind == Operand::Kind::kArray || lower.value().is_list() || upper.value().is_list()) {
    return Error(node, "can not comparisons array fields directly");
  }
  absl::StatusOr<Value> low = ConvertForComparison(operand, lower.value(), plan_.reports_30);
  if (!low.ok()) return Error(node, low.status());
  absl::StatusOr<Value> high = ConvertForComparison(operand, upper.value(), plan_.reports_30);
  if (!high.ok()) return Error(node, high.status());
  const bool low_inclusive = lower_op == AstOp::kLessEqual || lower_op == AstOp::kGreaterEqual;
  const bool high_inclusive = upper_op == AstOp::kLessEqual || upper_op == AstOp::kGreaterEqual;
  const bool both = low_inclusive && high_inclusive;
  // The literals as given: two of them may fall together when narrowed to Float.
  absl::StatusOr<Value> valid =
      FoldComparison(both ? AstOp::kLessEqual : AstOp::kLess, lower.value(), upper.value());
  if (!valid.ok()) return Error(node, valid.status());
  if (!valid->as_bool()) {
    return Error(node, "invalid range: lowerbound is greater than upperbound");
  }
  return Predicate(
      Range{operand, {std::move(*low), low_inclusive}, {std::move(*high), high_inclusive}});
}

absl::StatusOr<Bound> Binder::BindIn(const AstNode& node) {
  ELANUS_ASSIGN_OR_RETURN(Bound left, BindChild(node, 0));
  ELANUS_ASSIGN_OR_RETURN(Bound right, BindChild(node, 1));
  if (!right.is_constant() || !right.value().is_list()) {
    return Error(node, fmt::format("the right-hand side of 'in' must be a list, but got: {}",
                                   ast_.TextOf(Child(node, 1)).substr(0, 256)));
  }
  if (!left.is_operand() || left.operand().arithmetic.has_value() ||
      left.operand().kind == Operand::Kind::kArrayLength ||
      left.operand().kind == Operand::Kind::kJsonLength) {
    return Error(node, "'in' operations are only supported on single fields now");
  }
  const Operand& operand = left.operand();
  ELANUS_RETURN_IF_ERROR(CheckComparable(node, operand));
  if (operand.kind == Operand::Kind::kArray) {
    return Error(node, "can not comparisons array fields directly");
  }
  // A type without literals would pass with an empty list.
  const bool scalar = operand.is_json() || schema::IsNumeric(operand.type) ||
                      operand.type == DataType::kBool || operand.type == DataType::kVarChar;
  if (!scalar) {
    return Error(node, fmt::format("'in' operations are not supported on {}", TypeNameOf(operand)));
  }
  absl::StatusOr<std::vector<Value>> values =
      ConvertList(operand, right.value().as_list(), plan_.reports_30);
  if (!values.ok()) return Error(node, values.status());
  NodePtr in = MakeNode(InList{operand, std::move(*values), {}});
  if (node.negated) return Predicate(Not{std::move(in)});
  return Bound{std::move(in)};
}

}  // namespace elanus::expr
