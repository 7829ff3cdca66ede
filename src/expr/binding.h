// The binder's inside: one class, its methods in binder.cc (names, constants, logic),
// bind_arithmetic.cc, bind_comparison.cc and bind_functions.cc. For those files only.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "expr/ast.h"
#include "expr/expr.h"
#include "expr/plan.h"
#include "expr/source_text.h"

namespace elanus::expr {

// What a part of a filter turned out to be: a constant, a value per row, or a predicate.
struct Bound {
  std::variant<Value, Operand, NodePtr> is;
  bool from_template = false;  // Of a constant.

  bool is_constant() const { return std::holds_alternative<Value>(is); }
  bool is_operand() const { return std::holds_alternative<Operand>(is); }
  bool is_predicate() const { return std::holds_alternative<NodePtr>(is); }
  bool is_bool_constant() const { return is_constant() && value().is_bool(); }
  const Value& value() const { return std::get<Value>(is); }
  Operand& operand() { return std::get<Operand>(is); }
  const Operand& operand() const { return std::get<Operand>(is); }
  NodePtr& predicate() { return std::get<NodePtr>(is); }
};

template <typename T>
Bound Predicate(T node) {
  return {MakeNode(std::move(node))};
}

CompareOp CompareOpOf(AstOp op);

class Binder {
 public:
  Binder(const Ast& ast, const schema::CollectionSchema& schema, const TemplateValues& values,
         const CompileOptions& options)
      : ast_(ast), schema_(schema), values_(values), zone_(options.zone), source_(*ast.source) {
    plan_.reports_30 = options.reports_30;
  }
  absl::StatusOr<Plan> Run();
  // The plan of the part at `id`.
  absl::StatusOr<Plan> RunAt(NodeId id);
  // Names are those of a struct's elements from now on: `$[sub]`, and no others.
  void BindElements() { binds_elements_ = true; }

 private:
  absl::Status Error(const AstNode& at, std::string_view gist) const {
    return source_.Error(at.offset, gist);
  }
  absl::Status Error(const AstNode& at, const absl::Status& gist) const {
    return source_.Error(at.offset, MessageOf(gist));
  }
  absl::Status NotAPredicate(const AstNode& node, std::string_view type) const;
  absl::StatusOr<Bound> BindNode(NodeId id);
  absl::StatusOr<Bound> BindChild(const AstNode& node, uint32_t i) {
    return BindNode(ast_.children[node.first + i]);
  }
  const AstNode& Child(const AstNode& node, uint32_t i) const {
    return ast_[ast_.children[node.first + i]];
  }

  static Value ValueOf(const Literal& literal);
  absl::StatusOr<Bound> BindTemplate(const AstNode& node);
  absl::StatusOr<Bound> BindList(const AstNode& node);

  int SlotOf(const schema::FieldSchema& field);
  absl::StatusOr<Operand> JsonOperand(const AstNode& node, const schema::FieldSchema& field,
                                      JsonPath path);
  absl::StatusOr<Bound> BindName(const AstNode& node);
  absl::StatusOr<Bound> BindStructPath(const AstNode& node);
  // The struct array that a node names; null if it is something else.
  const schema::StructSchema* StructAt(const AstNode& node) const;
  // Any of its arrays: they have one length and are null together.
  Bound AnyArrayOf(const schema::StructSchema& owner);
  // A TEXT field serves text functions only, whatever the comparison.
  absl::Status CheckComparable(const AstNode& node, const Operand& operand) const;

  absl::StatusOr<Bound> BindUnary(const AstNode& node);
  absl::StatusOr<Bound> BindArithmetic(const AstNode& node);
  // Makes `operand` into `operand op constant`.
  absl::Status AddArithmetic(const AstNode& node, const Value& constant, Operand& operand) const;

  absl::StatusOr<Bound> BindComparison(const AstNode& node);
  absl::StatusOr<Bound> TwoColumns(const AstNode& node, const Operand& left, CompareOp op,
                                   const Operand& right) const;
  absl::StatusOr<Bound> WithConstant(const AstNode& node, Operand operand, CompareOp op,
                                     const Value& value) const;
  absl::StatusOr<Bound> WholeArray(const AstNode& node, const Operand& operand, CompareOp op,
                                   const Value& value) const;
  absl::StatusOr<Bound> BindRange(const AstNode& node);
  absl::StatusOr<Bound> BindIn(const AstNode& node);

  absl::StatusOr<Bound> BindLogical(const AstNode& node);
  static std::string NotBoolean(const AstNode& node);
  absl::StatusOr<Bound> BindLike(const AstNode& node);
  absl::StatusOr<Bound> BindRegex(const AstNode& node);
  // The text that like and =~ look at, and what they look for.
  absl::StatusOr<std::pair<Operand, std::string>> TextAndPattern(const AstNode& node,
                                                                 std::string_view name);
  absl::StatusOr<Bound> BindTimeCompare(const AstNode& node);
  absl::StatusOr<Bound> BindSpatial(const AstNode& node);
  absl::StatusOr<double> SampleFraction(const AstNode& node);
  bool IsSample(NodeId id) const;
  // The whole filter; random_sample may stand at its end.
  absl::StatusOr<Bound> BindRoot();
  absl::StatusOr<Bound> BindNullTest(const AstNode& node);
  absl::StatusOr<Bound> BindExists(const AstNode& node);

  absl::StatusOr<Bound> BindCall(const AstNode& node);
  absl::Status CheckArguments(const AstNode& node, uint32_t count) const;
  absl::StatusOr<Bound> BindLength(const AstNode& node);
  absl::StatusOr<Bound> BindContains(const AstNode& node, Contains::Mode mode);
  absl::StatusOr<Bound> BindTextCall(const AstNode& node);
  absl::StatusOr<Bound> BindTextMatch(const AstNode& node);
  // The integer after field and query; `otherwise` if there is none.
  absl::StatusOr<int64_t> MatchNumber(const AstNode& node, std::string_view name, int64_t least,
                                      int64_t most, int64_t otherwise);
  absl::StatusOr<Bound> BindMatch(const AstNode& node, MatchElements::Mode mode);
  absl::StatusOr<Bound> BindElementFilter(const AstNode& node);
  absl::StatusOr<MatchElements> MatchOf(const AstNode& node, MatchElements::Mode mode,
                                        const schema::StructSchema** owner);

  std::optional<std::vector<schema::PrimaryKey>> ExactKeys(const Node& root) const;

  const Ast& ast_;
  const schema::CollectionSchema& schema_;
  const TemplateValues& values_;
  const absl::TimeZone zone_;
  const SourceText source_;
  bool binds_elements_ = false;
  std::optional<NodeId> last_part_;  // Of the filter; where element_filter may stand.
  Plan plan_;
};

}  // namespace elanus::expr
