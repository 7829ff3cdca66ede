#include "expr/binder.h"

#include <fmt/format.h>

#include <algorithm>

#include "absl/strings/match.h"
#include "expr/binding.h"
#include "expr/constant_folding.h"
#include "expr/value_conversion.h"

namespace elanus::expr {
namespace {

using schema::DataType;
using schema::DataTypeName;
using schema::FieldSchema;

bool IsComparison(AstOp op) {
  return op >= AstOp::kEqual && op <= AstOp::kGreaterEqual;
}

// Nothing for a value that was declared but not given.
std::optional<Value> ValueOf(const TemplateValue& given) {
  return std::visit(
      Overload{[](std::monostate) -> std::optional<Value> { return std::nullopt; },
               [](const TemplateValue::List& items) -> std::optional<Value> {
                 Value::List list;
                 list.reserve(items.size());
                 for (const TemplateValue& item : items) {
                   std::optional<Value> value = ValueOf(item);
                   if (!value.has_value()) return std::nullopt;
                   list.push_back(std::move(*value));
                 }
                 return Value(std::move(list));
               },
               [](const auto& scalar) -> std::optional<Value> { return Value(scalar); }},
      given.value);
}

}  // namespace

absl::StatusOr<Plan> Binder::Run() {
  if (ast_.empty) {
    plan_.root = MakeNode(Constant{true});
    return std::move(plan_);
  }
  last_part_ = ast_.root;
  const AstNode& root = ast_[ast_.root];
  if (root.kind == AstKind::kLogical && root.op == AstOp::kAnd) {
    last_part_ = ast_.Children(root).back();
  }
  return RunAt(ast_.root);
}

absl::StatusOr<Plan> Binder::RunAt(NodeId id) {
  const bool whole = last_part_.has_value();  // Not the elements inside a filter.
  ELANUS_ASSIGN_OR_RETURN(Bound root, whole ? BindRoot() : BindNode(id));
  const AstNode& node = ast_[id];
  if (root.is_bool_constant()) {
    const bool written = node.kind == AstKind::kLiteral || node.kind == AstKind::kTemplate;
    if (written && !plan_.reports_30) return NotAPredicate(node, "Bool");
    plan_.root = MakeNode(Constant{root.value().as_bool()});
  } else if (root.is_predicate()) {
    plan_.root = std::move(root.predicate());
    if (!plan_.sample.has_value()) plan_.exact_primary_keys = ExactKeys(*plan_.root);
  } else if (root.is_operand()) {
    return NotAPredicate(node, TypeNameOf(root.operand()));
  } else {
    return NotAPredicate(node, DataTypeName(TypeOf(root.value())));
  }
  return std::move(plan_);
}

absl::Status Binder::NotAPredicate(const AstNode& node, std::string_view type) const {
  return source_.Error(node.begin,
                       fmt::format("predicate is not a boolean expression: {}, data type: {}",
                                   ast_.TextOf(node).substr(0, 256), type));
}

absl::StatusOr<Bound> Binder::BindNode(NodeId id) {
  const AstNode& node = ast_[id];
  switch (node.kind) {
    case AstKind::kLiteral:
      return Bound{ValueOf(node.literal)};
    case AstKind::kTemplate:
      return BindTemplate(node);
    case AstKind::kName:
    case AstKind::kPath:
      return BindName(node);
    case AstKind::kList:
      return BindList(node);
    case AstKind::kUnary:
      return BindUnary(node);
    case AstKind::kBinary:
      return IsComparison(node.op) ? BindComparison(node) : BindArithmetic(node);
    case AstKind::kLogical:
      return BindLogical(node);
    case AstKind::kRange:
      return BindRange(node);
    case AstKind::kIn:
      return BindIn(node);
    case AstKind::kLike:
      return BindLike(node);
    case AstKind::kRegex:
      return BindRegex(node);
    case AstKind::kTimeCompare:
      return BindTimeCompare(node);
    case AstKind::kNullTest:
      return BindNullTest(node);
    case AstKind::kExists:
      return BindExists(node);
    case AstKind::kCall:
      return BindCall(node);
  }
  return Error(node, "invalid expression");
}

Value Binder::ValueOf(const Literal& literal) {
  if (const auto* text = std::get_if<std::string_view>(&literal)) {
    return Value(std::string(*text));
  }
  if (const auto* integer = std::get_if<int64_t>(&literal)) return Value(*integer);
  if (const auto* number = std::get_if<double>(&literal)) return Value(*number);
  return Value(std::get<bool>(literal));
}

absl::StatusOr<Bound> Binder::BindTemplate(const AstNode& node) {
  const auto found = values_.find(node.text);
  std::optional<Value> value;
  if (found != values_.end()) value = expr::ValueOf(found->second);
  if (!value.has_value()) {
    return Error(node,
                 fmt::format("the value of expression template variable name {{{}}} is not found",
                             node.text));
  }
  return Bound{std::move(*value), true};
}

absl::StatusOr<Bound> Binder::BindList(const AstNode& node) {
  Value::List list;
  list.reserve(node.count);
  for (const NodeId child : ast_.Children(node)) {
    if (ast_[child].kind == AstKind::kLiteral) {
      list.push_back(ValueOf(ast_[child].literal));
      continue;
    }
    ELANUS_ASSIGN_OR_RETURN(Bound item, BindNode(child));
    if (!item.is_constant()) {
      return source_.Error(ast_[child].begin, "array element must be a constant");
    }
    list.push_back(std::move(std::get<Value>(item.is)));
  }
  return Bound{Value(std::move(list))};
}

int Binder::SlotOf(const FieldSchema& field) {
  for (size_t slot = 0; slot < plan_.fields.size(); ++slot) {
    if (plan_.fields[slot].id == field.id) return static_cast<int>(slot);
  }
  plan_.fields.push_back(
      {field.id, field.name, field.type, field.element_type, field.nullable, {}});
  return static_cast<int>(plan_.fields.size() - 1);
}

absl::StatusOr<Operand> Binder::JsonOperand(const AstNode& node, const FieldSchema& field,
                                            JsonPath path) {
  Operand operand;
  operand.kind = Operand::Kind::kJson;
  operand.type = DataType::kJson;
  operand.slot = SlotOf(field);
  JsonPathTree& paths = plan_.fields[operand.slot].paths;
  operand.path = paths.Add(path);
  if (paths.num_paths() > kMaxJsonPaths) {
    return Error(node, fmt::format("filter names more than {} JSON paths", kMaxJsonPaths));
  }
  return operand;
}

absl::StatusOr<Bound> Binder::BindName(const AstNode& node) {
  const FieldSchema* field = schema_.Find(node.text);
  const std::span<const PathStep> steps =
      node.kind == AstKind::kPath ? ast_.Steps(node) : std::span<const PathStep>();
  if (!steps.empty() && steps.back().is_sub_field) return BindStructPath(node);
  if (binds_elements_) {
    return Error(node, fmt::format("inside a test of elements only $[...] can be named, found {}",
                                   ast_.TextOf(node)));
  }
  if (schema_.FindStruct(node.text) != nullptr) {
    return Error(node, fmt::format("struct array {} cannot stand here, but its fields can, as "
                                   "{}[field]",
                                   node.text, node.text));
  }
  JsonPath path;
  if (field == nullptr) {
    field = schema_.dynamic_field();
    const bool null_word =
        plan_.reports_30 && absl::EqualsIgnoreCase({node.text.data(), node.text.size()}, "null");
    if (field == nullptr || null_word || node.text.starts_with('$')) {
      return Error(node, fmt::format("field {} not exist", node.text));
    }
    path.push_back({false, 0, std::string(node.text)});
  }
  for (const PathStep& step : steps) {
    path.push_back({step.is_index, step.index, std::string(step.key)});
  }
  if (field->type == DataType::kJson) {
    ELANUS_ASSIGN_OR_RETURN(Operand operand, JsonOperand(node, *field, std::move(path)));
    return Bound{std::move(operand)};
  }
  Operand operand;
  operand.slot = SlotOf(*field);
  operand.type = field->type;
  if (field->type == DataType::kArray) {
    operand.type = field->element_type;
    operand.kind = path.empty() ? Operand::Kind::kArray : Operand::Kind::kArrayElement;
    if (!path.empty()) {
      if (path.size() > 1 || !path[0].is_index) {
        return Error(node, fmt::format("array field {} is accessed by one integer index: {}",
                                       field->name, ast_.TextOf(node)));
      }
      operand.index = path[0].index;
    }
  } else if (!path.empty()) {
    return Error(node, fmt::format("{} data type not supported accessed with []",
                                   DataTypeName(field->type)));
  }
  return Bound{std::move(operand)};
}

absl::Status Binder::CheckComparable(const AstNode& node, const Operand& operand) const {
  if (operand.kind == Operand::Kind::kColumn && operand.type == DataType::kText) {
    return Error(node, fmt::format("filter on text field ({}) is not supported yet",
                                   plan_.fields[operand.slot].name));
  }
  return absl::OkStatus();
}

absl::StatusOr<Bound> Binder::BindLogical(const AstNode& node) {
  const bool is_and = node.op == AstOp::kAnd;
  std::vector<NodePtr> predicates;
  bool has_constant = false;
  bool folded = is_and;
  for (uint32_t i = 0; i < node.count; ++i) {
    ELANUS_ASSIGN_OR_RETURN(Bound child, BindChild(node, i));
    if (child.is_predicate()) {
      predicates.push_back(std::move(child.predicate()));
    } else if (child.is_bool_constant() && !child.from_template) {
      has_constant = true;
      folded = is_and ? folded && child.value().as_bool() : folded || child.value().as_bool();
    } else {
      return Error(node, NotBoolean(node));
    }
  }
  if (predicates.empty()) return Bound{Value(folded)};
  if (has_constant && !plan_.reports_30) return Error(node, NotBoolean(node));
  if (has_constant) predicates.push_back(MakeNode(Constant{folded}));
  if (is_and) return Predicate(And{std::move(predicates)});
  return Predicate(Or{std::move(predicates)});
}

std::string Binder::NotBoolean(const AstNode& node) {
  return fmt::format("'{}' can only be used between boolean expressions", OperationName(node.op));
}

std::optional<std::vector<schema::PrimaryKey>> Binder::ExactKeys(const Node& root) const {
  const auto is_key = [&](const Operand& operand) {
    const FieldSchema* field = schema_.Find(plan_.fields[operand.slot].id);
    return operand.kind == Operand::Kind::kColumn && !operand.arithmetic.has_value() &&
           field != nullptr && field->is_primary_key;
  };
  const auto key_of = [](const Value& value) {
    return value.is_int() ? schema::PrimaryKey(value.as_int())
                          : schema::PrimaryKey(value.as_string());
  };
  std::vector<schema::PrimaryKey> keys;
  if (const auto* compare = std::get_if<Compare>(&root.is)) {
    if (compare->op != CompareOp::kEqual || !is_key(compare->operand)) return std::nullopt;
    keys.push_back(key_of(compare->value));
  } else if (const auto* in = std::get_if<InList>(&root.is)) {
    if (!is_key(in->operand)) return std::nullopt;
    for (const Value& value : in->values) keys.push_back(key_of(value));
  } else {
    return std::nullopt;
  }
  return keys;
}

absl::StatusOr<Plan> Bind(const Ast& ast, const schema::CollectionSchema& schema,
                          const TemplateValues& values, const CompileOptions& options) {
  return Binder(ast, schema, values, options).Run();
}

}  // namespace elanus::expr
