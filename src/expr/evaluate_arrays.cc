// Whole ARRAY values: equality with a list, and what they contain.
#include <algorithm>
#include <bit>
#include <cstring>

#include "expr/evaluate_leaves.h"
#include "schema/array_value.h"

namespace elanus::expr {
namespace {

// test(bytes of the array) for the valid rows; null is UNKNOWN.
template <typename Test>
void TestBytes(Batch& batch, const Operand& operand, const Words& rows, Mask& out,
               const Test& test) {
  const schema::ColumnView& column = batch.Column(operand.slot);
  for (int64_t word = 0; word < batch.num_words(); ++word) {
    const uint64_t valid = ValidRows(column, word);
    uint64_t truth = 0;
    uint64_t todo = rows[word] & valid & batch.RowsOfWord(word);
    if (todo != 0 && batch.cancelled()) return;
    for (; todo != 0; todo &= todo - 1) {
      const int bit = std::countr_zero(todo);
      truth |= static_cast<uint64_t>(test(column.Bytes(word * 64 + bit))) << bit;
    }
    out.truth[word] = truth;
    out.unknown[word] = ~valid;
  }
}

template <typename Test>
void TestArrays(Batch& batch, const Operand& operand, const Words& rows, Mask& out,
                const Test& test) {
  const schema::DataType element_type = batch.Column(operand.slot).type.element_type;
  TestBytes(batch, operand, rows, out,
            [&](std::string_view bytes) { return test(schema::ArrayView(element_type, bytes)); });
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

// Integers as they are stored: see schema/array_value.h; malformed bytes hold nothing.
template <typename T>
bool HasInt(std::string_view array, int64_t wanted) {
  uint32_t count = 0;
  if (array.size() < sizeof(count)) return false;
  std::memcpy(&count, array.data(), sizeof(count));
  array.remove_prefix(sizeof(count));
  if (count > array.size() / sizeof(T)) return false;
  bool has = false;
  for (uint32_t i = 0; i < count; ++i) {
    T value;
    std::memcpy(&value, array.data() + i * sizeof(T), sizeof(T));
    has |= int64_t{value} == wanted;
  }
  return has;
}

// Calls body.operator()<T>() for the type of integers that an array holds.
template <typename Body>
void WithElementWidth(schema::DataType type, const Body& body) {
  switch (schema::FixedWidth(type, 0)) {
    case 1:
      return body.template operator()<int8_t>();
    case 2:
      return body.template operator()<int16_t>();
    case 4:
      return body.template operator()<int32_t>();
    default:
      return body.template operator()<int64_t>();
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
  WithElementWidth(element_type, [&]<typename T>() {
    TestBytes(batch, node.operand, rows, out, [&](std::string_view array) {
      const auto has = [array](int64_t value) { return HasInt<T>(array, value); };
      return all ? std::all_of(wanted.begin(), wanted.end(), has)
                 : std::any_of(wanted.begin(), wanted.end(), has);
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
