#include "expr/shredded_leaf.h"

namespace elanus::expr {
namespace {

using schema::DataType;

bool IsNumber(DataType type) {
  return type == DataType::kInt64 || type == DataType::kDouble;
}

bool InIntegersOnly(ArithmeticOp op) {
  return op != ArithmeticOp::kAdd && op != ArithmeticOp::kSubtract &&
         op != ArithmeticOp::kMultiply && op != ArithmeticOp::kDivide;
}

Value AsDouble(const Value& value) {
  return value.as_double();
}

// Follows JsonMatcher: what it says of values of one type, the typed leaf says.
class Typer {
 public:
  Typer(const Plan& plan, DataType type, int slot) : plan_(plan), type_(type), slot_(slot) {}

  std::optional<ShreddedLeaf> operator()(const Compare& node) const {
    const bool missing_pass = node.op == CompareOp::kNotEqual && !plan_.reports_30;
    const auto miss = [&] { return std::optional(ShreddedLeaf{nullptr, missing_pass}); };
    const auto compare = [&](DataType as, Value value) {
      Operand operand = Column(as);
      operand.arithmetic = node.operand.arithmetic;
      return Typed(Compare{std::move(operand), node.op, std::move(value)}, missing_pass);
    };
    const Value& value = node.value;
    const bool computed = node.operand.arithmetic.has_value();
    if (value.is_number()) {
      if (!IsNumber(type_)) return miss();
      const bool whole = type_ == DataType::kInt64 && value.is_int() &&
                         (!computed || node.operand.arithmetic->constant.is_int());
      if (whole) return compare(DataType::kInt64, value);
      if (computed && InIntegersOnly(node.operand.arithmetic->op)) return std::nullopt;
      return compare(DataType::kDouble, AsDouble(value));
    }
    if (computed) return miss();
    const bool same = (value.is_string() && type_ == DataType::kVarChar) ||
                      (value.is_bool() && type_ == DataType::kBool);
    return same ? compare(type_, value) : miss();
  }

  std::optional<ShreddedLeaf> operator()(const Range& node) const {
    const Value& lower = node.lower.value;
    const Value& upper = node.upper.value;
    const bool computed = node.operand.arithmetic.has_value();
    if (lower.is_string() && upper.is_string()) {
      if (computed || type_ != DataType::kVarChar) return ShreddedLeaf();
      return Typed(Range{Column(type_), node.lower, node.upper});
    }
    if (!lower.is_number() || !upper.is_number()) return std::nullopt;
    if (!IsNumber(type_)) return ShreddedLeaf();
    if (computed && InIntegersOnly(node.operand.arithmetic->op)) return std::nullopt;
    if (type_ == DataType::kInt64 && !computed) {
      if (lower.is_int() != upper.is_int()) return std::nullopt;
      if (lower.is_int()) return Typed(Range{Column(type_), node.lower, node.upper});
    }
    Operand operand = Column(DataType::kDouble);
    operand.arithmetic = node.operand.arithmetic;
    return Typed(Range{std::move(operand),
                       {AsDouble(lower), node.lower.inclusive},
                       {AsDouble(upper), node.upper.inclusive}});
  }

  std::optional<ShreddedLeaf> operator()(const InList& node) const {
    if (node.operand.arithmetic.has_value()) return std::nullopt;
    const auto in = [&](DataType as, const std::vector<Value>& values) {
      return Typed(InList{Column(as), {}, ValueSet(values)});
    };
    switch (node.set.kind()) {
      case ValueSet::Kind::kEmpty:
        return Typed(ConstantIfValid{slot_, false});
      case ValueSet::Kind::kBool:
        if (type_ != DataType::kBool) return ShreddedLeaf();
        return in(type_, node.set.values());
      case ValueSet::Kind::kString:
        if (type_ != DataType::kVarChar) return ShreddedLeaf();
        return in(type_, node.set.values());
      case ValueSet::Kind::kInt:
        if (type_ == DataType::kInt64) return in(type_, node.set.values());
        break;
      case ValueSet::Kind::kDouble:
        break;
    }
    if (!IsNumber(type_)) return ShreddedLeaf();
    std::vector<Value> doubles;
    for (const Value& value : node.set.values()) doubles.push_back(AsDouble(value));
    return in(DataType::kDouble, doubles);
  }

  std::optional<ShreddedLeaf> operator()(const Like& node) const {
    if (type_ != DataType::kVarChar) return ShreddedLeaf();
    return Typed(Like{Column(type_), node.pattern});
  }

  std::optional<ShreddedLeaf> operator()(const Regex& node) const {
    if (type_ != DataType::kVarChar) return ShreddedLeaf();
    return Typed(Regex{Column(type_), node.pattern});
  }

  // A string, number or bool is something, whatever it says.
  std::optional<ShreddedLeaf> operator()(const Exists&) const {
    return Typed(NullTest{slot_, /*is_null=*/false});
  }

  // No arrays among them.
  std::optional<ShreddedLeaf> operator()(const Contains&) const { return ShreddedLeaf(); }

  template <typename Other>
  std::optional<ShreddedLeaf> operator()(const Other&) const {
    return std::nullopt;
  }

 private:
  Operand Column(DataType as) const {
    return {.kind = Operand::Kind::kColumn, .type = as, .slot = slot_};
  }
  template <typename T>
  static std::optional<ShreddedLeaf> Typed(T node, bool missing_pass = false) {
    return ShreddedLeaf{MakeNode(std::move(node)), missing_pass};
  }

  const Plan& plan_;
  const DataType type_;
  const int slot_;
};

}  // namespace

std::optional<ShreddedLeaf> ShreddedLeafOf(const Plan& plan, const Node& node,
                                           schema::DataType type, int slot) {
  const Operand* const operand = JsonOperandOf(node);
  if (operand == nullptr || operand->kind != Operand::Kind::kJson || type == DataType::kJson) {
    return std::nullopt;
  }
  std::optional<ShreddedLeaf> leaf = std::visit(Typer(plan, type, slot), node.is);
  if (leaf.has_value() && leaf->typed != nullptr) leaf->typed->id = node.id;
  return leaf;
}

const Operand* JsonOperandOf(const Node& node) {
  return std::visit(
      [](const auto& leaf) -> const Operand* {
        if constexpr (requires { leaf.operand.is_json(); }) {
          return leaf.operand.is_json() ? &leaf.operand : nullptr;
        } else {
          return nullptr;
        }
      },
      node.is);
}

}  // namespace elanus::expr
