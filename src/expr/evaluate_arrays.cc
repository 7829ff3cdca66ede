// Whole ARRAY values: equality with a list, and what they contain.
#include <algorithm>
#include <bit>

#include "expr/evaluate_leaves.h"
#include "schema/array_value.h"

namespace elanus::expr {
namespace {

template <typename Test>
void TestArrays(Batch& batch, const Operand& operand, const Words& rows, Mask& out,
                const Test& test) {
  const schema::ColumnView& column = batch.Column(operand.slot);
  for (int64_t word = 0; word < batch.num_words(); ++word) {
    const uint64_t valid = ValidRows(column, word);
    uint64_t truth = 0;
    for (uint64_t todo = rows[word] & valid & batch.RowsOfWord(word); todo != 0; todo &= todo - 1) {
      if (batch.cancelled()) return;
      const int bit = std::countr_zero(todo);
      const schema::ArrayView array(column.type.element_type, column.Bytes(word * 64 + bit));
      truth |= static_cast<uint64_t>(test(array)) << bit;
    }
    out.truth[word] = truth;
    out.unknown[word] = ~valid;
  }
}

// Literals have the element's type, or wider numbers of its kind.
bool ElementEquals(const schema::ArrayView& array, int64_t i, const Value& value) {
  if (value.is_string()) return array.Raw(i) == value.as_string();
  if (value.is_double()) return array.Double(i) == value.as_double();
  if (value.is_bool()) return (array.Int(i) != 0) == value.as_bool();
  return array.Int(i) == value.as_int();
}

bool HasElement(const schema::ArrayView& array, const Value& value) {
  for (int64_t i = 0; i < array.size(); ++i) {
    if (ElementEquals(array, i, value)) return true;
  }
  return false;
}

bool EqualsList(const schema::ArrayView& array, const Value::List& list) {
  if (array.size() != static_cast<int64_t>(list.size())) return false;
  for (int64_t i = 0; i < array.size(); ++i) {
    if (!ElementEquals(array, i, list[i])) return false;
  }
  return true;
}

// Integers: `wanted` against the elements as they are stored.
template <typename T>
bool HasInt(const schema::ArrayView& array, int64_t wanted) {
  bool has = false;
  for (int64_t i = 0; i < array.size(); ++i) has |= int64_t{array.Value<T>(i)} == wanted;
  return has;
}

// Calls body(has) with has(array, wanted) for the width of the elements.
template <typename Body>
void WithElementWidth(schema::DataType type, const Body& body) {
  switch (schema::FixedWidth(type, 0)) {
    case 1:
      return body(&HasInt<int8_t>);
    case 2:
      return body(&HasInt<int16_t>);
    case 4:
      return body(&HasInt<int32_t>);
    default:
      return body(&HasInt<int64_t>);
  }
}

bool HoldsIntegers(const Contains& node, schema::DataType element_type) {
  return schema::IsInteger(element_type) &&
         std::all_of(node.values.begin(), node.values.end(),
                     [](const Value& value) { return value.is_int(); });
}

void ArraysContainIntegers(Batch& batch, const Contains& node, schema::DataType element_type,
                           const Words& rows, Mask& out) {
  std::vector<int64_t> wanted;
  for (const Value& value : node.values) wanted.push_back(value.as_int());
  const bool all = node.mode == Contains::Mode::kAll;
  WithElementWidth(element_type, [&](auto has) {
    TestArrays(batch, node.operand, rows, out, [&](const schema::ArrayView& array) {
      const auto has_one = [&](int64_t value) { return has(array, value); };
      return all ? std::all_of(wanted.begin(), wanted.end(), has_one)
                 : std::any_of(wanted.begin(), wanted.end(), has_one);
    });
  });
}

}  // namespace

void CompareArrays(Batch& batch, const Compare& node, const Words& rows, Mask& out) {
  const Value::List& list = node.value.as_list();
  const bool wanted = node.op == CompareOp::kEqual;
  TestArrays(batch, node.operand, rows, out,
             [&](const schema::ArrayView& array) { return EqualsList(array, list) == wanted; });
}

void ArraysContain(Batch& batch, const Contains& node, const Words& rows, Mask& out) {
  const schema::DataType element_type = batch.Column(node.operand.slot).type.element_type;
  if (HoldsIntegers(node, element_type)) {
    return ArraysContainIntegers(batch, node, element_type, rows, out);
  }
  const auto test = [&](const schema::ArrayView& array) {
    const auto has = [&](const Value& value) { return HasElement(array, value); };
    return node.mode == Contains::Mode::kAll
               ? std::all_of(node.values.begin(), node.values.end(), has)
               : std::any_of(node.values.begin(), node.values.end(), has);
  };
  TestArrays(batch, node.operand, rows, out, test);
}

}  // namespace elanus::expr
