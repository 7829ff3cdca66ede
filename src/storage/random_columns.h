// Columns of every type with random values, for tests and benchmarks of formats.
#pragma once

#include <random>
#include <string>
#include <vector>

#include "schema/array_value.h"
#include "schema/column.h"

namespace elanus::storage {

inline std::vector<schema::ColumnType> EveryColumnType() {
  using schema::DataType;
  return {
      {DataType::kBool},
      {DataType::kInt8},
      {DataType::kInt16},
      {DataType::kInt32},
      {DataType::kInt64},
      {DataType::kFloat},
      {DataType::kDouble},
      {DataType::kTimestamptz},
      {DataType::kVarChar},
      {DataType::kText},
      {DataType::kJson},
      {DataType::kGeometry},
      {DataType::kArray, DataType::kInt64},
      {DataType::kArray, DataType::kVarChar},
      {DataType::kSparseFloatVector},
      {DataType::kFloatVector, DataType::kNone, 7},
      {DataType::kFloat16Vector, DataType::kNone, 5},
      {DataType::kBFloat16Vector, DataType::kNone, 3},
      {DataType::kInt8Vector, DataType::kNone, 9},
      {DataType::kBinaryVector, DataType::kNone, 24},
      {DataType::kArrayOfVector, DataType::kFloatVector, 3},
      {DataType::kArrayOfVector, DataType::kBinaryVector, 16},
  };
}

using Random = std::mt19937_64;

inline std::string RandomBytes(Random& random, size_t size) {
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

inline std::string RandomValue(Random& random, const schema::ColumnType& type) {
  using schema::DataType;
  if (type.type == DataType::kBool) return std::string(1, static_cast<char>(random() % 2));
  if (type.width() > 0) return RandomBytes(random, type.width());
  if (type.type == DataType::kSparseFloatVector) return RandomBytes(random, random() % 5 * 8);
  if (type.type == DataType::kArrayOfVector) {
    return RandomBytes(random, random() % 5 * type.element_width());
  }
  if (type.type != DataType::kArray) return std::string(random() % 40, 'a' + random() % 26);
  schema::ArrayBuilder array(type.element_type);
  for (uint64_t i = random() % 6; i > 0; --i) {
    type.element_type == DataType::kVarChar ? array.AppendRaw(std::string(random() % 9, 'x'))
                                            : array.Append<int64_t>(random());
  }
  return array.Finish();
}

// About one row in `null_every` is null; 0: none.
inline schema::Column RandomColumn(Random& random, const schema::ColumnType& type, int64_t num_rows,
                                   int null_every) {
  schema::Column column(type);
  for (int64_t row = 0; row < num_rows; ++row) {
    if (null_every > 0 && random() % null_every == 0) {
      column.AppendNull();
    } else {
      column.AppendRaw(RandomValue(random, type));
    }
  }
  return column;
}

// The first row that differs, or -1; -2 if type or length do.
inline int64_t FirstDifference(const schema::ColumnView& a, const schema::ColumnView& b) {
  if (!(a.type == b.type) || a.num_rows != b.num_rows) return -2;
  for (int64_t row = 0; row < a.num_rows; ++row) {
    if (a.IsValid(row) != b.IsValid(row) || a.Raw(row) != b.Raw(row)) return row;
  }
  return -1;
}

}  // namespace elanus::storage
