#include "expr/json_match.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "expr/lane.h"
#include "expr/word_kernels.h"

namespace elanus::expr {
namespace {

Match Answer(bool yes) {
  return yes ? Match::kYes : Match::kNo;
}

JsonValue IntegerValue(int64_t number) {
  JsonValue value;
  value.type = JsonType::kInt;
  value.integer = number;
  return value;
}

JsonValue DoubleValue(double number) {
  JsonValue value;
  value.type = JsonType::kDouble;
  value.number = number;
  return value;
}

double ApplyToDouble(ArithmeticOp op, double a, double b) {
  switch (op) {
    case ArithmeticOp::kAdd:
      return a + b;
    case ArithmeticOp::kSubtract:
      return a - b;
    case ArithmeticOp::kMultiply:
      return a * b;
    default:
      return a / b;
  }
}

bool IntegersOnly(ArithmeticOp op) {
  return op != ArithmeticOp::kAdd && op != ArithmeticOp::kSubtract &&
         op != ArithmeticOp::kMultiply && op != ArithmeticOp::kDivide;
}

// A double that is an integer of 64 bits.
std::optional<int64_t> AsInteger(double number) {
  if (number != std::floor(number) || number < -0x1p63 || number >= 0x1p63) return std::nullopt;
  return static_cast<int64_t>(number);
}

}  // namespace

JsonValue JsonMatcher::Apply(const JsonValue& value, const Arithmetic& arithmetic, bool integers) {
  if (!value.is_number()) return JsonValue();
  const bool whole = value.type == JsonType::kInt;
  if (IntegersOnly(arithmetic.op) || (integers && whole)) {
    std::optional<int64_t> number =
        whole ? std::optional(value.integer) : AsInteger(value.as_double());
    if (!number.has_value()) return JsonValue();
    const int64_t constant = arithmetic.constant.as_int();
    return IntegerValue(WithArithmetic(
        arithmetic.op, [&]<ArithmeticOp kOp>() { return expr::Apply<kOp>(*number, constant); }));
  }
  return DoubleValue(
      ApplyToDouble(arithmetic.op, value.as_double(), arithmetic.constant.as_double()));
}

Match JsonMatcher::Compare(const JsonValue& value, CompareOp op, const Value& constant) {
  if (constant.is_list()) {
    if (value.type != JsonType::kArray) return Match::kMiss;
    return Answer(Equals(value, constant) == (op == CompareOp::kEqual));
  }
  return WithComparer(op, [&](auto comparer) {
    if (constant.is_string()) {
      if (value.type != JsonType::kString) return Match::kMiss;
      return Answer(comparer(JsonText(value, scratch_), std::string_view(constant.as_string())));
    }
    if (constant.is_bool()) {
      if (value.type != JsonType::kBool) return Match::kMiss;
      return Answer(comparer(value.boolean, constant.as_bool()));
    }
    if (!value.is_number()) return Match::kMiss;
    if (constant.is_int() && value.type == JsonType::kInt) {
      return Answer(comparer(value.integer, constant.as_int()));
    }
    if (constant.is_int() && value.type == JsonType::kUnsigned && reports_30_) {
      return Answer(comparer(1, 0));  // Above every int64.
    }
    return Answer(comparer(value.as_double(), constant.as_double()));
  });
}

Match JsonMatcher::InRange(const JsonValue& value, const Range& range) {
  const Match above =
      Compare(value, range.lower.inclusive ? CompareOp::kGreaterEqual : CompareOp::kGreater,
              range.lower.value);
  if (above != Match::kYes) return above;
  return Compare(value, range.upper.inclusive ? CompareOp::kLessEqual : CompareOp::kLess,
                 range.upper.value);
}

Match JsonMatcher::In(const JsonValue& value, const ValueSet& set) {
  switch (set.kind()) {
    case ValueSet::Kind::kEmpty:
      // No type to have: whatever is there is not in it.
      return value.type == JsonType::kMissing || value.type == JsonType::kNull ? Match::kMiss
                                                                               : Match::kNo;
    case ValueSet::Kind::kBool:
      if (value.type != JsonType::kBool) return Match::kMiss;
      return Answer(set.ContainsBool(value.boolean));
    case ValueSet::Kind::kString:
      if (value.type != JsonType::kString) return Match::kMiss;
      return Answer(set.ContainsString(JsonText(value, scratch_)));
    case ValueSet::Kind::kInt:
      if (!value.is_number()) return Match::kMiss;
      if (value.type == JsonType::kInt) return Answer(set.ContainsInt(value.integer));
      if (value.type == JsonType::kUnsigned && reports_30_) return Match::kNo;
      return Answer(set.ContainsDouble(value.as_double()));
    case ValueSet::Kind::kDouble:
      break;
  }
  if (!value.is_number()) return Match::kMiss;
  return Answer(set.ContainsDouble(value.as_double()));
}

Match JsonMatcher::Like(const JsonValue& value, const LikePattern& pattern) {
  if (value.type != JsonType::kString) return Match::kMiss;
  return Answer(pattern.Matches(JsonText(value, scratch_)));
}

bool JsonMatcher::Equals(const JsonValue& value, const Value& constant) {
  if (!constant.is_list()) return Compare(value, CompareOp::kEqual, constant) == Match::kYes;
  if (value.type != JsonType::kArray) return false;
  const Value::List& list = constant.as_list();
  size_t count = 0;
  bool equal = true;
  ForEachJsonElement(value.text, [&](const JsonValue& element) {
    equal = count < list.size() && Equals(element, list[count]);
    ++count;
    return equal;
  });
  return equal && count == list.size();
}

Match JsonMatcher::Contains(const JsonValue& value, const expr::Contains& contains) {
  if (value.type != JsonType::kArray) return Match::kMiss;
  std::vector<JsonValue> elements;
  ForEachJsonElement(value.text, [&](const JsonValue& element) {
    elements.push_back(element);
    return true;
  });
  const auto has = [&](const Value& constant) {
    return std::any_of(elements.begin(), elements.end(),
                       [&](const JsonValue& element) { return Equals(element, constant); });
  };
  const auto& constants = contains.values;
  return Answer(contains.mode == expr::Contains::Mode::kAll
                    ? std::all_of(constants.begin(), constants.end(), has)
                    : std::any_of(constants.begin(), constants.end(), has));
}

std::optional<int64_t> JsonArrayLength(const JsonValue& value) {
  if (value.type != JsonType::kArray) return std::nullopt;
  int64_t count = 0;
  ForEachJsonElement(value.text, [&](const JsonValue&) {
    ++count;
    return true;
  });
  return count;
}

}  // namespace elanus::expr
