// Times moved by calendar intervals, and shapes: row by row among those that are asked for.
#include <bit>

#include "expr/evaluate_leaves.h"
#include "expr/word_kernels.h"

namespace elanus::expr {
namespace {

// test(row of the batch) for the valid rows; null is UNKNOWN.
template <typename Test>
void TestRows(Batch& batch, int slot, const Words& rows, Mask& out, const Test& test) {
  const schema::ColumnView& column = batch.Column(slot);
  for (int64_t word = 0; word < batch.num_words(); ++word) {
    const uint64_t valid = ValidRows(column, word);
    out.truth[word] = 0;
    out.unknown[word] = ~valid;
    uint64_t todo = rows[word] & valid & batch.RowsOfWord(word);
    if (todo != 0 && batch.cancelled()) return;
    for (; todo != 0; todo &= todo - 1) {
      const int bit = std::countr_zero(todo);
      out.truth[word] |= static_cast<uint64_t>(test(column, word * 64 + bit)) << bit;
    }
  }
}

}  // namespace

void CompareMovedTimes(Batch& batch, const CompareMovedTime& node, const Words& rows, Mask& out) {
  WithComparer(node.op, [&](auto comparer) {
    TestRows(
        batch, node.operand.slot, rows, out, [&](const schema::ColumnView& column, int64_t row) {
          return comparer(schema::AddInterval(column.Value<int64_t>(row), node.interval, node.sign),
                          node.value);
        });
  });
}

void CompareShapes(Batch& batch, const CompareSpatially& node, const Words& rows, Mask& out) {
  geometry::SpatialTest& test = batch.SpatialTestOf(node.query);
  TestRows(batch, node.operand.slot, rows, out,
           [&](const schema::ColumnView& column, int64_t row) { return test(column.Bytes(row)); });
}

}  // namespace elanus::expr
