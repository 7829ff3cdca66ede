// What callers ask of a plan without running it.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>

#include "expr/expr.h"
#include "expr/plan.h"
#include "expr/shredded_leaf.h"

namespace elanus::expr {
namespace {

using schema::PrimaryKey;
using Keys = std::vector<PrimaryKey>;

bool NeverTrue(const Node& node) {
  if (const auto* constant = std::get_if<Constant>(&node.is)) return !constant->value;
  if (const auto* constant = std::get_if<ConstantIfValid>(&node.is)) return !constant->value;
  if (const auto* in = std::get_if<InList>(&node.is)) return in->set.size() == 0;
  if (const auto* conjunction = std::get_if<And>(&node.is)) {
    return std::any_of(conjunction->children.begin(), conjunction->children.end(),
                       [](const NodePtr& child) { return NeverTrue(*child); });
  }
  if (const auto* disjunction = std::get_if<Or>(&node.is)) {
    return std::all_of(disjunction->children.begin(), disjunction->children.end(),
                       [](const NodePtr& child) { return NeverTrue(*child); });
  }
  return false;
}

// --- values a field must have ---

bool IsKeyColumn(const Plan& plan, const Operand& operand, FieldId field) {
  return operand.kind == Operand::Kind::kColumn && !operand.arithmetic.has_value() &&
         plan.fields[operand.slot].id == field &&
         (schema::IsInteger(operand.type) || operand.type == schema::DataType::kVarChar);
}

std::optional<Keys> Required(const Plan& plan, const Node& node, FieldId field);

// Any one child's values will do; the fewest say most.
std::optional<Keys> RequiredByAnd(const Plan& plan, const And& node, FieldId field) {
  std::optional<Keys> fewest;
  for (const NodePtr& child : node.children) {
    std::optional<Keys> keys = Required(plan, *child, field);
    if (keys.has_value() && (!fewest.has_value() || keys->size() < fewest->size())) {
      fewest = std::move(keys);
    }
  }
  return fewest;
}

std::optional<Keys> RequiredByOr(const Plan& plan, const Or& node, FieldId field) {
  Keys all;
  for (const NodePtr& child : node.children) {
    std::optional<Keys> keys = Required(plan, *child, field);
    if (!keys.has_value()) return std::nullopt;
    std::move(keys->begin(), keys->end(), std::back_inserter(all));
  }
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

std::optional<Keys> Required(const Plan& plan, const Node& node, FieldId field) {
  if (NeverTrue(node)) return Keys();
  if (const auto* conjunction = std::get_if<And>(&node.is)) {
    return RequiredByAnd(plan, *conjunction, field);
  }
  if (const auto* disjunction = std::get_if<Or>(&node.is)) {
    return RequiredByOr(plan, *disjunction, field);
  }
  if (const auto* compare = std::get_if<Compare>(&node.is)) {
    if (compare->op != CompareOp::kEqual || !IsKeyColumn(plan, compare->operand, field)) {
      return std::nullopt;
    }
    if (compare->value.is_int()) return Keys{compare->value.as_int()};
    return Keys{compare->value.as_string()};
  }
  const auto* in = std::get_if<InList>(&node.is);
  if (in == nullptr || !IsKeyColumn(plan, in->operand, field)) return std::nullopt;
  Keys keys(in->set.ints().begin(), in->set.ints().end());
  keys.insert(keys.end(), in->set.strings().begin(), in->set.strings().end());
  return keys;
}

// --- fields ---

void AddSlots(const Node& node, std::set<int>& slots) {
  std::visit(
      Overload{
          [](const Constant&) {},
          [&](const ConstantIfValid& node) { slots.insert(node.slot); },
          [&](const NullTest& node) { slots.insert(node.slot); },
          [&](const And& node) {
            for (const NodePtr& child : node.children) AddSlots(*child, slots);
          },
          [&](const Or& node) {
            for (const NodePtr& child : node.children) AddSlots(*child, slots);
          },
          [&](const Not& node) { AddSlots(*node.child, slots); },
          [&](const CompareColumns& node) {
            slots.insert({node.left, node.right});
          },
          [&](const MatchElements& node) { slots.insert(node.slots.begin(), node.slots.end()); },
          [&](const auto& leaf) { slots.insert(leaf.operand.slot); },
      },
      node.is);
}

// The slots that are read otherwise than by JSON paths.
void AddWholeSlots(const Node& parent, std::set<int>& slots) {
  std::visit(Overload{
                 [&](const And& node) {
                   for (const NodePtr& child : node.children) AddWholeSlots(*child, slots);
                 },
                 [&](const Or& node) {
                   for (const NodePtr& child : node.children) AddWholeSlots(*child, slots);
                 },
                 [&](const Not& node) { AddWholeSlots(*node.child, slots); },
                 [&](const auto&) {
                   if (JsonOperandOf(parent) == nullptr) AddSlots(parent, slots);
                 },
             },
             parent.is);
}

// --- text ---

std::string_view TextOf(ArithmeticOp op) {
  switch (op) {
    case ArithmeticOp::kAdd:
      return "+";
    case ArithmeticOp::kSubtract:
      return "-";
    case ArithmeticOp::kMultiply:
      return "*";
    case ArithmeticOp::kDivide:
      return "/";
    case ArithmeticOp::kModulo:
      return "%";
    case ArithmeticOp::kBitAnd:
      return "&";
    case ArithmeticOp::kBitOr:
      return "|";
    case ArithmeticOp::kBitXor:
      return "^";
  }
  return "";
}

std::string TextOf(const Plan& plan, const Operand& operand) {
  const FieldUse& field = plan.fields[operand.slot];
  std::string out = field.name;
  if (operand.kind == Operand::Kind::kArrayElement) out += fmt::format("[{}]", operand.index);
  if (operand.is_json()) {
    for (const JsonStep& step : field.paths.path(operand.path)) {
      out += step.is_index ? fmt::format("[{}]", step.index)
                           : fmt::format("[{}]", ToText(Value(step.key)));
    }
  }
  if (operand.kind == Operand::Kind::kArrayLength || operand.kind == Operand::Kind::kJsonLength) {
    out = fmt::format("array_length({})", out);
  }
  if (operand.arithmetic.has_value()) {
    out = fmt::format("({} {} {})", out, TextOf(operand.arithmetic->op),
                      ToText(operand.arithmetic->constant));
  }
  return out;
}

std::string TextOf(const Plan& plan, const Node& node);

std::string Joined(const Plan& plan, const std::vector<NodePtr>& children, std::string_view word) {
  std::string out = "(";
  for (size_t i = 0; i < children.size(); ++i) {
    out += i == 0 ? "" : fmt::format(" {} ", word);
    out += TextOf(plan, *children[i]);
  }
  return out + ")";
}

std::string ListText(const std::vector<Value>& values) {
  constexpr size_t kShown = 64;  // A log line need not hold a million keys.
  Value::List shown(values.begin(), values.begin() + std::min(values.size(), kShown));
  std::string out = ToText(Value(std::move(shown)));
  if (values.size() > kShown) {
    out.pop_back();
    out += fmt::format(", ... {} values]", values.size());
  }
  return out;
}

std::string_view ContainsName(Contains::Mode mode) {
  switch (mode) {
    case Contains::Mode::kOne:
      return "contains";
    case Contains::Mode::kAll:
      return "contains_all";
    case Contains::Mode::kAny:
      return "contains_any";
  }
  return "";
}

std::string_view RelationName(geometry::Relation relation) {
  switch (relation) {
    case geometry::Relation::kEquals:
      return "st_equals";
    case geometry::Relation::kTouches:
      return "st_touches";
    case geometry::Relation::kOverlaps:
      return "st_overlaps";
    case geometry::Relation::kCrosses:
      return "st_crosses";
    case geometry::Relation::kContains:
      return "st_contains";
    case geometry::Relation::kIntersects:
      return "st_intersects";
    case geometry::Relation::kWithin:
      return "st_within";
    case geometry::Relation::kNear:
      return "st_dwithin";
    case geometry::Relation::kValid:
      return "st_isvalid";
  }
  return "";
}

std::string_view MatchName(MatchElements::Mode mode) {
  switch (mode) {
    case MatchElements::Mode::kAll:
      return "match_all";
    case MatchElements::Mode::kAny:
      return "match_any";
    case MatchElements::Mode::kLeast:
      return "match_least";
    case MatchElements::Mode::kMost:
      return "match_most";
    case MatchElements::Mode::kExact:
      return "match_exact";
  }
  return "";
}

std::string TextOf(const Plan& plan, const Node& node) {
  const auto field = [&](int slot) { return plan.fields[slot].name; };
  return std::visit(
      Overload{
          [](const Constant& node) { return std::string(node.value ? "true" : "false"); },
          [&](const ConstantIfValid& node) {
            return fmt::format("{}_unless_null({})", node.value, field(node.slot));
          },
          [&](const And& node) { return Joined(plan, node.children, "and"); },
          [&](const Or& node) { return Joined(plan, node.children, "or"); },
          [&](const Not& node) { return fmt::format("not ({})", TextOf(plan, *node.child)); },
          [&](const Compare& node) {
            return fmt::format("{} {} {}", TextOf(plan, node.operand), TextOf(node.op),
                               ToText(node.value));
          },
          [&](const CompareColumns& node) {
            return fmt::format("{} {} {}", field(node.left), TextOf(node.op), field(node.right));
          },
          [&](const Range& node) {
            return fmt::format("{} {} {} {} {}", ToText(node.lower.value),
                               node.lower.inclusive ? "<=" : "<", TextOf(plan, node.operand),
                               node.upper.inclusive ? "<=" : "<", ToText(node.upper.value));
          },
          [&](const InList& node) {
            const bool finished = node.values.empty();
            return fmt::format("{} in {}", TextOf(plan, node.operand),
                               ListText(finished ? node.set.values() : node.values));
          },
          [&](const Like& node) {
            return fmt::format("{} like {}", TextOf(plan, node.operand),
                               ToText(Value(node.pattern.pattern())));
          },
          [&](const Regex& node) {
            return fmt::format("{} =~ {}", TextOf(plan, node.operand),
                               ToText(Value(node.pattern.pattern())));
          },
          [&](const CompareMovedTime& node) {
            return fmt::format("{} {} {} months {} us {} {}", TextOf(plan, node.operand),
                               node.sign < 0 ? "-" : "+", node.interval.months,
                               node.interval.micros, TextOf(node.op), node.value);
          },
          [&](const CompareSpatially& node) {
            return fmt::format("{}({}, {}, {})", RelationName(node.query.relation),
                               TextOf(plan, node.operand),
                               ToText(Value(geometry::WktOf(node.query.wkb))), node.query.metres);
          },
          [&](const NullTest& node) {
            return fmt::format("{} is {}null", field(node.slot), node.is_null ? "" : "not ");
          },
          [&](const Exists& node) { return fmt::format("exists {}", TextOf(plan, node.operand)); },
          [&](const Contains& node) {
            return fmt::format("{}({}, {})", ContainsName(node.mode), TextOf(plan, node.operand),
                               ListText(node.values));
          },
          [](const TextMatch& node) { return node.source; },
          [&](const MatchElements& node) {
            return fmt::format("{}({}, {}, {})", MatchName(node.mode), field(node.slots.front()),
                               TextOf(*node.elements, *node.elements->root), node.threshold);
          },
      },
      node.is);
}

}  // namespace

bool IsAlwaysTrue(const Plan& plan) {
  const auto* constant = std::get_if<Constant>(&plan.root->is);
  return constant != nullptr && constant->value && !plan.sample.has_value();
}

bool NamesNoField(const Plan& plan) {
  return plan.fields.empty() && !plan.sample.has_value();
}

bool IsAlwaysFalse(const Plan& plan) {
  return NeverTrue(*plan.root);
}

bool Samples(const Plan& plan) {
  return plan.sample.has_value();
}

std::optional<Keys> ExactPrimaryKeys(const Plan& plan) {
  return plan.exact_primary_keys;
}

std::optional<Keys> RequiredValues(const Plan& plan, FieldId field) {
  return Required(plan, *plan.root, field);
}

std::vector<FieldId> FieldsOf(const Plan& plan) {
  std::set<int> slots;
  AddSlots(*plan.root, slots);
  std::vector<FieldId> out;
  for (const int slot : slots) out.push_back(plan.fields[slot].id);
  std::sort(out.begin(), out.end());
  return out;
}

std::map<FieldId, std::vector<JsonPath>> JsonPathsOf(const Plan& plan) {
  std::set<int> whole;
  AddWholeSlots(*plan.root, whole);
  std::map<FieldId, std::vector<JsonPath>> out;
  for (size_t slot = 0; slot < plan.fields.size(); ++slot) {
    const JsonPathTree& paths = plan.fields[slot].paths;
    if (paths.num_paths() == 0 || whole.contains(static_cast<int>(slot))) continue;
    std::vector<JsonPath>& of_field = out[plan.fields[slot].id];
    for (int path = 0; path < paths.num_paths(); ++path) of_field.push_back(paths.path(path));
  }
  return out;
}

std::string DebugString(const Plan& plan, const Node& node) {
  return TextOf(plan, node);
}

std::string DebugString(const Plan& plan) {
  const std::string text = TextOf(plan, *plan.root);
  return plan.sample.has_value() ? fmt::format("random_sample({}) of {}", *plan.sample, text)
                                 : text;
}

std::string_view TextOf(CompareOp op) {
  switch (op) {
    case CompareOp::kEqual:
      return "==";
    case CompareOp::kNotEqual:
      return "!=";
    case CompareOp::kLess:
      return "<";
    case CompareOp::kLessEqual:
      return "<=";
    case CompareOp::kGreater:
      return ">";
    case CompareOp::kGreaterEqual:
      return ">=";
  }
  return "";
}

}  // namespace elanus::expr
