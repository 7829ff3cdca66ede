#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "schema/column.h"

namespace elanus::schema {

// The key of a row: an int64 or a string, by the type of the collection's primary key field.
using PrimaryKey = std::variant<int64_t, std::string>;

// A borrowed key. Keys of one collection are all of one kind; comparing across kinds orders by kind.
class PrimaryKeyView {
 public:
  PrimaryKeyView() = default;
  explicit PrimaryKeyView(int64_t key) : int_(key) {}
  explicit PrimaryKeyView(std::string_view key) : is_string_(true), text_(key) {}
  // NOLINTNEXTLINE(google-explicit-constructor): a view of a key is that key.
  PrimaryKeyView(const PrimaryKey& key) {
    if (const auto* text = std::get_if<std::string>(&key)) {
      is_string_ = true;
      text_ = *text;
    } else {
      int_ = std::get<int64_t>(key);
    }
  }
  // Row `row` of a key column (Int64 or VarChar).
  static PrimaryKeyView Of(const ColumnView& column, int64_t row) {
    if (column.offsets != nullptr) return PrimaryKeyView(column.Bytes(row));
    return PrimaryKeyView(column.Value<int64_t>(row));
  }

  bool is_string() const { return is_string_; }
  int64_t as_int() const { return int_; }
  std::string_view as_string() const { return text_; }
  PrimaryKey ToOwned() const {
    return is_string_ ? PrimaryKey(std::string(text_)) : PrimaryKey(int_);
  }

  friend bool operator==(const PrimaryKeyView& a, const PrimaryKeyView& b) {
    return a.is_string_ == b.is_string_ && a.int_ == b.int_ && a.text_ == b.text_;
  }
  friend std::strong_ordering operator<=>(const PrimaryKeyView& a, const PrimaryKeyView& b) {
    if (a.is_string_ != b.is_string_) return a.is_string_ <=> b.is_string_;
    if (!a.is_string_) return a.int_ <=> b.int_;
    return a.text_.compare(b.text_) <=> 0;
  }
  template <typename H>
  friend H AbslHashValue(H h, const PrimaryKeyView& key) {
    if (key.is_string_) {
      return H::combine(std::move(h), std::hash<std::string_view>()(key.text_));
    }
    return H::combine(std::move(h), key.int_);
  }

 private:
  bool is_string_ = false;
  int64_t int_ = 0;
  std::string_view text_;
};

// A hash that stays the same over releases and machines: it chooses a row's shard.
uint64_t StableHash(PrimaryKeyView key);

}  // namespace elanus::schema
