// The binder's struct arrays: st[sub], $[sub], and tests of elements.
#include <fmt/format.h>

#include <memory>

#include "expr/binder.h"
#include "expr/binding.h"
#include "expr/optimiser.h"

namespace elanus::expr {
namespace {

using schema::DataType;
using schema::FieldSchema;

// What a row that is one element of the struct has: the scalar fields as plain columns. Vectors
// are there too, so that an error can say what they are.
schema::CollectionSchema ElementSchema(const schema::CollectionSchema& schema,
                                       const schema::StructSchema& owner) {
  schema::CollectionSchema out;
  out.name = owner.name;
  for (const FieldSchema* field : schema.SubFields(owner)) {
    FieldSchema element = *field;
    element.name = field->short_name();
    element.struct_name.clear();
    element.type = field->element_type;
    element.element_type = DataType::kNone;
    element.nullable = false;
    out.fields.push_back(std::move(element));
  }
  return out;
}

}  // namespace

const schema::StructSchema* Binder::StructAt(const AstNode& node) const {
  return node.kind == AstKind::kName ? schema_.FindStruct(node.text) : nullptr;
}

Bound Binder::AnyArrayOf(const schema::StructSchema& owner) {
  const FieldSchema& field = *schema_.SubFields(owner).front();
  const bool array = field.type == DataType::kArray;
  Operand operand;
  operand.kind = array ? Operand::Kind::kArray : Operand::Kind::kColumn;
  operand.type = array ? field.element_type : field.type;
  operand.slot = SlotOf(field);
  return {std::move(operand)};
}

absl::StatusOr<Bound> Binder::BindStructPath(const AstNode& node) {
  const std::span<const PathStep> steps = ast_.Steps(node);
  const std::string_view sub = steps.back().key;
  const bool of_element = node.text == "$";
  if (of_element != binds_elements_) {
    return Error(node, of_element
                           ? "$[...] is an element of the struct array that a MATCH function "
                             "tests and means nothing outside of it"
                           : "inside a test of elements only $[...] can be named");
  }
  const bool indexed = steps.size() == 2 && steps[0].is_index && !of_element;
  if (steps.size() > 1 && !indexed) {
    return Error(node, fmt::format("cannot parse identifier: {}", ast_.TextOf(node)));
  }
  const std::string name = of_element ? std::string(sub) : schema::SubFieldName(node.text, sub);
  const FieldSchema* field = schema_.Find(name);
  if (field == nullptr) return Error(node, fmt::format("field {} not exist", ast_.TextOf(node)));
  const bool array = field->type == DataType::kArray;
  if (schema::IsVector(field->type) && (of_element || indexed)) {
    return Error(node,
                 fmt::format("vectors cannot be compared in a filter: {}", ast_.TextOf(node)));
  }
  Operand operand;
  operand.slot = SlotOf(*field);
  operand.type = array ? field->element_type : field->type;
  if (array) operand.kind = indexed ? Operand::Kind::kArrayElement : Operand::Kind::kArray;
  if (indexed) operand.index = steps[0].index;
  return Bound{std::move(operand)};
}

absl::StatusOr<MatchElements> Binder::MatchOf(const AstNode& node, MatchElements::Mode mode,
                                              const schema::StructSchema** found) {
  if (binds_elements_) return Error(node, fmt::format("{} cannot be nested", node.text));
  const bool counts = mode != MatchElements::Mode::kAll && mode != MatchElements::Mode::kAny;
  ELANUS_RETURN_IF_ERROR(CheckArguments(node, counts ? 3 : 2));
  const schema::StructSchema* owner = StructAt(Child(node, 0));
  if (owner == nullptr) {
    return Error(node,
                 fmt::format("the first argument of {} must be a struct array field, found {}",
                             node.text, ast_.TextOf(Child(node, 0)).substr(0, 256)));
  }
  MatchElements match;
  match.mode = mode;
  if (counts) {
    ELANUS_ASSIGN_OR_RETURN(const Bound threshold, BindChild(node, 2));
    const int64_t least = mode == MatchElements::Mode::kLeast ? 1 : 0;
    if (!threshold.is_constant() || !threshold.value().is_int() ||
        threshold.value().as_int() < least) {
      return Error(node, fmt::format("the threshold of {} must be an integer of at least {}",
                                     node.text, least));
    }
    match.threshold = threshold.value().as_int();
  }
  const schema::CollectionSchema elements = ElementSchema(schema_, *owner);
  Binder inner(ast_, elements, values_, {.reports_30 = plan_.reports_30});
  inner.BindElements();
  ELANUS_ASSIGN_OR_RETURN(Plan plan, inner.RunAt(ast_.children[node.first + 1]));
  Optimise(plan);
  Finish(plan);
  for (const FieldUse& use : plan.fields) match.slots.push_back(SlotOf(*schema_.Find(use.id)));
  if (match.slots.empty()) match.slots.push_back(AnyArrayOf(*owner).operand().slot);
  match.elements = std::make_shared<const Plan>(std::move(plan));
  *found = owner;
  return match;
}

absl::StatusOr<Bound> Binder::BindMatch(const AstNode& node, MatchElements::Mode mode) {
  const schema::StructSchema* owner = nullptr;
  ELANUS_ASSIGN_OR_RETURN(MatchElements match, MatchOf(node, mode, &owner));
  return Predicate(std::move(match));
}

absl::StatusOr<Bound> Binder::BindElementFilter(const AstNode& node) {
  if (!binds_elements_ && (!last_part_.has_value() || &node != &ast_[*last_part_])) {
    return Error(node,
                 "element_filter can only be the whole filter or the last part of its "
                 "outermost 'and'");
  }
  const schema::StructSchema* owner = nullptr;
  ELANUS_ASSIGN_OR_RETURN(MatchElements match, MatchOf(node, MatchElements::Mode::kAny, &owner));
  plan_.element_struct = owner->name;
  plan_.element_filter = match;
  return Predicate(std::move(match));
}

}  // namespace elanus::expr
