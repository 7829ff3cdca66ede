// Numbers and booleans, 64 rows at a time.
#include <algorithm>
#include <bit>

#include "expr/evaluate_leaves.h"
#include "expr/lane.h"
#include "expr/word_kernels.h"

namespace elanus::expr {
namespace {

using schema::DataType;

// Where a test has a cheaper one that what passes must pass too: candidate() for all 64 values, the
// test itself for those few that are left.
template <typename Test>
concept HasCandidates = requires(const Test& test) {
  test.candidate();
};

template <typename T, typename Test>
uint64_t TestColumnWord(const schema::ColumnView& column, int64_t word, int64_t count,
                        const Test& test) {
  const uint8_t* const values = column.fixed + word * 64 * sizeof(T);
  if constexpr (HasCandidates<Test>) {
    uint64_t truth = TestWord<T>(values, count, test.candidate());
    for (uint64_t todo = truth; todo != 0; todo &= todo - 1) {
      const int bit = std::countr_zero(todo);
      if (!test(column.Value<T>(word * 64 + bit))) truth &= ~(uint64_t{1} << bit);
    }
    return truth;
  } else {
    return TestWord<T>(values, count, test);
  }
}

// A plain column of T.
template <typename T, typename Test>
void TestColumn(Batch& batch, int slot, const Words& rows, Mask& out, const Test& test) {
  const schema::ColumnView& column = batch.Column(slot);
  for (int64_t word = 0; word < batch.num_words(); ++word) {
    const uint64_t valid = ValidRows(column, word);
    out.unknown[word] = ~valid;
    if ((rows[word] & valid) == 0) {
      out.truth[word] = 0;
      continue;
    }
    const int64_t count = std::min<int64_t>(64, batch.num_rows() - word * 64);
    out.truth[word] = TestColumnWord<T>(column, word, count, test) & valid;
  }
}

// Anything else; T is the type that the operand computes in.
template <typename T, typename Test>
void TestLanes(Batch& batch, const Operand& operand, const Words& rows, Mask& out,
               const Test& test) {
  Lane<T> lane;
  for (int64_t word = 0; word < batch.num_words(); ++word) {
    out.truth[word] = 0;
    out.unknown[word] = 0;
    if (rows[word] == 0) continue;
    LoadLane(batch, operand, word, rows[word], lane);
    if (operand.arithmetic.has_value()) {
      const T constant = ConstantAs<T>(operand.arithmetic->constant);
      WithArithmetic(operand.arithmetic->op,
                     [&]<ArithmeticOp kOp>() { ApplyToLane<kOp, T>(constant, lane); });
    }
    out.truth[word] = TestWord<T>(lane.values, 64, test) & lane.present;
    // An array that is too short: FALSE on the 2.6 line, UNKNOWN on the 3.0 line.
    out.unknown[word] = batch.plan().reports_30 ? ~lane.present : ~lane.valid;
  }
}

// Calls make.operator()<T>() for the type that the operand's values are tested in, and tests them.
template <typename MakeTest>
void TestNumbers(Batch& batch, const Operand& operand, const Words& rows, Mask& out,
                 const MakeTest& make) {
  const int slot = operand.slot;
  if (operand.kind == Operand::Kind::kColumn && !operand.arithmetic.has_value()) {
    switch (operand.type) {
      case DataType::kBool:
      case DataType::kInt8:
        return TestColumn<int8_t>(batch, slot, rows, out, make.template operator()<int8_t>());
      case DataType::kInt16:
        return TestColumn<int16_t>(batch, slot, rows, out, make.template operator()<int16_t>());
      case DataType::kInt32:
        return TestColumn<int32_t>(batch, slot, rows, out, make.template operator()<int32_t>());
      case DataType::kFloat:
        return TestColumn<float>(batch, slot, rows, out, make.template operator()<float>());
      case DataType::kDouble:
        if (batch.Column(slot).type.type == DataType::kInt64) {
          // Integers of a JSON path that are compared as doubles.
          return TestColumn<int64_t>(batch, slot, rows, out,
                                     [test = make.template operator()<double>()](int64_t value) {
                                       return test(static_cast<double>(value));
                                     });
        }
        return TestColumn<double>(batch, slot, rows, out, make.template operator()<double>());
      default:
        return TestColumn<int64_t>(batch, slot, rows, out, make.template operator()<int64_t>());
    }
  }
  // Elements of ARRAY<FLOAT> are widened on the 2.6 line.
  const bool narrow = operand.type == DataType::kFloat &&
                      (operand.kind == Operand::Kind::kColumn || batch.plan().reports_30);
  if (narrow) {
    return TestLanes<float>(batch, operand, rows, out, make.template operator()<float>());
  }
  if (schema::IsFloating(operand.type)) {
    return TestLanes<double>(batch, operand, rows, out, make.template operator()<double>());
  }
  TestLanes<int64_t>(batch, operand, rows, out, make.template operator()<int64_t>());
}

// Up to this many values are compared one after the other, which vectorises; more are looked up.
constexpr size_t kFewValues = 8;

// A few values; unused places repeat the first.
template <typename T>
struct FewValues {
  T values[kFewValues];
  bool operator()(T value) const {
    bool hit = false;
    for (const T candidate : values) hit |= value == candidate;
    return hit;
  }
};

// `set` is not empty and holds only what a T can be: the binder has left out the rest.
template <typename T>
FewValues<T> MakeFewValues(const ValueSet& set) {
  const std::vector<Value> values = set.values();
  FewValues<T> out;
  for (size_t i = 0; i < kFewValues; ++i) {
    out.values[i] = ConstantAs<T>(values[std::min(i, values.size() - 1)]);
  }
  return out;
}

// Looks values up in a table.
template <typename T>
struct InSet {
  const ValueSet& set;

  bool operator()(T value) const {
    if constexpr (std::integral<T>) return set.ContainsInt(value);
    if constexpr (!std::integral<T>) return set.ContainsDouble(value);
  }
  auto candidate() const {
    return [this](T value) {
      if constexpr (std::integral<T>) return set.MayContainInt(value);
      if constexpr (!std::integral<T>) return set.MayContainDouble(value);
    };
  }
};

}  // namespace

void CompareNumbers(Batch& batch, const Compare& node, const Words& rows, Mask& out) {
  if (node.operand.kind == Operand::Kind::kJsonLength) return CompareJson(batch, node, rows, out);
  WithComparer(node.op, [&](auto comparer) {
    TestNumbers(batch, node.operand, rows, out, [&]<typename T>() {
      return [comparer, constant = ConstantAs<T>(node.value)](T value) {
        return comparer(value, constant);
      };
    });
  });
}

void NumbersInRange(Batch& batch, const Range& node, const Words& rows, Mask& out) {
  if (node.operand.kind == Operand::Kind::kJsonLength) return JsonInRange(batch, node, rows, out);
  TestNumbers(batch, node.operand, rows, out,
              [&]<typename T>() { return ClosedInterval<T>::Of(node); });
}

void NumbersInList(Batch& batch, const InList& node, const Words& rows, Mask& out) {
  if (node.operand.kind == Operand::Kind::kJsonLength) return JsonInList(batch, node, rows, out);
  const ValueSet& set = node.set;
  if (set.size() > 0 && set.size() <= kFewValues) {
    return TestNumbers(batch, node.operand, rows, out,
                       [&]<typename T>() { return MakeFewValues<T>(set); });
  }
  if (!set.bitmap().empty()) {
    const uint64_t first = static_cast<uint64_t>(set.ints().front());
    const uint64_t* const bits = set.bitmap().data();
    const uint64_t size = set.bitmap().size() * 64;
    return TestNumbers(batch, node.operand, rows, out, [&]<typename T>() {
      return [=](T value) {
        const uint64_t bit = static_cast<uint64_t>(static_cast<int64_t>(value)) - first;
        // A lookup of bit 0 that counts for nothing costs less than a branch.
        return (bit < size) & (bits[bit < size ? bit / 64 : 0] >> (bit & 63) & 1);
      };
    });
  }
  TestNumbers(batch, node.operand, rows, out, [&]<typename T>() { return InSet<T>{set}; });
}

}  // namespace elanus::expr
