// VarChar columns and elements of ARRAY<VARCHAR>, row by row among those that are asked for.
#include <bit>

#include "expr/evaluate_leaves.h"
#include "expr/word_kernels.h"
#include "schema/array_value.h"

namespace elanus::expr {
namespace {

template <typename Test>
uint64_t TestTexts(const schema::ColumnView& column, int64_t word, uint64_t rows,
                   const Test& test) {
  uint64_t truth = 0;
  for (; rows != 0; rows &= rows - 1) {
    const int bit = std::countr_zero(rows);
    truth |= static_cast<uint64_t>(test(column.Bytes(word * 64 + bit))) << bit;
  }
  return truth;
}

// Sets `*present` to the rows whose array is long enough.
template <typename Test>
uint64_t TestElements(const schema::ColumnView& column, int64_t index, int64_t word, uint64_t rows,
                      const Test& test, uint64_t* present) {
  uint64_t truth = 0;
  *present = 0;
  for (; rows != 0; rows &= rows - 1) {
    const int bit = std::countr_zero(rows);
    const schema::ArrayView array(column.type.element_type, column.Bytes(word * 64 + bit));
    if (index >= array.size()) continue;
    *present |= uint64_t{1} << bit;
    truth |= static_cast<uint64_t>(test(array.Raw(index))) << bit;
  }
  return truth;
}

template <typename Test>
void TestStrings(Batch& batch, const Operand& operand, const Words& rows, Mask& out,
                 const Test& test) {
  const schema::ColumnView& column = batch.Column(operand.slot);
  const bool element = operand.kind == Operand::Kind::kArrayElement;
  for (int64_t word = 0; word < batch.num_words(); ++word) {
    const uint64_t valid = ValidRows(column, word);
    const uint64_t wanted = rows[word] & valid & batch.RowsOfWord(word);
    out.truth[word] = 0;
    out.unknown[word] = ~valid;
    if (wanted == 0) continue;
    if (batch.cancelled()) return;
    if (!element) {
      out.truth[word] = TestTexts(column, word, wanted, test);
      continue;
    }
    uint64_t present = 0;
    out.truth[word] = TestElements(column, operand.index, word, wanted, test, &present);
    if (batch.plan().reports_30) out.unknown[word] = ~present;
  }
}

}  // namespace

void CompareStrings(Batch& batch, const Compare& node, const Words& rows, Mask& out) {
  const std::string_view constant = node.value.as_string();
  WithComparer(node.op, [&](auto comparer) {
    TestStrings(batch, node.operand, rows, out,
                [=](std::string_view text) { return comparer(text, constant); });
  });
}

void StringsInRange(Batch& batch, const Range& node, const Words& rows, Mask& out) {
  const std::string_view lower = node.lower.value.as_string();
  const std::string_view upper = node.upper.value.as_string();
  const bool open_lower = !node.lower.inclusive;
  const bool open_upper = !node.upper.inclusive;
  TestStrings(batch, node.operand, rows, out, [=](std::string_view text) {
    const int above = text.compare(lower);
    if (above < 0 || (above == 0 && open_lower)) return false;
    const int below = text.compare(upper);
    return below < 0 || (below == 0 && !open_upper);
  });
}

void StringsInList(Batch& batch, const InList& node, const Words& rows, Mask& out) {
  TestStrings(batch, node.operand, rows, out,
              [&](std::string_view text) { return node.set.ContainsString(text); });
}

void StringsLike(Batch& batch, const Like& node, const Words& rows, Mask& out) {
  TestStrings(batch, node.operand, rows, out,
              [&](std::string_view text) { return node.pattern.Matches(text); });
}

void StringsMatch(Batch& batch, const Regex& node, const Words& rows, Mask& out) {
  TestStrings(batch, node.operand, rows, out,
              [&](std::string_view text) { return node.pattern.Matches(text); });
}

}  // namespace elanus::expr
