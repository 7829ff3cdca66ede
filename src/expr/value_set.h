// The right side of `in`: values of one type, ready to be looked up.
#pragma once

#include <bit>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "expr/value.h"

namespace elanus::expr {

// Integers by open addressing: one multiplication and mostly one look.
//
// A filter of one bit a value, in sixteen bits a slot or more, turns most others away without a
// branch.
class IntTable {
 public:
  IntTable() = default;
  explicit IntTable(const std::vector<int64_t>& sorted);

  // False: it is not in the set. True for one in thirty others or fewer.
  bool MayContain(int64_t value) const {
    const uint64_t hash = Hash(value) >> filter_shift_;
    return (filter_[hash / 64] >> (hash % 64) & 1) != 0;
  }
  bool Contains(int64_t value) const {
    if (slots_.empty()) return false;
    for (size_t at = Home(value);; at = (at + 1) & mask_) {
      if (slots_[at] == value) return value != vacant_;
      if (slots_[at] == vacant_) return false;
    }
  }

 private:
  // Fibonacci hashing: the high bits of a product with 2^64 / phi.
  static uint64_t Hash(int64_t value) { return static_cast<uint64_t>(value) * 0x9E3779B97F4A7C15; }
  size_t Home(int64_t value) const { return static_cast<size_t>(Hash(value) >> shift_); }

  std::vector<int64_t> slots_;
  int64_t vacant_ = 0;  // A value that is not in the set.
  size_t mask_ = 0;
  int shift_ = 0;
  std::vector<uint64_t> filter_ = {0};
  int filter_shift_ = 58;
};

// Moves, but does not copy: strings are looked up by views of its own.
class ValueSet {
 public:
  enum class Kind { kEmpty, kBool, kInt, kDouble, kString };

  ValueSet() = default;
  // Values of one type.
  explicit ValueSet(const std::vector<Value>& values);
  ValueSet(ValueSet&&) = default;
  ValueSet& operator=(ValueSet&&) = default;

  Kind kind() const { return kind_; }
  size_t size() const;
  // Sorted, each once; of its own kind only.
  const std::vector<int64_t>& ints() const { return ints_; }
  const std::vector<double>& doubles() const { return doubles_; }
  const std::vector<std::string>& strings() const { return strings_; }
  bool ContainsBool(bool value) const { return value ? has_true_ : has_false_; }

  // Whether the integers lie close enough for a bitmap from ints().front() on.
  const std::vector<uint64_t>& bitmap() const { return bitmap_; }
  bool ContainsInt(int64_t value) const { return int_table_.Contains(value); }
  bool MayContainInt(int64_t value) const { return int_table_.MayContain(value); }
  // In a set of integers: whether one of them, as a double, equals `value`.
  bool ContainsDouble(double value) const { return double_table_.Contains(KeyOf(value)); }
  bool MayContainDouble(double value) const { return double_table_.MayContain(KeyOf(value)); }
  bool ContainsString(std::string_view value) const {
    return (lengths_ >> (value.size() & 63) & 1) != 0 && table_.contains(value);
  }
  std::vector<Value> values() const;

 private:
  // -0 equals 0 and shall have its bits.
  static int64_t KeyOf(double value) { return std::bit_cast<int64_t>(value == 0 ? 0.0 : value); }
  void AddIntTables();

  Kind kind_ = Kind::kEmpty;
  bool has_true_ = false;
  bool has_false_ = false;
  std::vector<int64_t> ints_;
  std::vector<double> doubles_;
  std::vector<std::string> strings_;
  std::vector<uint64_t> bitmap_;
  IntTable int_table_;
  IntTable double_table_;
  uint64_t lengths_ = 0;  // A bit for each length (mod 64) of a string in it.
  // std::hash: Debian's absl cannot hash a std::string_view.
  absl::flat_hash_set<std::string_view, std::hash<std::string_view>, std::equal_to<>> table_;
};

}  // namespace elanus::expr
