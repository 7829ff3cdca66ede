#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace elanus::schema {

// Numbers as on the wire.
enum class DataType : int32_t {
  kNone = 0,
  kBool = 1,
  kInt8 = 2,
  kInt16 = 3,
  kInt32 = 4,
  kInt64 = 5,
  kFloat = 10,
  kDouble = 11,
  kVarChar = 21,
  kArray = 22,
  kJson = 23,
  kGeometry = 24,
  kText = 25,
  kTimestamptz = 26,
  kBinaryVector = 100,
  kFloatVector = 101,
  kFloat16Vector = 102,
  kBFloat16Vector = 103,
  kSparseFloatVector = 104,
  kInt8Vector = 105,
  kArrayOfVector = 106,
  kArrayOfStruct = 200,
};

// The type of that wire number, if this server knows it.
std::optional<DataType> DataTypeFromWire(int32_t value);

// "Int64", "VarChar", "FloatVector": the protocol's names, used in messages.
std::string_view DataTypeName(DataType type);

bool IsVector(DataType type);       // Any vector, sparse included.
bool IsDenseVector(DataType type);  // Vectors with a dimension: float, half, bfloat16, int8, binary.
bool IsInteger(DataType type);      // Int8 ... Int64.
bool IsFloating(DataType type);     // Float, Double.
bool IsNumeric(DataType type);
bool IsString(DataType type);       // VarChar, Text.

// Bytes a value takes in a column, or 0 for types of variable length (VarChar, Json, Array, sparse...).
// `dim` counts for dense vectors only; bits for binary ones.
int64_t FixedWidth(DataType type, int64_t dim);

}  // namespace elanus::schema
