// One ARRAY value as bytes.
//
//   array   = count:uint32 elements
//   fixed   elements = count * FixedWidth(element_type) bytes
//   VarChar elements = end:uint32[count] bytes   (end[i] = offset behind element i, from the first
//   byte)
//
// Arrays have at most 4096 elements and no null element. Readers check every length: the bytes may
// come from a damaged file.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "schema/column.h"
#include "schema/data_type.h"

namespace elanus::schema {

class ArrayView {
 public:
  // A view of `bytes`; malformed bytes read as an empty array.
  ArrayView(DataType element_type, std::string_view bytes);

  int64_t size() const { return count_; }
  // Element `i`'s bytes: the value itself, or the text of a VarChar.
  std::string_view Raw(int64_t i) const;
  template <typename T>
  T Value(int64_t i) const {
    T value;
    std::memcpy(&value, elements_ + i * sizeof(T), sizeof(T));
    return value;
  }
  int64_t Int(int64_t i) const;    // Bool, Int8 ... Int64 widened.
  double Double(int64_t i) const;  // Any number widened.
  DataType element_type() const { return element_type_; }

 private:
  DataType element_type_;
  int64_t width_ = 0;
  int64_t count_ = 0;
  const char* elements_ = nullptr;  // First element, or first byte of text.
  const char* ends_ = nullptr;      // VarChar: the end offsets.
};

// How many elements row `row` of an Array or ArrayOfVector column has; 0 if it is null.
int64_t ElementCount(const ColumnView& column, int64_t row);

// Builds the bytes of one array.
class ArrayBuilder {
 public:
  explicit ArrayBuilder(DataType element_type) : element_type_(element_type) {}
  void AppendRaw(std::string_view element);
  template <typename T>
  void Append(T value) {
    AppendRaw({reinterpret_cast<const char*>(&value), sizeof(T)});
  }
  // The finished bytes; the builder is empty afterwards.
  std::string Finish();

 private:
  DataType element_type_;
  uint32_t count_ = 0;
  std::vector<uint32_t> ends_;
  std::string bytes_;
};

}  // namespace elanus::schema
