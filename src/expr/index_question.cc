#include "expr/index_question.h"

#include <cmath>
#include <concepts>

#include "expr/plan.h"

namespace elanus::expr {
namespace {

using index::ScalarBound;
using index::ScalarKey;
using index::ScalarQuery;
using schema::DataType;

// What leaves take for a row, in nanoseconds (measured: segment/scalar_index_bench.cc).
constexpr double kBytesPerNs = 5;  // Of numbers, which are read from memory at its speed.
constexpr double kTextNs = 4, kInfixNs = 8, kPatternNs = 25, kRegexNs = 80, kArrayNs = 20,
                 kJsonNs = 50, kShapeNs = 60, kListNs = 2, kAnalyzeNs = 2000, kNullNs = 0.02;

// Integers that doubles hold exactly.
constexpr int64_t kExactMax = int64_t{1} << 53;
bool IsExact(int64_t value, int64_t max = kExactMax) {
  return value >= -max && value <= max;
}

// How the values of an operand are kept in an index.
enum class KeyKind { kNone, kInt, kFloat, kDouble, kText };

KeyKind KindOf(DataType type) {
  if (type == DataType::kBool || schema::IsInteger(type) || type == DataType::kTimestamptz) {
    return KeyKind::kInt;
  }
  if (type == DataType::kFloat) return KeyKind::kFloat;
  if (type == DataType::kDouble) return KeyKind::kDouble;
  return type == DataType::kVarChar ? KeyKind::kText : KeyKind::kNone;
}

// Of a JSON value that a constant is compared with.
KeyKind JsonKindOf(const Value& value) {
  if (value.is_string()) return KeyKind::kText;
  if (value.is_bool()) return KeyKind::kInt;
  return value.is_number() ? KeyKind::kDouble : KeyKind::kNone;
}

// Nothing if a comparison with the key would not be one with the value.
std::optional<ScalarKey> KeyOf(const Value& value, KeyKind kind) {
  switch (kind) {
    case KeyKind::kNone:
      return std::nullopt;
    case KeyKind::kText:
      return value.is_string() ? std::optional<ScalarKey>(value.as_string()) : std::nullopt;
    case KeyKind::kInt:
      if (value.is_bool()) return int64_t{value.as_bool() ? 1 : 0};
      return value.is_int() ? std::optional<ScalarKey>(value.as_int()) : std::nullopt;
    case KeyKind::kFloat:
    case KeyKind::kDouble:
      break;
  }
  if (!value.is_number()) return std::nullopt;
  const bool narrow = kind == KeyKind::kFloat;
  if (value.is_int() && !IsExact(value.as_int(), narrow ? 1 << 24 : kExactMax)) return std::nullopt;
  double number = value.as_double();
  if (narrow) number = static_cast<float>(number);
  if (std::isnan(number)) return std::nullopt;
  return number;
}

// Every text that begins with `prefix`.
ScalarQuery PrefixQuery(const std::string& prefix) {
  ScalarQuery query{.kind = ScalarQuery::Kind::kInterval};
  query.lower = ScalarBound{prefix, true};
  std::string behind = prefix;
  while (!behind.empty() && behind.back() == '\xff') behind.pop_back();
  if (!behind.empty()) {
    behind.back() = static_cast<char>(static_cast<unsigned char>(behind.back()) + 1);
    query.upper = ScalarBound{std::move(behind), false};
  }
  return query;
}

class Asker {
 public:
  Asker(const Plan& plan, bool shredded) : plan_(plan), shredded_(shredded) {}

  std::optional<IndexQuestion> operator()(const Compare& node) {
    const std::optional<ScalarKey> key = KeyOf(node.value, Ask(node.operand, &node.value));
    if (!key.has_value()) return std::nullopt;
    ScalarQuery query{.kind = ScalarQuery::Kind::kInterval};
    switch (node.op) {
      case CompareOp::kNotEqual:
        question_.negated = true;
        // On the 2.6 line a JSON value that is not there differs from all constants.
        question_.missing_pass = question_.path != nullptr && !plan_.reports_30;
        [[fallthrough]];
      case CompareOp::kEqual:
        query.kind = ScalarQuery::Kind::kAnyOf;
        query.keys = {*key};
        break;
      case CompareOp::kLess:
      case CompareOp::kLessEqual:
        query.upper = ScalarBound{*key, node.op == CompareOp::kLessEqual};
        break;
      case CompareOp::kGreater:
      case CompareOp::kGreaterEqual:
        query.lower = ScalarBound{*key, node.op == CompareOp::kGreaterEqual};
        break;
    }
    return With(std::move(query));
  }

  std::optional<IndexQuestion> operator()(const Range& node) {
    const KeyKind kind = Ask(node.operand, &node.lower.value);
    if (node.operand.is_json() && JsonKindOf(node.upper.value) != kind) return std::nullopt;
    const std::optional<ScalarKey> lower = KeyOf(node.lower.value, kind);
    const std::optional<ScalarKey> upper = KeyOf(node.upper.value, kind);
    if (!lower.has_value() || !upper.has_value()) return std::nullopt;
    ScalarQuery query{.kind = ScalarQuery::Kind::kInterval};
    query.lower = ScalarBound{*lower, node.lower.inclusive};
    query.upper = ScalarBound{*upper, node.upper.inclusive};
    return With(std::move(query));
  }

  std::optional<IndexQuestion> operator()(const InList& node) {
    const std::vector<Value> values = node.set.values();
    if (values.empty()) return std::nullopt;
    const KeyKind kind = Ask(node.operand, &values.front());
    question_.scan_ns += kListNs;
    return With(ScalarQuery::Kind::kAnyOf, values, kind);
  }

  std::optional<IndexQuestion> operator()(const Contains& node) {
    if (node.values.empty()) return std::nullopt;
    const KeyKind kind = Ask(node.operand, &node.values.front());
    question_.elements = true;
    for (const Value& value : node.values) {
      if (node.operand.is_json() && JsonKindOf(value) != kind) return std::nullopt;
    }
    return With(
        node.mode == Contains::Mode::kAll ? ScalarQuery::Kind::kAllOf : ScalarQuery::Kind::kAnyOf,
        node.values, kind);
  }

  std::optional<IndexQuestion> operator()(const Like& node) {
    static const Value kText(std::string{});
    if (Ask(node.operand, &kText) != KeyKind::kText) return std::nullopt;
    const LikePattern& pattern = node.pattern;
    if (pattern.kind() == LikePattern::Kind::kAny) return std::nullopt;
    if (pattern.kind() == LikePattern::Kind::kContains) question_.scan_ns += kInfixNs;
    if (pattern.kind() == LikePattern::Kind::kGeneral) question_.scan_ns += kPatternNs;
    if (pattern.kind() == LikePattern::Kind::kEqual) {
      question_.queries.push_back({.keys = {pattern.text()}});
    } else if (pattern.kind() == LikePattern::Kind::kPrefix) {
      question_.queries.push_back(PrefixQuery(pattern.text()));
    }
    if (pattern.kind() == LikePattern::Kind::kContains) {
      question_.queries.push_back({.kind = ScalarQuery::Kind::kTexts, .parts = {pattern.text()}});
    }
    ScalarQuery texts{.kind = ScalarQuery::Kind::kTexts};
    texts.passes = [&pattern](std::string_view text) { return pattern.Matches(text); };
    texts.parts = pattern.Literals();
    return With(std::move(texts));
  }

  std::optional<IndexQuestion> operator()(const Regex& node) {
    static const Value kText(std::string{});
    if (Ask(node.operand, &kText) != KeyKind::kText) return std::nullopt;
    question_.scan_ns += kRegexNs;
    ScalarQuery texts{.kind = ScalarQuery::Kind::kTexts};
    texts.passes = [&node](std::string_view text) { return node.pattern.Matches(text); };
    return With(std::move(texts));
  }

  std::optional<IndexQuestion> operator()(const CompareSpatially& node) {
    const std::optional<geometry::Box> reach = geometry::ReachOf(node.query);
    if (!reach.has_value()) return std::nullopt;
    question_.field = plan_.fields[node.operand.slot].id;
    question_.scan_ns = kShapeNs;
    return With({.kind = ScalarQuery::Kind::kBox,
                 .box = *reach,
                 .in_degrees = node.query.relation == geometry::Relation::kNear});
  }

  std::optional<IndexQuestion> operator()(const NullTest& node) {
    question_.field = plan_.fields[node.slot].id;
    question_.scan_ns = kNullNs;
    question_.negated = node.is_null;
    return With({.kind = ScalarQuery::Kind::kExists});
  }

  // FALSE for rows without a value, on both lines.
  std::optional<IndexQuestion> operator()(const Exists& node) {
    static const Value kText(std::string{});
    (void)Ask(node.operand, &kText);
    if (question_.path == nullptr) return std::nullopt;
    return With({.kind = ScalarQuery::Kind::kExists});
  }

  std::optional<IndexQuestion> operator()(const TextMatch& node) {
    question_.field = plan_.fields[node.operand.slot].id;
    question_.scan_ns = kAnalyzeNs;
    question_.text = &node.query;
    return std::move(question_);
  }

  template <typename Other>
  std::optional<IndexQuestion> operator()(const Other&) {
    return std::nullopt;
  }

 private:
  // Begins the question about an operand; the kind of keys that an index must have. `value`: what a
  // JSON value is compared with.
  KeyKind Ask(const Operand& operand, const Value* value) {
    const FieldUse& field = plan_.fields[operand.slot];
    question_.field = field.id;
    if (operand.arithmetic.has_value()) return KeyKind::kNone;
    switch (operand.kind) {
      case Operand::Kind::kColumn: {
        const auto width = static_cast<double>(schema::FixedWidth(operand.type, 0));
        question_.scan_ns = width > 0 ? width / kBytesPerNs : kTextNs;
        return KindOf(operand.type);
      }
      case Operand::Kind::kArray: {
        question_.scan_ns = kArrayNs;
        const KeyKind kind = KindOf(field.element_type);
        // Elements are compared as doubles, whatever their width.
        return kind == KeyKind::kFloat ? KeyKind::kDouble : kind;
      }
      case Operand::Kind::kJson:
        question_.scan_ns = shredded_ ? kTextNs : kJsonNs;
        question_.path = &field.paths.path(operand.path);
        question_.missing_unknown = plan_.reports_30;
        return JsonKindOf(*value);
      case Operand::Kind::kArrayElement:
      case Operand::Kind::kArrayLength:
      case Operand::Kind::kJsonLength:
        break;
    }
    return KeyKind::kNone;
  }

  std::optional<IndexQuestion> With(ScalarQuery query) {
    question_.queries.push_back(std::move(query));
    return std::move(question_);
  }

  std::optional<IndexQuestion> With(ScalarQuery::Kind kind, const std::vector<Value>& values,
                                    KeyKind key_kind) {
    ScalarQuery query{.kind = kind};
    for (const Value& value : values) {
      std::optional<ScalarKey> key = KeyOf(value, key_kind);
      if (!key.has_value()) return std::nullopt;
      query.keys.push_back(*std::move(key));
    }
    return With(std::move(query));
  }

  const Plan& plan_;
  const bool shredded_;
  IndexQuestion question_;
};

}  // namespace

std::optional<IndexQuestion> QuestionOf(const Plan& plan, const Node& node, bool shredded) {
  return std::visit(Asker(plan, shredded), node.is);
}

}  // namespace elanus::expr
