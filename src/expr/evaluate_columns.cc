// Two columns of a row against each other.
#include <bit>

#include "expr/evaluate_leaves.h"
#include "expr/lane.h"
#include "expr/word_kernels.h"

namespace elanus::expr {
namespace {

Operand ColumnOf(const Plan& plan, int slot) {
  Operand operand;
  operand.slot = slot;
  operand.type = plan.fields[slot].type;
  return operand;
}

template <typename T, typename Comparison>
void CompareLanes(Batch& batch, const CompareColumns& node, const Words& rows, Mask& out,
                  Comparison comparer) {
  const Operand left_column = ColumnOf(batch.plan(), node.left);
  const Operand right_column = ColumnOf(batch.plan(), node.right);
  Lane<T> left;
  Lane<T> right;
  for (int64_t word = 0; word < batch.num_words(); ++word) {
    out.truth[word] = 0;
    out.unknown[word] = 0;
    if (rows[word] == 0) continue;
    LoadLane(batch, left_column, word, rows[word], left);
    LoadLane(batch, right_column, word, rows[word], right);
    uint8_t hits[64];
    for (int i = 0; i < 64; ++i) hits[i] = comparer(left.values[i], right.values[i]) ? 1 : 0;
    const uint64_t valid = left.valid & right.valid;
    out.truth[word] = PackHits(hits) & valid;
    out.unknown[word] = ~valid;
  }
}

template <typename Comparison>
void CompareTexts(Batch& batch, const CompareColumns& node, const Words& rows, Mask& out,
                  Comparison comparer) {
  const schema::ColumnView& left = batch.Column(node.left);
  const schema::ColumnView& right = batch.Column(node.right);
  for (int64_t word = 0; word < batch.num_words(); ++word) {
    const uint64_t valid = ValidRows(left, word) & ValidRows(right, word);
    uint64_t truth = 0;
    for (uint64_t todo = rows[word] & valid; todo != 0; todo &= todo - 1) {
      const int bit = std::countr_zero(todo);
      const int64_t row = word * 64 + bit;
      truth |= static_cast<uint64_t>(comparer(left.Bytes(row), right.Bytes(row))) << bit;
    }
    out.truth[word] = truth;
    out.unknown[word] = ~valid;
  }
}

}  // namespace

void CompareTwoColumns(Batch& batch, const CompareColumns& node, const Words& rows, Mask& out) {
  const schema::DataType left = batch.plan().fields[node.left].type;
  const schema::DataType right = batch.plan().fields[node.right].type;
  WithComparer(node.op, [&](auto comparer) {
    if (left == schema::DataType::kVarChar) {
      CompareTexts(batch, node, rows, out, comparer);
    } else if (schema::IsFloating(left) || schema::IsFloating(right)) {
      CompareLanes<double>(batch, node, rows, out, comparer);
    } else {
      CompareLanes<int64_t>(batch, node, rows, out, comparer);
    }
  });
}

}  // namespace elanus::expr
