#include "expr/value_set.h"

#include <algorithm>
#include <limits>

namespace elanus::expr {
namespace {

template <typename T>
void SortUnique(std::vector<T>& values) {
  if (!std::is_sorted(values.begin(), values.end())) std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
}

// Bits a value may cost in a bitmap; a table slot costs 128 of them, but hits one cache line less.
constexpr uint64_t kBitmapBitsPerValue = 256;
constexpr uint64_t kBitmapBitsAlways = 1 << 16;

}  // namespace

IntTable::IntTable(const std::vector<int64_t>& sorted) {
  if (sorted.empty()) return;
  const size_t capacity = std::bit_ceil(std::max<size_t>(sorted.size() * 2, 8));
  mask_ = capacity - 1;
  shift_ = 64 - std::countr_zero(capacity);
  // Any value that is not among them marks the vacant slots.
  if (sorted.front() != std::numeric_limits<int64_t>::min()) {
    vacant_ = sorted.front() - 1;
  } else {
    vacant_ = sorted.front();
    for (const int64_t value : sorted) {
      if (value != vacant_) break;
      ++vacant_;
    }
  }
  slots_.assign(capacity, vacant_);
  for (const int64_t value : sorted) {
    size_t at = Home(value);
    while (slots_[at] != vacant_) at = (at + 1) & mask_;
    slots_[at] = value;
  }
  const int filter_bits = std::countr_zero(capacity) + 4;
  filter_shift_ = 64 - filter_bits;
  filter_.assign(std::max<size_t>(size_t{1} << filter_bits >> 6, 1), 0);
  for (const int64_t value : sorted) {
    const uint64_t hash = Hash(value) >> filter_shift_;
    filter_[hash / 64] |= uint64_t{1} << (hash % 64);
  }
}

ValueSet::ValueSet(const std::vector<Value>& values) {
  for (const Value& value : values) {
    if (value.is_bool()) {
      kind_ = Kind::kBool;
      (value.as_bool() ? has_true_ : has_false_) = true;
    } else if (value.is_int()) {
      kind_ = Kind::kInt;
      ints_.push_back(value.as_int());
    } else if (value.is_double()) {
      kind_ = Kind::kDouble;
      doubles_.push_back(value.as_double());
    } else if (value.is_string()) {
      kind_ = Kind::kString;
      strings_.push_back(value.as_string());
    }
  }
  SortUnique(doubles_);
  SortUnique(strings_);
  AddIntTables();
  table_.reserve(strings_.size());
  for (const std::string& text : strings_) {
    table_.insert(text);
    lengths_ |= uint64_t{1} << (text.size() & 63);
  }
}

void ValueSet::AddIntTables() {
  SortUnique(ints_);
  int_table_ = IntTable(ints_);
  std::vector<int64_t> keys;
  keys.reserve(doubles_.size() + ints_.size());
  for (const double value : doubles_) keys.push_back(KeyOf(value));
  for (const int64_t value : ints_) keys.push_back(KeyOf(static_cast<double>(value)));
  SortUnique(keys);
  double_table_ = IntTable(keys);
  if (ints_.empty()) return;
  const uint64_t span = static_cast<uint64_t>(ints_.back()) - static_cast<uint64_t>(ints_.front());
  if (span >= std::max<uint64_t>(kBitmapBitsAlways, kBitmapBitsPerValue * ints_.size())) return;
  bitmap_.assign(span / 64 + 1, 0);
  for (const int64_t value : ints_) {
    const uint64_t bit = static_cast<uint64_t>(value) - static_cast<uint64_t>(ints_.front());
    bitmap_[bit / 64] |= uint64_t{1} << (bit % 64);
  }
}

size_t ValueSet::size() const {
  return ints_.size() + doubles_.size() + strings_.size() + (has_true_ ? 1 : 0) +
         (has_false_ ? 1 : 0);
}

std::vector<Value> ValueSet::values() const {
  std::vector<Value> out;
  out.reserve(size());
  if (has_false_) out.emplace_back(false);
  if (has_true_) out.emplace_back(true);
  for (const int64_t value : ints_) out.emplace_back(value);
  for (const double value : doubles_) out.emplace_back(value);
  for (const std::string& value : strings_) out.emplace_back(value);
  return out;
}

}  // namespace elanus::expr
