// Bits in 64-bit words, LSB first: row masks of filters, deletes and visibility.
//
// Bits behind `size` in the last word are always zero, so that words can be combined and counted
// whole.
#pragma once

#include <bit>
#include <cstdint>
#include <vector>

#include "common/check.h"

namespace elanus::kernels {

class BitView {
 public:
  BitView() = default;
  BitView(const uint64_t* words, int64_t size) : words_(words), size_(size) {}
  int64_t size() const { return size_; }
  int64_t num_words() const { return (size_ + 63) / 64; }
  const uint64_t* words() const { return words_; }
  bool empty() const { return size_ == 0; }
  bool Test(int64_t i) const { return (words_[i >> 6] >> (i & 63) & 1) != 0; }
  int64_t Count() const {
    int64_t count = 0;
    for (int64_t w = 0; w < num_words(); ++w) count += std::popcount(words_[w]);
    return count;
  }
  // Calls f(row) for each set bit in ascending order.
  template <typename F>
  void ForEach(F&& f) const {
    for (int64_t w = 0; w < num_words(); ++w) {
      for (uint64_t word = words_[w]; word != 0; word &= word - 1) {
        f(w * 64 + std::countr_zero(word));
      }
    }
  }

 private:
  const uint64_t* words_ = nullptr;
  int64_t size_ = 0;
};

class Bitset {
 public:
  Bitset() = default;
  explicit Bitset(int64_t size, bool value = false)
      : size_(size), words_((size + 63) / 64, value ? ~uint64_t{0} : 0) {
    ClearTail();
  }
  int64_t size() const { return size_; }
  int64_t num_words() const { return static_cast<int64_t>(words_.size()); }
  uint64_t* words() { return words_.data(); }
  const uint64_t* words() const { return words_.data(); }
  BitView view() const { return {words_.data(), size_}; }
  bool Test(int64_t i) const { return (words_[i >> 6] >> (i & 63) & 1) != 0; }
  void Set(int64_t i) { words_[i >> 6] |= uint64_t{1} << (i & 63); }
  void Reset(int64_t i) { words_[i >> 6] &= ~(uint64_t{1} << (i & 63)); }
  int64_t Count() const { return view().Count(); }
  void And(BitView other) {
    ELANUS_CHECK(other.size() == size_);
    for (int64_t w = 0; w < num_words(); ++w) words_[w] &= other.words()[w];
  }
  void Or(BitView other) {
    ELANUS_CHECK(other.size() == size_);
    for (int64_t w = 0; w < num_words(); ++w) words_[w] |= other.words()[w];
  }
  void AndNot(BitView other) {
    ELANUS_CHECK(other.size() == size_);
    for (int64_t w = 0; w < num_words(); ++w) words_[w] &= ~other.words()[w];
  }
  void Invert() {
    for (uint64_t& word : words_) word = ~word;
    ClearTail();
  }
  // Keeps the rows below `count` only.
  void Truncate(int64_t count) {
    for (int64_t i = count; i < size_ && (i & 63) != 0; ++i) Reset(i);
    for (int64_t w = (count + 63) / 64; w < num_words(); ++w) words_[w] = 0;
  }
  void ClearTail() {
    if ((size_ & 63) != 0) words_.back() &= (uint64_t{1} << (size_ & 63)) - 1;
  }

 private:
  int64_t size_ = 0;
  std::vector<uint64_t> words_;
};

}  // namespace elanus::kernels
