// The binder's tests and functions: like, is null, exists, calls.
#include <fmt/format.h>

#include "expr/binder.h"
#include "expr/binding.h"
#include "expr/value_conversion.h"

namespace elanus::expr {

using schema::DataType;

absl::StatusOr<std::pair<Operand, std::string>> Binder::TextAndPattern(const AstNode& node,
                                                                       std::string_view name) {
  ELANUS_ASSIGN_OR_RETURN(Bound left, BindChild(node, 0));
  ELANUS_ASSIGN_OR_RETURN(Bound right, BindChild(node, 1));
  if (!left.is_operand() || left.operand().arithmetic.has_value()) {
    return Error(node, fmt::format("{} operation on complicated expr is unsupported", name));
  }
  const Operand& operand = left.operand();
  ELANUS_RETURN_IF_ERROR(CheckComparable(node, operand));
  const bool text =
      operand.kind == Operand::Kind::kJson ||
      (operand.type == DataType::kVarChar &&
       (operand.kind == Operand::Kind::kColumn || operand.kind == Operand::Kind::kArrayElement));
  if (!text) {
    return Error(node,
                 fmt::format("{} operation on non-string or no-json field is unsupported", name));
  }
  if (!right.is_constant() || !right.value().is_string()) {
    return Error(node, fmt::format("the pattern of a {} operation must be a string", name));
  }
  return std::pair(operand, right.value().as_string());
}

absl::StatusOr<Bound> Binder::BindLike(const AstNode& node) {
  ELANUS_ASSIGN_OR_RETURN(const auto parts, TextAndPattern(node, "like"));
  absl::StatusOr<LikePattern> pattern = LikePattern::Compile(parts.second, plan_.reports_30);
  if (!pattern.ok()) return Error(node, pattern.status());
  return Predicate(Like{parts.first, std::move(*pattern)});
}

absl::StatusOr<Bound> Binder::BindRegex(const AstNode& node) {
  ELANUS_ASSIGN_OR_RETURN(const auto parts, TextAndPattern(node, node.negated ? "!~" : "=~"));
  absl::StatusOr<RegexPattern> pattern = RegexPattern::Compile(parts.second);
  if (!pattern.ok()) return Error(node, pattern.status());
  NodePtr match = MakeNode(Regex{parts.first, std::move(*pattern)});
  if (node.negated) return Predicate(Not{std::move(match)});
  return Bound{std::move(match)};
}

absl::StatusOr<Bound> Binder::BindNullTest(const AstNode& node) {
  if (const auto* owner = StructAt(Child(node, 0)); owner != nullptr) {
    return Predicate(NullTest{AnyArrayOf(*owner).operand().slot, !node.negated});
  }
  ELANUS_ASSIGN_OR_RETURN(Bound child, BindChild(node, 0));
  const Operand& operand = child.operand();
  const bool is_null = !node.negated;
  const bool lists = operand.type == DataType::kArrayOfVector;
  if (schema::IsVector(operand.type) && operand.kind == Operand::Kind::kColumn && !lists) {
    return Error(node, "IsNull/IsNotNull operations are not supported on vector fields");
  }
  if (operand.kind == Operand::Kind::kArrayElement) {
    return Error(node, "IsNull/IsNotNull operations are not supported on array elements");
  }
  const bool path = operand.kind == Operand::Kind::kJson &&
                    !plan_.fields[operand.slot].paths.path(operand.path).empty();
  if (!path) return Predicate(NullTest{operand.slot, is_null});
  NodePtr exists = MakeNode(Exists{operand});
  if (is_null) return Predicate(Not{std::move(exists)});
  return Bound{std::move(exists)};
}

absl::StatusOr<Bound> Binder::BindExists(const AstNode& node) {
  ELANUS_ASSIGN_OR_RETURN(Bound child, BindChild(node, 0));
  if (!child.is_operand() || child.operand().kind != Operand::Kind::kJson ||
      child.operand().arithmetic.has_value() ||
      plan_.fields[child.operand().slot].paths.path(child.operand().path).empty()) {
    return Error(node,
                 "exists operations are only supported on single fields now, "
                 "and there on paths of JSON and dynamic keys");
  }
  return Predicate(Exists{child.operand()});
}

absl::StatusOr<Bound> Binder::BindCall(const AstNode& node) {
  const std::string_view name = node.text;
  for (const std::string_view prefix : {"json_", "array_"}) {
    if (!name.starts_with(prefix)) continue;
    const std::string_view rest = name.substr(prefix.size());
    if (rest == "contains") return BindContains(node, Contains::Mode::kOne);
    if (rest == "contains_all") return BindContains(node, Contains::Mode::kAll);
    if (rest == "contains_any") return BindContains(node, Contains::Mode::kAny);
    if (name == "array_length") return BindLength(node);
  }
  if (name == "empty" || name == "starts_with") return BindTextCall(node);
  if (name == "text_match" || name == "phrase_match" ||
      (name == "text_match_fuzzy" && plan_.reports_30)) {
    return BindTextMatch(node);
  }
  if (name.starts_with("st_")) return BindSpatial(node);
  if (name == "random_sample") {
    return Error(node, "random_sample must be the whole filter or its last part behind 'and'");
  }
  constexpr std::pair<std::string_view, MatchElements::Mode> kMatches[] = {
      {"match_all", MatchElements::Mode::kAll},     {"match_any", MatchElements::Mode::kAny},
      {"match_least", MatchElements::Mode::kLeast}, {"match_most", MatchElements::Mode::kMost},
      {"match_exact", MatchElements::Mode::kExact},
  };
  if (name == "element_filter") return BindElementFilter(node);
  for (const auto& [match, mode] : kMatches) {
    if (name == match) return BindMatch(node, mode);
  }
  for (const std::string_view known : {"text_match_fuzzy"}) {
    if (name == known) {
      return Error(node, fmt::format("function {} is not supported by this version", name));
    }
  }
  return Error(node, fmt::format("function {} is not found", name));
}

absl::Status Binder::CheckArguments(const AstNode& node, uint32_t count) const {
  if (node.count == count) return absl::OkStatus();
  return Error(node, fmt::format("function {} takes {} argument{}, found {}", node.text, count,
                                 count == 1 ? "" : "s", node.count));
}

absl::StatusOr<Bound> Binder::BindLength(const AstNode& node) {
  ELANUS_RETURN_IF_ERROR(CheckArguments(node, 1));
  Bound child;
  if (const auto* owner = StructAt(Child(node, 0)); owner != nullptr) {
    child = AnyArrayOf(*owner);
  } else {
    ELANUS_ASSIGN_OR_RETURN(child, BindChild(node, 0));
  }
  const bool json = child.is_operand() && child.operand().kind == Operand::Kind::kJson;
  const bool array = child.is_operand() && (child.operand().kind == Operand::Kind::kArray ||
                                            child.operand().type == DataType::kArrayOfVector);
  if ((!json && !array) || child.operand().arithmetic.has_value()) {
    return Error(node, "array_length operation are only supported on array and json fields now");
  }
  child.operand().kind = json ? Operand::Kind::kJsonLength : Operand::Kind::kArrayLength;
  child.operand().type = DataType::kInt64;
  return child;
}

absl::StatusOr<Bound> Binder::BindContains(const AstNode& node, Contains::Mode mode) {
  ELANUS_RETURN_IF_ERROR(CheckArguments(node, 2));
  ELANUS_ASSIGN_OR_RETURN(Bound left, BindChild(node, 0));
  ELANUS_ASSIGN_OR_RETURN(Bound right, BindChild(node, 1));
  const bool json = left.is_operand() && left.operand().kind == Operand::Kind::kJson;
  const bool array = left.is_operand() && left.operand().kind == Operand::Kind::kArray;
  if ((!json && !array) || left.operand().arithmetic.has_value()) {
    return Error(node, fmt::format("{} operation are only supported on json or array fields now",
                                   node.text));
  }
  if (!right.is_constant()) {
    return Error(node, fmt::format("the second argument of {} must be a constant", node.text));
  }
  Value::List list;
  if (mode == Contains::Mode::kOne) {
    list.push_back(right.value());
  } else if (right.value().is_list()) {
    list = right.value().as_list();
  } else {
    return Error(node, fmt::format("{} operation element must be an array", node.text));
  }
  if (list.size() > kMaxContainsValues) {
    return Error(node, fmt::format("{} takes at most {} values, found {}", node.text,
                                   kMaxContainsValues, list.size()));
  }
  if (array) {
    absl::StatusOr<std::vector<Value>> converted =
        ConvertElements(left.operand().type, list, plan_.reports_30);
    if (!converted.ok()) return Error(node, converted.status());
    list = std::move(*converted);
  }
  // For every row, null or not: all of nothing holds, any of nothing does not.
  if (list.empty()) return Predicate(Constant{mode == Contains::Mode::kAll});
  return Predicate(Contains{left.operand(), mode, std::move(list)});
}

absl::StatusOr<Bound> Binder::BindTextCall(const AstNode& node) {
  const bool empty = node.text == "empty";
  ELANUS_RETURN_IF_ERROR(CheckArguments(node, empty ? 1 : 2));
  ELANUS_ASSIGN_OR_RETURN(Bound left, BindChild(node, 0));
  if (!left.is_operand() || left.operand().kind != Operand::Kind::kColumn ||
      left.operand().type != DataType::kVarChar) {
    return Error(node, fmt::format("function {} takes a VarChar field", node.text));
  }
  if (empty) return Predicate(Compare{left.operand(), CompareOp::kEqual, Value(std::string())});
  ELANUS_ASSIGN_OR_RETURN(Bound right, BindChild(node, 1));
  if (!right.is_constant() || !right.value().is_string()) {
    return Error(node, "the second argument of starts_with must be a string");
  }
  return Predicate(Like{left.operand(), LikePattern::Prefix(right.value().as_string())});
}

}  // namespace elanus::expr
