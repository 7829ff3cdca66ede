// The binder's text_match, text_match_fuzzy and phrase_match.
#include <fmt/format.h>

#include "expr/binding.h"
#include "schema/text_params.h"
#include "text/analyzer.h"

namespace elanus::expr {
namespace {

using schema::DataType;

constexpr size_t kMaxQueryBytes = 65535;  // As long as the longest VarChar.

}  // namespace

absl::StatusOr<int64_t> Binder::MatchNumber(const AstNode& node, std::string_view name,
                                            int64_t least, int64_t most, int64_t otherwise) {
  if (node.count < 3) return otherwise;
  ELANUS_ASSIGN_OR_RETURN(const Bound number, BindChild(node, 2));
  if (!number.is_constant() || !number.value().is_int()) {
    return Error(node, fmt::format("{} of {} must be an integer", name, node.text));
  }
  const int64_t value = number.value().as_int();
  if (value < least || value > most) {
    return Error(node, fmt::format("{} of {} should be in [{}, {}], found {}", name, node.text,
                                   least, most, value));
  }
  return value;
}

absl::StatusOr<Bound> Binder::BindTextMatch(const AstNode& node) {
  if (node.count < 2 || node.count > 3) {
    return Error(node, fmt::format("function {} takes a field, a text and at most one number, "
                                   "found {} argument{}",
                                   node.text, node.count, node.count == 1 ? "" : "s"));
  }
  ELANUS_ASSIGN_OR_RETURN(const Bound left, BindChild(node, 0));
  ELANUS_ASSIGN_OR_RETURN(const Bound right, BindChild(node, 1));
  const bool column = left.is_operand() && left.operand().kind == Operand::Kind::kColumn &&
                      !left.operand().arithmetic.has_value();
  const bool is_text = column && left.operand().type == DataType::kText;
  if (is_text && !plan_.reports_30) ELANUS_RETURN_IF_ERROR(CheckComparable(node, left.operand()));
  if (!is_text && (!column || left.operand().type != DataType::kVarChar)) {
    return Error(node, fmt::format("{} operation on non-string is unsupported", node.text));
  }
  if (!right.is_constant() || !right.value().is_string()) {
    return Error(node, fmt::format("the query of {} must be a string", node.text));
  }
  const std::string& query = right.value().as_string();
  if (query.size() > kMaxQueryBytes) {
    return Error(node, fmt::format("the query of {} is longer than {} bytes: {}", node.text,
                                   kMaxQueryBytes, query.size()));
  }
  const FieldUse& use = plan_.fields[left.operand().slot];
  const schema::FieldSchema* field = schema_.Find(use.id);
  if (field == nullptr || !schema::EnablesMatch(*field)) {
    return Error(node, fmt::format("field \"{}\" does not enable match", use.name));
  }
  TextMatch match;
  match.operand = left.operand();
  absl::StatusOr<text::AnalyzerPtr> analyzer = text::SharedAnalyzer(schema::AnalyzerParams(*field));
  if (!analyzer.ok()) return Error(node, analyzer.status());
  match.analyzer = *std::move(analyzer);
  const text::Tokens tokens = match.analyzer->Analyze(query);
  if (node.text == "phrase_match") {
    ELANUS_ASSIGN_OR_RETURN(const int64_t slop, MatchNumber(node, "slop", 0, UINT32_MAX, 0));
    match.query = text::MatchPhrase(tokens, slop);
    match.source = fmt::format("phrase_match({}, {}, {})", use.name, ToText(right.value()), slop);
  } else if (node.text == "text_match") {
    ELANUS_ASSIGN_OR_RETURN(const int64_t least,
                            MatchNumber(node, "minimum_should_match", 1, 1000, 1));
    match.query = text::MatchTokens(tokens, least);
    match.source = fmt::format("text_match({}, {}, minimum_should_match={})", use.name,
                               ToText(right.value()), least);
  } else {
    ELANUS_ASSIGN_OR_RETURN(const int64_t edits, MatchNumber(node, "max_edit_distance", 0, 2, 0));
    match.query = text::MatchFuzzy(tokens, static_cast<int>(edits));
    match.source = fmt::format("text_match_fuzzy({}, {}, max_edit_distance={})", use.name,
                               ToText(right.value()), edits);
  }
  return Predicate(std::move(match));
}

}  // namespace elanus::expr
