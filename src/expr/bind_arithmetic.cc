// The binder's arithmetic.
#include <fmt/format.h>

#include "expr/binding.h"
#include "expr/constant_folding.h"
#include "expr/value_conversion.h"

namespace elanus::expr {
namespace {

using schema::DataType;
using schema::DataTypeName;

ArithmeticOp ArithmeticOpOf(AstOp op) {
  switch (op) {
    case AstOp::kAdd:
      return ArithmeticOp::kAdd;
    case AstOp::kSubtract:
      return ArithmeticOp::kSubtract;
    case AstOp::kMultiply:
      return ArithmeticOp::kMultiply;
    case AstOp::kDivide:
      return ArithmeticOp::kDivide;
    case AstOp::kModulo:
      return ArithmeticOp::kModulo;
    case AstOp::kBitAnd:
      return ArithmeticOp::kBitAnd;
    case AstOp::kBitOr:
      return ArithmeticOp::kBitOr;
    default:
      return ArithmeticOp::kBitXor;
  }
}

bool IsBitwise(AstOp op) {
  return op == AstOp::kBitAnd || op == AstOp::kBitOr || op == AstOp::kBitXor;
}

}  // namespace

absl::StatusOr<Bound> Binder::BindUnary(const AstNode& node) {
  ELANUS_ASSIGN_OR_RETURN(Bound child, BindChild(node, 0));
  if (node.op == AstOp::kNot) {
    if (child.is_predicate()) return Predicate(Not{std::move(child.predicate())});
    if (child.is_bool_constant() && !child.from_template) {
      return Bound{Value(!child.value().as_bool())};
    }
    return Error(node, "'not' can only be used between boolean expressions");
  }
  if (node.op == AstOp::kBitNot) return Error(node, "BitNot is not supported");
  const std::string_view name = node.op == AstOp::kMinus ? "unary minus" : "unary plus";
  if (!child.is_constant() || child.from_template || !child.value().is_number()) {
    return Error(node, fmt::format("{} can only be applied on a number", name));
  }
  if (node.op == AstOp::kPlus) return child;
  if (child.value().is_double()) return Bound{Value(-child.value().as_double())};
  return Bound{Value(static_cast<int64_t>(-static_cast<uint64_t>(child.value().as_int())))};
}

absl::StatusOr<Bound> Binder::BindArithmetic(const AstNode& node) {
  ELANUS_ASSIGN_OR_RETURN(Bound left, BindChild(node, 0));
  ELANUS_ASSIGN_OR_RETURN(Bound right, BindChild(node, 1));
  const std::string_view name = OperationName(node.op);
  if (node.op == AstOp::kShiftLeft || node.op == AstOp::kShiftRight) {
    return Error(node, fmt::format("{} is not supported", name));
  }
  if (left.is_predicate() || right.is_predicate()) {
    return Error(node, fmt::format("'{}' cannot be used with a boolean expression", name));
  }
  if (left.is_constant() && right.is_constant()) {
    if (left.from_template || right.from_template) {
      return Error(node, "placeholder was not supported between two constants");
    }
    absl::StatusOr<Value> folded = FoldArithmetic(node.op, left.value(), right.value());
    if (!folded.ok()) return Error(node, folded.status());
    return Bound{std::move(*folded)};
  }
  if (left.is_operand() && right.is_operand()) {
    return Error(
        node, fmt::format("'{}' between fields: arithmetic between fields is not supported", name));
  }
  if (node.op == AstOp::kPower) return Error(node, "power can only be applied on constants");
  if (left.is_constant()) {
    const bool commutes =
        node.op == AstOp::kAdd || node.op == AstOp::kMultiply || IsBitwise(node.op);
    if (!commutes) return Error(node, fmt::format("{} field is not yet supported", name));
    std::swap(left, right);
  }
  ELANUS_RETURN_IF_ERROR(AddArithmetic(node, right.value(), left.operand()));
  return left;
}

absl::Status Binder::AddArithmetic(const AstNode& node, const Value& constant,
                                   Operand& operand) const {
  const std::string_view name = OperationName(node.op);
  if (operand.arithmetic.has_value()) {
    return Error(node, "complicated arithmetic operations are not supported");
  }
  ELANUS_RETURN_IF_ERROR(CheckComparable(node, operand));
  const bool numeric = operand.kind == Operand::Kind::kJson ||
                       (operand.kind != Operand::Kind::kArray && schema::IsNumeric(operand.type));
  const bool floating_into_integer = schema::IsInteger(operand.type) && constant.is_double();
  if (!numeric || !constant.is_number() || floating_into_integer) {
    return Error(node, fmt::format("'{}' cannot perform arithmetic between {} field and {}", name,
                                   TypeNameOf(operand), DataTypeName(TypeOf(constant))));
  }
  const bool integers_only = node.op == AstOp::kModulo || IsBitwise(node.op);
  if (integers_only && (constant.is_double() || schema::IsFloating(operand.type))) {
    return Error(node, fmt::format("{} can only apply on integers", name));
  }
  const bool divides = node.op == AstOp::kDivide || node.op == AstOp::kModulo;
  if (divides && constant.as_double() == 0) return Error(node, "division or modulus by zero");
  Value converted = constant;
  if (operand.type == DataType::kFloat && operand.kind == Operand::Kind::kColumn) {
    converted = Value(static_cast<double>(static_cast<float>(constant.as_double())));
    if (divides && converted.as_double() == 0) return Error(node, "division or modulus by zero");
  } else if (schema::IsFloating(operand.type)) {
    converted = Value(constant.as_double());
  }
  operand.arithmetic = Arithmetic{ArithmeticOpOf(node.op), std::move(converted)};
  return absl::OkStatus();
}

}  // namespace elanus::expr
