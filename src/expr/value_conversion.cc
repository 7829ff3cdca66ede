#include "expr/value_conversion.h"

#include <limits>

#include "common/status.h"

namespace elanus::expr {
namespace {

using schema::DataType;
using schema::DataTypeName;

absl::Status Gist(std::string text) {
  return MakeError(ErrorCode::kParameterInvalid, std::move(text));
}

absl::Status NotComparable(std::string_view left, const Value& value) {
  return Gist(fmt::format("comparisons between {} and {} are not supported", left,
                          DataTypeName(TypeOf(value))));
}

// The value as one of a scalar type, or nothing if it has another kind. An integer type takes no
// floating value, not even 1.0; a floating type takes integers.
std::optional<Value> AsScalar(DataType type, const Value& value) {
  if (type == DataType::kBool && value.is_bool()) return value;
  if (schema::IsInteger(type) && value.is_int()) return value;
  if (type == DataType::kFloat && value.is_number()) {
    return Value(static_cast<double>(static_cast<float>(value.as_double())));
  }
  if (type == DataType::kDouble && value.is_number()) return Value(value.as_double());
  if (type == DataType::kVarChar && value.is_string()) return value;
  return std::nullopt;
}

// Elements of ARRAY<FLOAT> are widened on the 2.6 line, so that 0.1 does not find a stored 0.1f.
DataType ElementComparedAs(DataType element_type, bool reports_30) {
  return element_type == DataType::kFloat && !reports_30 ? DataType::kDouble : element_type;
}

DataType ComparedAs(const Operand& operand, bool reports_30) {
  return operand.kind == Operand::Kind::kArrayElement ? ElementComparedAs(operand.type, reports_30)
                                                      : operand.type;
}

}  // namespace

std::string_view TypeNameOf(const Operand& operand) {
  return operand.kind == Operand::Kind::kArray ? "Array" : DataTypeName(operand.type);
}

absl::StatusOr<Value> ConvertForComparison(const Operand& operand, const Value& value,
                                           bool reports_30) {
  if (operand.kind == Operand::Kind::kJson) {
    if (operand.arithmetic.has_value() && !value.is_number()) {
      return NotComparable(TypeNameOf(operand), value);
    }
    return value;
  }
  if (const auto scalar = AsScalar(ComparedAs(operand, reports_30), value)) return *scalar;
  if (schema::IsInteger(operand.type) && value.is_double()) {
    return Gist(
        fmt::format("cannot cast value to {}: {}", DataTypeName(operand.type), ToText(value)));
  }
  return NotComparable(TypeNameOf(operand), value);
}

absl::StatusOr<std::vector<Value>> ConvertList(const Operand& operand, const Value::List& list,
                                               bool reports_30) {
  std::vector<Value> out;
  out.reserve(list.size());
  if (operand.kind != Operand::Kind::kJson) {
    for (const Value& item : list) {
      std::optional<Value> scalar = AsScalar(ComparedAs(operand, reports_30), item);
      if (!scalar.has_value()) {
        return Gist(fmt::format("value '{}' in list cannot be casted to {}", ToText(item),
                                TypeNameOf(operand)));
      }
      const bool possible = operand.kind != Operand::Kind::kColumn || !scalar->is_int() ||
                            OutOfRange(operand.type, scalar->as_int()) == 0;
      if (possible) out.push_back(std::move(*scalar));
    }
    return out;
  }
  bool has_int = false;
  bool has_double = false;
  for (const Value& item : list) {
    if (item.is_list()) return Gist("a list inside the list of 'in' is not supported");
    has_int |= item.is_int();
    has_double |= item.is_double();
  }
  const bool mixed = has_int && has_double;
  for (const Value& item : list) {
    const Value& first = list.front();
    if (mixed && first.is_number() && item.is_number()) {
      out.emplace_back(item.as_double());
    } else if (item.data.index() == first.data.index()) {
      out.push_back(item);
    }
  }
  return out;
}

absl::StatusOr<std::vector<Value>> ConvertElements(DataType element_type, const Value::List& list,
                                                   bool reports_30) {
  std::vector<Value> out;
  out.reserve(list.size());
  const DataType type = ElementComparedAs(element_type, reports_30);
  for (const Value& item : list) {
    std::optional<Value> scalar = AsScalar(type, item);
    if (!scalar.has_value()) {
      return Gist(fmt::format("value '{}' in list cannot be casted to {}", ToText(item),
                              DataTypeName(element_type)));
    }
    out.push_back(std::move(*scalar));
  }
  return out;
}

int OutOfRange(DataType type, int64_t value) {
  const auto outside = [value](int64_t min, int64_t max) {
    return value > max ? -1 : value < min ? 1 : 0;
  };
  switch (type) {
    case DataType::kInt8:
      return outside(INT8_MIN, INT8_MAX);
    case DataType::kInt16:
      return outside(INT16_MIN, INT16_MAX);
    case DataType::kInt32:
      return outside(INT32_MIN, INT32_MAX);
    default:
      return 0;
  }
}

}  // namespace elanus::expr
