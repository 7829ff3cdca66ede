// Some of the rows of a segment: a list where they are few, else a bit for each row.
#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

#include "common/check.h"
#include "kernels/bitset.h"

namespace elanus::kernels {

class RowSet {
 public:
  // None of them.
  explicit RowSet(int64_t size = 0) : size_(size) {}
  // `rows` ascend, each once, all below `size`.
  RowSet(int64_t size, std::vector<uint32_t> rows) : size_(size), list_(std::move(rows)) {}
  explicit RowSet(Bitset bits) : size_(bits.size()), bits_(std::move(bits)) {}

  int64_t size() const { return size_; }
  bool is_list() const { return !bits_.has_value(); }
  const std::vector<uint32_t>& list() const { return list_; }
  const Bitset& bits() const { return *bits_; }

  bool Test(int64_t row) const {
    if (!is_list()) return bits_->Test(row);
    return std::binary_search(list_.begin(), list_.end(), static_cast<uint32_t>(row));
  }
  int64_t Count() const { return is_list() ? std::ssize(list_) : bits_->Count(); }

  void And(const RowSet& other) {
    ELANUS_CHECK(other.size_ == size_);
    if (!other.is_list()) return And(other.bits_->view());
    std::vector<uint32_t> both;
    if (is_list()) {
      std::set_intersection(list_.begin(), list_.end(), other.list_.begin(), other.list_.end(),
                            std::back_inserter(both));
    } else {
      std::copy_if(other.list_.begin(), other.list_.end(), std::back_inserter(both),
                   [&](uint32_t row) { return bits_->Test(row); });
    }
    bits_.reset();
    list_ = std::move(both);
  }
  void And(BitView other) {
    ELANUS_CHECK(other.size() == size_);
    if (!is_list()) return bits_->And(other);
    std::erase_if(list_, [&](uint32_t row) { return !other.Test(row); });
  }
  void AndNot(BitView other) {
    ELANUS_CHECK(other.size() == size_);
    if (!is_list()) return bits_->AndNot(other);
    std::erase_if(list_, [&](uint32_t row) { return other.Test(row); });
  }
  void Or(const RowSet& other) {
    ELANUS_CHECK(other.size_ == size_);
    if (is_list() && other.is_list()) {
      std::vector<uint32_t> either;
      std::set_union(list_.begin(), list_.end(), other.list_.begin(), other.list_.end(),
                     std::back_inserter(either));
      list_ = std::move(either);
    } else if (is_list()) {
      const std::vector<uint32_t> list = std::exchange(list_, {});
      bits_ = other.bits_;
      for (const uint32_t row : list) bits_->Set(row);
    } else if (other.is_list()) {
      for (const uint32_t row : other.list_) bits_->Set(row);
    } else {
      bits_->Or(other.bits_->view());
    }
  }

  // Keeps those of `rows` that are in the set; as many bits.
  void Restrict(Bitset& rows) const {
    ELANUS_CHECK(rows.size() == size_);
    if (!is_list()) return rows.And(bits_->view());
    std::vector<uint32_t> kept;
    std::copy_if(list_.begin(), list_.end(), std::back_inserter(kept),
                 [&](uint32_t row) { return rows.Test(row); });
    std::fill_n(rows.words(), rows.num_words(), 0);
    for (const uint32_t row : kept) rows.Set(row);
  }

  // Ascending.
  std::vector<uint32_t> Rows() const {
    if (is_list()) return list_;
    std::vector<uint32_t> rows;
    bits_->view().ForEach([&](int64_t row) { rows.push_back(static_cast<uint32_t>(row)); });
    return rows;
  }
  Bitset ToBits() && {
    if (!is_list()) return *std::move(bits_);
    Bitset bits(size_);
    for (const uint32_t row : list_) bits.Set(row);
    return bits;
  }

 private:
  int64_t size_ = 0;
  std::vector<uint32_t> list_;  // If there are no bits.
  std::optional<Bitset> bits_;
};

}  // namespace elanus::kernels
