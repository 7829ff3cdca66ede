#include "expr/constant_folding.h"

#include <cmath>
#include <compare>
#include <limits>
#include <optional>

#include "common/status.h"
#include "expr/wrapping.h"
#include "schema/data_type.h"

namespace elanus::expr {
namespace {

using schema::DataTypeName;

absl::Status Gist(std::string text) {
  return MakeError(ErrorCode::kParameterInvalid, std::move(text));
}

// base ** exponent if it is an integer and fits, by squaring.
std::optional<int64_t> IntegerPower(int64_t base, int64_t exponent) {
  if (exponent < 0) return std::nullopt;
  int64_t result = 1;
  while (exponent > 0) {
    if ((exponent & 1) != 0 && __builtin_mul_overflow(result, base, &result)) return std::nullopt;
    exponent >>= 1;
    if (exponent > 0 && __builtin_mul_overflow(base, base, &base)) return std::nullopt;
  }
  return result;
}

absl::StatusOr<Value> FoldIntegers(AstOp op, int64_t a, int64_t b) {
  switch (op) {
    case AstOp::kAdd:
      return Value(WrappingAdd(a, b));
    case AstOp::kSubtract:
      return Value(WrappingSubtract(a, b));
    case AstOp::kMultiply:
      return Value(WrappingMultiply(a, b));
    case AstOp::kDivide:
    case AstOp::kModulo:
      if (b == 0) return Gist("division or modulus by zero");
      return Value(op == AstOp::kDivide ? WrappingDivide(a, b) : WrappingModulo(a, b));
    case AstOp::kBitAnd:
      return Value(a & b);
    case AstOp::kBitOr:
      return Value(a | b);
    case AstOp::kBitXor:
      return Value(a ^ b);
    default:
      break;
  }
  return Gist(fmt::format("{} is not supported", OperationName(op)));
}

absl::StatusOr<Value> FoldDoubles(AstOp op, double a, double b) {
  switch (op) {
    case AstOp::kAdd:
      return Value(a + b);
    case AstOp::kSubtract:
      return Value(a - b);
    case AstOp::kMultiply:
      return Value(a * b);
    case AstOp::kDivide:
      if (b == 0) return Gist("division or modulus by zero");
      return Value(a / b);
    case AstOp::kModulo:
      return Gist("modulo can only apply on integers");
    default:
      break;
  }
  return Gist(fmt::format("{} is not supported between floating numbers", OperationName(op)));
}

bool Holds(AstOp op, std::partial_ordering order) {
  switch (op) {
    case AstOp::kEqual:
      return order == 0;
    case AstOp::kNotEqual:
      return order != 0;
    case AstOp::kLess:
      return order < 0;
    case AstOp::kLessEqual:
      return order <= 0;
    case AstOp::kGreater:
      return order > 0;
    default:
      return order >= 0;
  }
}

}  // namespace

std::string_view OperationName(AstOp op) {
  switch (op) {
    case AstOp::kAdd:
      return "add";
    case AstOp::kSubtract:
      return "subtract";
    case AstOp::kMultiply:
      return "multiply";
    case AstOp::kDivide:
      return "divide";
    case AstOp::kModulo:
      return "modulo";
    case AstOp::kPower:
      return "power";
    case AstOp::kBitAnd:
      return "BitAnd";
    case AstOp::kBitOr:
      return "BitOr";
    case AstOp::kBitXor:
      return "BitXor";
    case AstOp::kShiftLeft:
      return "ShiftLeft";
    case AstOp::kShiftRight:
      return "ShiftRight";
    case AstOp::kAnd:
      return "and";
    case AstOp::kOr:
      return "or";
    default:
      return "operation";
  }
}

absl::StatusOr<Value> FoldArithmetic(AstOp op, const Value& left, const Value& right) {
  if (!left.is_number() || !right.is_number()) {
    return Gist(fmt::format("'{}' cannot perform arithmetic between {} and {}", OperationName(op),
                            DataTypeName(TypeOf(left)), DataTypeName(TypeOf(right))));
  }
  const bool integers = left.is_int() && right.is_int();
  if (op == AstOp::kPower) {
    if (integers) {
      if (const auto power = IntegerPower(left.as_int(), right.as_int())) return Value(*power);
    }
    const double power = std::pow(left.as_double(), right.as_double());
    if (!std::isfinite(power)) return Gist("power is out of range of Double");
    return Value(power);
  }
  if (integers) return FoldIntegers(op, left.as_int(), right.as_int());
  ELANUS_ASSIGN_OR_RETURN(Value value, FoldDoubles(op, left.as_double(), right.as_double()));
  if (!std::isfinite(value.as_double())) return Gist("constant is out of range of Double");
  return value;
}

absl::StatusOr<Value> FoldComparison(AstOp op, const Value& left, const Value& right) {
  if (left.is_int() && right.is_int()) return Value(Holds(op, left.as_int() <=> right.as_int()));
  if (left.is_number() && right.is_number()) {
    return Value(Holds(op, left.as_double() <=> right.as_double()));
  }
  if (left.is_string() && right.is_string()) {
    return Value(Holds(op, left.as_string().compare(right.as_string()) <=> 0));
  }
  const bool equality = op == AstOp::kEqual || op == AstOp::kNotEqual;
  if (equality && left.data.index() == right.data.index()) {
    return Value((left == right) == (op == AstOp::kEqual));
  }
  return Gist(fmt::format("comparisons between {} and {} are not supported",
                          DataTypeName(TypeOf(left)), DataTypeName(TypeOf(right))));
}

}  // namespace elanus::expr
