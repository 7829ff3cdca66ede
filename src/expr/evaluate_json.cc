// JSON values of a batch against constants, and what a missing one means on each line.
#include <bit>

#include "expr/evaluate_leaves.h"
#include "expr/json_match.h"

namespace elanus::expr {
namespace {

// Tests the rows one by one: test(value) gives a Match. A miss is UNKNOWN on the 3.0 line and
// `miss` on the 2.6 line, where a JSON field that is null is like one without the path.
template <typename Test>
void TestJson(Batch& batch, const Operand& operand, const Words& rows, Mask& out, bool miss,
              const Test& test) {
  const bool reports_30 = batch.plan().reports_30;
  const JsonValue* const values = batch.Json(operand.slot, operand.path, rows);
  for (int64_t word = 0; word < batch.num_words(); ++word) {
    uint64_t yes = 0;
    uint64_t missed = 0;
    const uint64_t wanted = rows[word] & batch.RowsOfWord(word);
    if (wanted != 0 && batch.cancelled()) return;
    for (uint64_t todo = wanted; todo != 0; todo &= todo - 1) {
      const int bit = std::countr_zero(todo);
      const Match match = test(values[word * 64 + bit]);
      yes |= static_cast<uint64_t>(match == Match::kYes) << bit;
      missed |= static_cast<uint64_t>(match == Match::kMiss) << bit;
    }
    out.truth[word] = !reports_30 && miss ? yes | missed : yes;
    out.unknown[word] = reports_30 ? missed : 0;
  }
}

// The value that an operand makes of the one in the row: its length, or arithmetic over it.
// `integers`: what it is compared with is an integer.
JsonValue ValueOf(const Operand& operand, const JsonValue& value, bool reports_30, bool integers) {
  JsonValue result = value;
  if (operand.kind == Operand::Kind::kJsonLength) {
    std::optional<int64_t> length = JsonArrayLength(value);
    // The 2.6 line counts what is no array as empty.
    if (!length.has_value() && !reports_30) length = 0;
    result = JsonValue();
    if (length.has_value()) {
      result.type = JsonType::kInt;
      result.integer = *length;
    }
  }
  if (!operand.arithmetic.has_value()) return result;
  const bool all_integers = integers && operand.arithmetic->constant.is_int();
  return JsonMatcher::Apply(result, *operand.arithmetic, all_integers);
}

bool IsPlain(const Operand& operand) {
  return operand.kind == Operand::Kind::kJson && !operand.arithmetic.has_value();
}

}  // namespace

void CompareJson(Batch& batch, const Compare& node, const Words& rows, Mask& out) {
  const bool reports_30 = batch.plan().reports_30;
  JsonMatcher matcher(reports_30);
  const bool miss = node.op == CompareOp::kNotEqual;
  if (IsPlain(node.operand)) {
    return TestJson(batch, node.operand, rows, out, miss, [&](const JsonValue& value) {
      return matcher.Compare(value, node.op, node.value);
    });
  }
  const bool integers = node.value.is_int();
  TestJson(batch, node.operand, rows, out, miss, [&](const JsonValue& value) {
    return matcher.Compare(ValueOf(node.operand, value, reports_30, integers), node.op, node.value);
  });
}

void JsonInRange(Batch& batch, const Range& node, const Words& rows, Mask& out) {
  const bool reports_30 = batch.plan().reports_30;
  JsonMatcher matcher(reports_30);
  TestJson(batch, node.operand, rows, out, false, [&](const JsonValue& value) {
    return matcher.InRange(ValueOf(node.operand, value, reports_30, false), node);
  });
}

void JsonInList(Batch& batch, const InList& node, const Words& rows, Mask& out) {
  const bool reports_30 = batch.plan().reports_30;
  JsonMatcher matcher(reports_30);
  TestJson(batch, node.operand, rows, out, false, [&](const JsonValue& value) {
    return matcher.In(ValueOf(node.operand, value, reports_30, false), node.set);
  });
}

void JsonLike(Batch& batch, const Like& node, const Words& rows, Mask& out) {
  JsonMatcher matcher(batch.plan().reports_30);
  TestJson(batch, node.operand, rows, out, false,
           [&](const JsonValue& value) { return matcher.Like(value, node.pattern); });
}

void JsonMatch(Batch& batch, const Regex& node, const Words& rows, Mask& out) {
  std::string scratch;
  TestJson(batch, node.operand, rows, out, false, [&](const JsonValue& value) {
    if (value.type != JsonType::kString) return Match::kMiss;
    return node.pattern.Matches(JsonText(value, scratch)) ? Match::kYes : Match::kNo;
  });
}

void JsonExists(Batch& batch, const Exists& node, const Words& rows, Mask& out) {
  // Never a miss: what is not there does not exist, on both lines.
  TestJson(batch, node.operand, rows, out, false,
           [](const JsonValue& value) { return JsonHasContent(value) ? Match::kYes : Match::kNo; });
}

void JsonContains(Batch& batch, const Contains& node, const Words& rows, Mask& out) {
  JsonMatcher matcher(batch.plan().reports_30);
  TestJson(batch, node.operand, rows, out, false,
           [&](const JsonValue& value) { return matcher.Contains(value, node); });
}

}  // namespace elanus::expr
