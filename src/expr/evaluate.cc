// Runs a plan batch by batch: the logical nodes are here, the leaves in evaluate_*.cc.
#include <algorithm>

#include "common/check.h"
#include "expr/batch.h"
#include "expr/evaluate_leaves.h"
#include "expr/expr.h"

namespace elanus::expr {
namespace {

using schema::DataType;

bool IsText(const Operand& operand) {
  return operand.type == DataType::kVarChar && operand.kind != Operand::Kind::kArray;
}

void Evaluate(Batch& batch, const Node& node, const Words& rows, Mask& out);

bool AnyRow(const Words& rows, int64_t num_words) {
  uint64_t any = 0;
  for (int64_t word = 0; word < num_words; ++word) any |= rows[word];
  return any != 0;
}

// Later children see only the rows that are not FALSE yet.
void EvaluateAnd(Batch& batch, const And& node, const Words& rows, Mask& out) {
  Words open = rows;
  out.truth.fill(~uint64_t{0});
  out.unknown.fill(0);
  Mask child;
  for (const NodePtr& next : node.children) {
    Evaluate(batch, *next, open, child);
    for (int64_t word = 0; word < batch.num_words(); ++word) {
      const uint64_t possible =
          (out.truth[word] | out.unknown[word]) & (child.truth[word] | child.unknown[word]);
      out.truth[word] &= child.truth[word];
      out.unknown[word] = possible & ~out.truth[word];
      open[word] &= possible;
    }
    if (!AnyRow(open, batch.num_words())) break;
  }
  // Rows left out on the way are FALSE: their bits of the last child mean nothing.
  for (int64_t word = 0; word < batch.num_words(); ++word) {
    out.truth[word] &= open[word];
    out.unknown[word] &= open[word];
  }
}

// Later children see only the rows that are not TRUE yet.
void EvaluateOr(Batch& batch, const Or& node, const Words& rows, Mask& out) {
  Words open = rows;
  out.truth.fill(0);
  out.unknown.fill(0);
  Mask child;
  for (const NodePtr& next : node.children) {
    Evaluate(batch, *next, open, child);
    for (int64_t word = 0; word < batch.num_words(); ++word) {
      out.truth[word] |= child.truth[word] & open[word];
      out.unknown[word] = (out.unknown[word] | child.unknown[word]) & ~out.truth[word];
      open[word] &= ~out.truth[word];
    }
    if (!AnyRow(open, batch.num_words())) break;
  }
}

void EvaluateNot(Batch& batch, const Not& node, const Words& rows, Mask& out) {
  Evaluate(batch, *node.child, rows, out);
  for (int64_t word = 0; word < batch.num_words(); ++word) {
    out.truth[word] = ~(out.truth[word] | out.unknown[word]);
  }
}

void FillConstant(bool value, Mask& out) {
  out.truth.fill(value ? ~uint64_t{0} : 0);
  out.unknown.fill(0);
}

void EvaluateConstantIfValid(Batch& batch, const ConstantIfValid& node, Mask& out) {
  const schema::ColumnView& column = batch.Column(node.slot);
  for (int64_t word = 0; word < batch.num_words(); ++word) {
    const uint64_t valid = ValidRows(column, word);
    out.truth[word] = node.value ? valid : 0;
    out.unknown[word] = ~valid;
  }
}

void EvaluateNullTest(Batch& batch, const NullTest& node, Mask& out) {
  const schema::ColumnView& column = batch.Column(node.slot);
  for (int64_t word = 0; word < batch.num_words(); ++word) {
    const uint64_t valid = ValidRows(column, word);
    out.truth[word] = node.is_null ? ~valid : valid;
    out.unknown[word] = 0;
  }
}

void EvaluateCompare(Batch& batch, const Compare& node, const Words& rows, Mask& out) {
  if (node.operand.kind == Operand::Kind::kJson) return CompareJson(batch, node, rows, out);
  if (node.operand.kind == Operand::Kind::kArray) return CompareArrays(batch, node, rows, out);
  if (IsText(node.operand)) return CompareStrings(batch, node, rows, out);
  CompareNumbers(batch, node, rows, out);
}

void EvaluateRange(Batch& batch, const Range& node, const Words& rows, Mask& out) {
  if (node.operand.kind == Operand::Kind::kJson) return JsonInRange(batch, node, rows, out);
  if (IsText(node.operand)) return StringsInRange(batch, node, rows, out);
  NumbersInRange(batch, node, rows, out);
}

void EvaluateInList(Batch& batch, const InList& node, const Words& rows, Mask& out) {
  if (node.operand.kind == Operand::Kind::kJson) return JsonInList(batch, node, rows, out);
  if (IsText(node.operand)) return StringsInList(batch, node, rows, out);
  NumbersInList(batch, node, rows, out);
}

bool IsLogical(const Node& node) {
  return std::holds_alternative<And>(node.is) || std::holds_alternative<Or>(node.is) ||
         std::holds_alternative<Not>(node.is);
}

// Where the zones leave one answer for all rows. They cover the source's rows, so a null among them
// leaves two.
bool AnswerByZones(Batch& batch, const Node& node, Mask& out) {
  const Outcomes outcomes = batch.OutcomesOf(node);
  if (outcomes.yes + outcomes.no + outcomes.unknown != 1) return false;
  out.truth.fill(outcomes.yes ? ~uint64_t{0} : 0);
  out.unknown.fill(outcomes.unknown ? ~uint64_t{0} : 0);
  return true;
}

void Evaluate(Batch& batch, const Node& node, const Words& rows, Mask& out) {
  if (!IsLogical(node) && AnswerByZones(batch, node, out)) return;
  std::visit(Overload{
                 [&](const Constant& node) { FillConstant(node.value, out); },
                 [&](const ConstantIfValid& node) { EvaluateConstantIfValid(batch, node, out); },
                 [&](const And& node) { EvaluateAnd(batch, node, rows, out); },
                 [&](const Or& node) { EvaluateOr(batch, node, rows, out); },
                 [&](const Not& node) { EvaluateNot(batch, node, rows, out); },
                 [&](const Compare& node) { EvaluateCompare(batch, node, rows, out); },
                 [&](const CompareColumns& node) { CompareTwoColumns(batch, node, rows, out); },
                 [&](const Range& node) { EvaluateRange(batch, node, rows, out); },
                 [&](const InList& node) { EvaluateInList(batch, node, rows, out); },
                 [&](const Like& node) {
                   node.operand.is_json() ? JsonLike(batch, node, rows, out)
                                          : StringsLike(batch, node, rows, out);
                 },
                 [&](const Regex& node) {
                   node.operand.is_json() ? JsonMatch(batch, node, rows, out)
                                          : StringsMatch(batch, node, rows, out);
                 },
                 [&](const CompareMovedTime& node) { CompareMovedTimes(batch, node, rows, out); },
                 [&](const CompareSpatially& node) { CompareShapes(batch, node, rows, out); },
                 [&](const NullTest& node) { EvaluateNullTest(batch, node, out); },
                 [&](const Exists& node) { JsonExists(batch, node, rows, out); },
                 [&](const Contains& node) {
                   node.operand.is_json() ? JsonContains(batch, node, rows, out)
                                          : ArraysContain(batch, node, rows, out);
                 },
                 [&](const TextMatch& node) { MatchTexts(batch, node, rows, out); },
                 [&](const MatchElements& node) { CountElements(batch, node, rows, out); },
             },
             node.is);
}

}  // namespace

absl::Status Evaluate(const Plan& plan, const ColumnSource& source, kernels::BitView candidates,
                      kernels::Bitset& out, const Cancellation& cancellation) {
  const int64_t num_rows = source.num_rows();
  ELANUS_CHECK(out.size() == num_rows);
  ELANUS_CHECK(candidates.empty() || candidates.size() == num_rows);
  Batch batch(plan, source, cancellation);
  Words rows{};
  Mask mask;
  int64_t count = 0;
  for (int64_t begin = 0; begin < num_rows; begin += count) {
    ELANUS_RETURN_IF_ERROR(cancellation.Check());
    count = std::min({batch.max_rows(), source.ContiguousRows(begin), num_rows - begin,
                      storage::kZoneRows - begin % storage::kZoneRows});
    ELANUS_CHECK(count > 0 && (count % 64 == 0 || begin + count == num_rows));
    batch.Move(begin, count);
    for (int64_t word = 0; word < batch.num_words(); ++word) {
      rows[word] = batch.RowsOfWord(word);
      if (!candidates.empty()) rows[word] &= candidates.words()[begin / 64 + word];
    }
    uint64_t* const result = out.words() + begin / 64;
    if (!AnyRow(rows, batch.num_words())) {
      std::fill_n(result, batch.num_words(), 0);
      continue;
    }
    const Outcomes outcomes = batch.OutcomesOf(*plan.root);
    if (outcomes.only_yes() || !outcomes.yes) {
      for (int64_t word = 0; word < batch.num_words(); ++word) {
        result[word] = outcomes.yes ? rows[word] : 0;
      }
      continue;
    }
    Evaluate(batch, *plan.root, rows, mask);
    for (int64_t word = 0; word < batch.num_words(); ++word) {
      result[word] = mask.truth[word] & rows[word];
    }
  }
  // A leaf gives up early when it sees the cancellation, so what it found may be half.
  return cancellation.Check();
}

}  // namespace elanus::expr
