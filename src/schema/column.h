// Values of one field for a run of rows, in memory.
//
// Layout by type (the same in memory, in the log and in segment files):
//   fixed width   num_rows * FixedWidth bytes, row-major, little-endian. Bool is one byte, 0 or 1.
//                 Dense vectors are row-major (num_rows, dim); binary ones dim/8 bytes a row.
//   variable      offsets[num_rows + 1] into bytes: VarChar, Text: UTF-8; Geometry: geometry/wkb.h;
//                 Json: the UTF-8 text; Array: see array_value.h; SparseFloatVector: repeated
//                 (uint32 index, float32 value) little-endian, ascending by index;
//                 ArrayOfVector: the vectors of the row behind each other, so that those of all
//                 rows are one matrix (num_vectors, dim).
//   validity      one bit a row, 1 = valid, LSB first in uint64 words; no words = all rows valid.
//                 A null row has zero bytes (variable) or a zeroed value (fixed).
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "schema/data_type.h"

namespace elanus::schema {

struct ColumnType {
  DataType type = DataType::kNone;
  DataType element_type = DataType::kNone;  // Of an Array or ArrayOfVector.
  int64_t dim = 0;                          // Of a dense vector, alone or in an ArrayOfVector.

  int64_t width() const { return FixedWidth(type, dim); }  // 0 = variable.
  int64_t element_width() const { return FixedWidth(element_type, dim); }
  friend bool operator==(const ColumnType&, const ColumnType&) = default;
};

// A borrowed run of rows. Valid as long as what it points into.
struct ColumnView {
  ColumnType type;
  int64_t num_rows = 0;
  const uint8_t* fixed = nullptr;     // Fixed-width values.
  const uint64_t* offsets = nullptr;  // Variable: num_rows + 1 absolute offsets into bytes.
  const char* bytes = nullptr;
  const uint64_t* validity = nullptr;  // Null: all valid.

  bool IsValid(int64_t row) const {
    return validity == nullptr || (validity[row >> 6] >> (row & 63) & 1) != 0;
  }
  template <typename T>
  T Value(int64_t row) const {
    T value;
    std::memcpy(&value, fixed + row * sizeof(T), sizeof(T));
    return value;
  }
  template <typename T>
  const T* Values() const {
    return reinterpret_cast<const T*>(fixed);
  }
  std::string_view Bytes(int64_t row) const {
    return {bytes + offsets[row], static_cast<size_t>(offsets[row + 1] - offsets[row])};
  }
  // The value's bytes whatever the layout.
  std::string_view Raw(int64_t row) const {
    if (offsets != nullptr) return Bytes(row);
    const int64_t width = type.width();
    return {reinterpret_cast<const char*>(fixed) + row * width, static_cast<size_t>(width)};
  }
  // Rows [begin, begin + count). `begin` must be a multiple of 64 if there is a validity bitmap.
  ColumnView Slice(int64_t begin, int64_t count) const;
};

// An owned, growing column. Threads: none; hand out `View()` only while nobody appends.
class Column {
 public:
  Column() = default;
  explicit Column(ColumnType type);

  const ColumnType& type() const { return type_; }
  int64_t num_rows() const { return num_rows_; }
  bool has_nulls() const { return num_nulls_ > 0; }
  int64_t byte_size() const;

  void Reserve(int64_t num_rows, int64_t num_bytes = 0);

  template <typename T>
  void Append(T value) {
    AppendRaw({reinterpret_cast<const char*>(&value), sizeof(T)});
  }
  // Appends one value by its bytes: exactly width() of them, or any number for variable types.
  void AppendRaw(std::string_view value);
  void AppendNull();
  // Appends `count` valid fixed-width rows at once.
  void AppendFixedRows(const void* values, int64_t count);
  // Appends rows of a view of the same type.
  void AppendRows(const ColumnView& source, int64_t begin, int64_t count);
  void AppendRow(const ColumnView& source, int64_t row) { AppendRows(source, row, 1); }

  ColumnView View() const;

 private:
  void GrowValidity(bool valid, int64_t count);

  ColumnType type_;
  int64_t width_ = 0;
  int64_t num_rows_ = 0;
  int64_t num_nulls_ = 0;
  std::vector<uint8_t> fixed_;
  std::vector<uint64_t> offsets_;  // Variable types: starts as {0}.
  std::string bytes_;
  std::vector<uint64_t> validity_;  // Empty until the first null.
};

}  // namespace elanus::schema
