// 64 numbers of an operand at a time, whatever they are stored in: array elements, lengths,
// arithmetic. Plain columns have a faster way in evaluate_numbers.cc.
#pragma once

#include <bit>
#include <cstdint>

#include "expr/batch.h"
#include "expr/wrapping.h"
#include "schema/array_value.h"

namespace elanus::expr {

template <typename T>
struct Lane {
  T values[64] = {};
  uint64_t valid = 0;    // The field is not null.
  uint64_t present = 0;  // The value is there; an array may be too short.
};

template <typename From, typename T>
void LoadFixed(const schema::ColumnView& column, int64_t begin, int64_t count, Lane<T>& lane) {
  for (int64_t i = 0; i < count; ++i)
    lane.values[i] = static_cast<T>(column.Value<From>(begin + i));
}

template <typename T>
void LoadColumn(const schema::ColumnView& column, int64_t begin, int64_t count, Lane<T>& lane) {
  using schema::DataType;
  switch (column.type.type) {
    case DataType::kBool:
      return LoadFixed<uint8_t>(column, begin, count, lane);
    case DataType::kInt8:
      return LoadFixed<int8_t>(column, begin, count, lane);
    case DataType::kInt16:
      return LoadFixed<int16_t>(column, begin, count, lane);
    case DataType::kInt32:
      return LoadFixed<int32_t>(column, begin, count, lane);
    case DataType::kFloat:
      return LoadFixed<float>(column, begin, count, lane);
    case DataType::kDouble:
      return LoadFixed<double>(column, begin, count, lane);
    default:
      return LoadFixed<int64_t>(column, begin, count, lane);
  }
}

// Elements (or lengths) of the rows whose bits are set.
template <typename T>
void LoadArrays(const schema::ColumnView& column, const Operand& operand, int64_t begin,
                uint64_t rows, Lane<T>& lane) {
  lane.present = 0;
  for (; rows != 0; rows &= rows - 1) {
    const int i = std::countr_zero(rows);
    if (operand.kind == Operand::Kind::kArrayLength) {
      lane.values[i] = static_cast<T>(schema::ElementCount(column, begin + i));
      lane.present |= uint64_t{1} << i;
      continue;
    }
    const schema::ArrayView array(column.type.element_type, column.Bytes(begin + i));
    if (operand.index < array.size()) {
      lane.values[i] = schema::IsFloating(operand.type)
                           ? static_cast<T>(array.Double(operand.index))
                           : static_cast<T>(array.Int(operand.index));
    } else {
      continue;
    }
    lane.present |= uint64_t{1} << i;
  }
}

template <ArithmeticOp kOp>
inline int64_t Apply(int64_t a, int64_t b) {
  if constexpr (kOp == ArithmeticOp::kAdd) return WrappingAdd(a, b);
  if constexpr (kOp == ArithmeticOp::kSubtract) return WrappingSubtract(a, b);
  if constexpr (kOp == ArithmeticOp::kMultiply) return WrappingMultiply(a, b);
  if constexpr (kOp == ArithmeticOp::kDivide) return WrappingDivide(a, b);
  if constexpr (kOp == ArithmeticOp::kModulo) return WrappingModulo(a, b);
  if constexpr (kOp == ArithmeticOp::kBitAnd) return a & b;
  if constexpr (kOp == ArithmeticOp::kBitOr) return a | b;
  if constexpr (kOp == ArithmeticOp::kBitXor) return a ^ b;
}

// Floating numbers know the first four only; the binder refuses the others.
template <ArithmeticOp kOp, std::floating_point T>
inline T Apply(T a, T b) {
  if constexpr (kOp == ArithmeticOp::kAdd) return a + b;
  if constexpr (kOp == ArithmeticOp::kSubtract) return a - b;
  if constexpr (kOp == ArithmeticOp::kMultiply) return a * b;
  return a / b;
}

template <ArithmeticOp kOp, typename T>
void ApplyToLane(T constant, Lane<T>& lane) {
  for (T& value : lane.values) value = Apply<kOp>(value, constant);
}

// Calls body.operator()<op>().
template <typename Body>
auto WithArithmetic(ArithmeticOp op, const Body& body) {
  switch (op) {
    case ArithmeticOp::kAdd:
      return body.template operator()<ArithmeticOp::kAdd>();
    case ArithmeticOp::kSubtract:
      return body.template operator()<ArithmeticOp::kSubtract>();
    case ArithmeticOp::kMultiply:
      return body.template operator()<ArithmeticOp::kMultiply>();
    case ArithmeticOp::kDivide:
      return body.template operator()<ArithmeticOp::kDivide>();
    case ArithmeticOp::kModulo:
      return body.template operator()<ArithmeticOp::kModulo>();
    case ArithmeticOp::kBitAnd:
      return body.template operator()<ArithmeticOp::kBitAnd>();
    case ArithmeticOp::kBitOr:
      return body.template operator()<ArithmeticOp::kBitOr>();
    case ArithmeticOp::kBitXor:
      break;
  }
  return body.template operator()<ArithmeticOp::kBitXor>();
}

// Word `word` of an operand; `rows` says which of its rows matter.
template <typename T>
void LoadLane(Batch& batch, const Operand& operand, int64_t word, uint64_t rows, Lane<T>& lane) {
  const schema::ColumnView& column = batch.Column(operand.slot);
  const uint64_t all = batch.RowsOfWord(word);
  lane.valid = ValidRows(column, word) & all;
  if (operand.kind == Operand::Kind::kColumn) {
    LoadColumn(column, word * 64, std::popcount(all), lane);
    lane.present = lane.valid;
  } else {
    LoadArrays(column, operand, word * 64, rows & lane.valid, lane);
  }
}

}  // namespace elanus::expr
