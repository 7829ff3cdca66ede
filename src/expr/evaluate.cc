// Runs a plan batch by batch: the logical nodes are here, the leaves in evaluate_*.cc.
#include <algorithm>
#include <bit>
#include <chrono>

#include "common/check.h"
#include "expr/batch.h"
#include "expr/evaluate_leaves.h"
#include "expr/expr.h"
#include "expr/indexed_leaf.h"

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

// The `i`-th child to test.
const Node& ChildAt(Batch& batch, int id, const std::vector<NodePtr>& children, size_t i) {
  const std::vector<int>& order = batch.OrderOf(id);
  return *children[order.empty() ? i : order[i]];
}

// Later children see only the rows that are not FALSE yet.
void EvaluateAnd(Batch& batch, int id, const And& node, const Words& rows, Mask& out) {
  Words open = rows;
  out.truth.fill(~uint64_t{0});
  out.unknown.fill(0);
  Mask child;
  for (size_t i = 0; i < node.children.size(); ++i) {
    const Node& next = ChildAt(batch, id, node.children, i);
    if (batch.IsSettled(next)) continue;
    Evaluate(batch, next, open, child);
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
void EvaluateOr(Batch& batch, int id, const Or& node, const Words& rows, Mask& out) {
  Words open = rows;
  out.truth.fill(0);
  out.unknown.fill(0);
  Mask child;
  for (size_t i = 0; i < node.children.size(); ++i) {
    Evaluate(batch, ChildAt(batch, id, node.children, i), open, child);
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
  if (NodeTrace* trace = batch.TraceOf(node.id)) ++trace->runs_by_zones;
  return true;
}

void EvaluateRows(Batch& batch, const Node& node, const Words& rows, Mask& out);

// Adds to `known` what it lacks of `rows`.
void Learn(Batch& batch, const Node& node, const Words& rows, Batch::Known& known) {
  Words missing;
  for (int64_t word = 0; word < batch.num_words(); ++word) {
    missing[word] = rows[word] & ~known.rows[word];
  }
  if (!AnyRow(missing, batch.num_words())) return;
  Mask mask;
  EvaluateRows(batch, node, missing, mask);
  for (int64_t word = 0; word < batch.num_words(); ++word) {
    const auto take = [&](uint64_t& to, uint64_t from) {
      to = (to & ~missing[word]) | (from & missing[word]);
    };
    take(known.mask.truth[word], mask.truth[word]);
    take(known.mask.unknown[word], mask.unknown[word]);
    known.rows[word] |= missing[word];
  }
}

int64_t CountRows(const Words& rows, int64_t num_words) {
  int64_t count = 0;
  for (int64_t word = 0; word < num_words; ++word) count += std::popcount(rows[word]);
  return count;
}

void EvaluateOnce(Batch& batch, const Node& node, const Words& rows, Mask& out) {
  if (node.shared < 0) return EvaluateRows(batch, node, rows, out);
  Batch::Known& known = batch.KnownOf(node.shared);
  Learn(batch, node, rows, known);
  out = known.mask;
}

void Evaluate(Batch& batch, const Node& node, const Words& rows, Mask& out) {
  NodeTrace* const trace = batch.TraceOf(node.id);
  if (trace == nullptr) return EvaluateOnce(batch, node, rows, out);
  const auto begin = std::chrono::steady_clock::now();
  EvaluateOnce(batch, node, rows, out);
  const auto time = std::chrono::steady_clock::now() - begin;
  trace->nanoseconds += std::chrono::duration_cast<std::chrono::nanoseconds>(time).count();
  ++trace->runs;
  trace->rows_asked += CountRows(rows, batch.num_words());
  for (int64_t word = 0; word < batch.num_words(); ++word) {
    trace->rows_true += std::popcount(out.truth[word] & rows[word]);
  }
}

// By the column, or columns.
void EvaluateNode(Batch& batch, const Node& parent, const Words& rows, Mask& out) {
  std::visit(Overload{
                 [&](const Constant& node) { FillConstant(node.value, out); },
                 [&](const ConstantIfValid& node) { EvaluateConstantIfValid(batch, node, out); },
                 [&](const And& node) { EvaluateAnd(batch, parent.id, node, rows, out); },
                 [&](const Or& node) { EvaluateOr(batch, parent.id, node, rows, out); },
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
             parent.is);
}

// A leaf over a JSON path that is kept as a column; `*open` has those of `rows` that the column
// leaves to the values themselves. False if it leaves all.
bool AnswerByShredding(Batch& batch, const Node& node, const Words& rows, Mask& out, Words* open) {
  const Batch::ShreddedUse* const use = batch.ShreddedUseOf(node);
  if (use == nullptr) return false;
  if (NodeTrace* trace = batch.TraceOf(node.id)) trace->index = "shredded column";
  if (!use->leaf.has_value()) return false;
  const ShreddedLeaf& leaf = *use->leaf;
  if (leaf.typed == nullptr) {
    out.truth.fill(0);
    out.unknown.fill(~uint64_t{0});
  } else if (!AnswerByZones(batch, *leaf.typed, out)) {
    EvaluateNode(batch, *leaf.typed, rows, out);
  }
  const int64_t first = batch.begin() / 64;
  for (int64_t word = 0; word < batch.num_words(); ++word) {
    (*open)[word] =
        use->others != nullptr ? ValidRows(*use->others, first + word) & rows[word] : uint64_t{0};
    // On the 2.6 line a value that is not there is like no other.
    if (batch.plan().reports_30) continue;
    if (leaf.missing_pass) out.truth[word] |= out.unknown[word];
    out.unknown[word] = 0;
  }
  return true;
}

void EvaluateRows(Batch& batch, const Node& node, const Words& rows, Mask& out) {
  if (IsLogical(node)) return EvaluateNode(batch, node, rows, out);
  if (AnswerByZones(batch, node, out)) return batch.Note(node, Batch::AnsweredBy::kZones);
  Words open;
  if (!batch.AnswerByIndex(node, rows, out, &open)) {
    if (!AnswerByShredding(batch, node, rows, out, &open)) {
      batch.Note(node, Batch::AnsweredBy::kColumn);
      return EvaluateNode(batch, node, rows, out);
    }
    batch.Note(node, Batch::AnsweredBy::kShredded);
  }
  if (!AnyRow(open, batch.num_words())) return;
  batch.Note(node, Batch::AnsweredBy::kColumn);
  Mask looked_at;
  EvaluateNode(batch, node, open, looked_at);
  for (int64_t word = 0; word < batch.num_words(); ++word) {
    out.truth[word] = (out.truth[word] & ~open[word]) | (looked_at.truth[word] & open[word]);
    out.unknown[word] = (out.unknown[word] & ~open[word]) | (looked_at.unknown[word] & open[word]);
  }
}

// The rows of `rows` where the whole plan is TRUE, to `result`.
void EvaluateBatch(Batch& batch, const Words& rows, EvaluationTrace* trace, uint64_t* result) {
  const Node& root = *batch.plan().root;
  const bool any = AnyRow(rows, batch.num_words());
  const Outcomes outcomes = any ? batch.OutcomesOf(root) : Outcomes{false, true, false};
  const bool settled = outcomes.only_yes() || !outcomes.yes;
  if (trace != nullptr) {
    ++trace->runs;
    trace->runs_by_zones += any && settled ? 1 : 0;
  }
  if (settled) {
    if (any) batch.Note(root, Batch::AnsweredBy::kZones);
    for (int64_t word = 0; word < batch.num_words(); ++word) {
      result[word] = outcomes.yes ? rows[word] : 0;
    }
    return;
  }
  Mask mask;
  Evaluate(batch, root, rows, mask);
  for (int64_t word = 0; word < batch.num_words(); ++word) {
    result[word] = mask.truth[word] & rows[word];
  }
}

// The rest of the rows, from word `begin` on, where an index knows which pass.
void TakeAnswer(const IndexedLeaf& leaf, kernels::BitView candidates, int64_t begin,
                kernels::Bitset& out) {
  const int64_t end = out.num_words();
  if (begin >= end) return;
  uint64_t* const words = out.words();
  CopyTruth(leaf.question(), *leaf.answer(), begin, end, words + begin);
  if (!candidates.empty()) {
    for (int64_t word = begin; word < end; ++word) words[word] &= candidates.words()[word];
  }
  out.ClearTail();
}

// Rows [begin, begin + the count it gives) can be one batch.
int64_t RowsOfBatchAt(const Batch& batch, const ColumnSource& source, int64_t begin) {
  const int64_t left = source.num_rows() - begin;
  const int64_t count = std::min({batch.max_rows(), source.ContiguousRows(begin), left,
                                  storage::kZoneRows - begin % storage::kZoneRows});
  ELANUS_CHECK(count > 0 && (count % 64 == 0 || count == left));
  return count;
}

absl::Status EvaluateBits(Batch& batch, const ColumnSource& source, kernels::BitView candidates,
                          kernels::Bitset& out, const EvaluateOptions& options) {
  Words rows{};
  int64_t count = 0;
  for (int64_t begin = 0; begin < out.size(); begin += count) {
    ELANUS_RETURN_IF_ERROR(batch.cancellation().Check());
    if (options.enough != nullptr && options.enough(out, begin)) break;
    count = RowsOfBatchAt(batch, source, begin);
    batch.Move(begin, count);
    for (int64_t word = 0; word < batch.num_words(); ++word) {
      rows[word] = batch.RowsOfWord(word);
      if (!candidates.empty()) rows[word] &= candidates.words()[begin / 64 + word];
    }
    EvaluateBatch(batch, rows, options.trace, out.words() + begin / 64);
    if (options.trace != nullptr) continue;  // It counts all runs.
    if (const IndexedLeaf* const whole = batch.WholeAnswer()) {
      TakeAnswer(*whole, candidates, (begin + count + 63) / 64, out);
      break;
    }
  }
  return absl::OkStatus();
}

// Those of the rows listed that pass; other rows are not looked at.
absl::StatusOr<std::vector<uint32_t>> EvaluateList(Batch& batch, const ColumnSource& source,
                                                   const std::vector<uint32_t>& list,
                                                   const EvaluateOptions& options) {
  std::vector<uint32_t> out;
  Words rows{}, passing{};
  for (size_t at = 0; at < list.size();) {
    ELANUS_RETURN_IF_ERROR(batch.cancellation().Check());
    const int64_t begin = list[at] / 64 * 64;
    batch.Move(begin, RowsOfBatchAt(batch, source, begin));
    std::fill_n(rows.begin(), batch.num_words(), 0);
    for (; at < list.size() && list[at] < begin + batch.num_rows(); ++at) {
      const int64_t row = list[at] - begin;
      rows[row / 64] |= uint64_t{1} << (row % 64);
    }
    EvaluateBatch(batch, rows, options.trace, passing.data());
    for (int64_t word = 0; word < batch.num_words(); ++word) {
      for (uint64_t found = passing[word]; found != 0; found &= found - 1) {
        out.push_back(static_cast<uint32_t>(begin + word * 64 + std::countr_zero(found)));
      }
    }
  }
  return out;
}

// Nothing if the columns have to say, or if the caller does not want to know.
std::optional<Narrowing> AskIndexes(const Plan& plan, const ColumnSource& source,
                                    kernels::BitView candidates, const Cancellation& cancellation,
                                    const EvaluateOptions& options) {
  if (!source.has_indexes() || options.answers != nullptr) return std::nullopt;
  if (options.enough != nullptr && options.enough(kernels::Bitset(), 0)) return std::nullopt;
  std::optional<Narrowing> narrowing = Narrow(plan, source, cancellation);
  if (narrowing.has_value() && !candidates.empty()) narrowing->rows.And(candidates);
  return narrowing;
}

}  // namespace

absl::StatusOr<kernels::RowSet> Evaluate(const Plan& plan, const ColumnSource& source,
                                         kernels::BitView candidates,
                                         const Cancellation& cancellation,
                                         const EvaluateOptions& options) {
  ELANUS_CHECK(candidates.empty() || candidates.size() == source.num_rows());
  std::optional<Narrowing> narrowing = AskIndexes(plan, source, candidates, cancellation, options);
  ELANUS_RETURN_IF_ERROR(cancellation.Check());
  if (narrowing.has_value() && narrowing->exact && options.trace == nullptr) {
    if (options.tally != nullptr) {
      for (const auto& answer : narrowing->answers) ++(*options.tally)[TypeOfIndex(answer.by)];
    }
    return std::move(narrowing->rows);
  }
  Batch batch(plan, source, cancellation, options, narrowing.has_value() ? &*narrowing : nullptr);
  if (narrowing.has_value() && narrowing->exact) return std::move(narrowing->rows);
  // A leaf gives up early when it sees the cancellation, so what was found may be half.
  if (narrowing.has_value() && narrowing->rows.is_list()) {
    ELANUS_ASSIGN_OR_RETURN(auto rows,
                            EvaluateList(batch, source, narrowing->rows.list(), options));
    ELANUS_RETURN_IF_ERROR(cancellation.Check());
    return kernels::RowSet(source.num_rows(), std::move(rows));
  }
  if (narrowing.has_value()) candidates = narrowing->rows.bits().view();
  kernels::Bitset rows(source.num_rows());
  ELANUS_RETURN_IF_ERROR(EvaluateBits(batch, source, candidates, rows, options));
  ELANUS_RETURN_IF_ERROR(cancellation.Check());
  return kernels::RowSet(std::move(rows));
}

absl::Status Evaluate(const Plan& plan, const ColumnSource& source, kernels::BitView candidates,
                      kernels::Bitset& out, const Cancellation& cancellation,
                      const EvaluateOptions& options) {
  ELANUS_CHECK(out.size() == source.num_rows());
  ELANUS_ASSIGN_OR_RETURN(auto rows, Evaluate(plan, source, candidates, cancellation, options));
  out = std::move(rows).ToBits();
  return absl::OkStatus();
}

}  // namespace elanus::expr
