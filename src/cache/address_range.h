// Addresses set aside: memory comes with the first write and goes again, the address stays.
#pragma once

#include <cstdint>

#include "common/status.h"

namespace elanus::cache {

// Threads: any, for bytes that do not overlap.
class AddressRange {
 public:
  static absl::StatusOr<AddressRange> Make(uint64_t bytes);
  AddressRange() = default;
  AddressRange(AddressRange&& other) noexcept;
  AddressRange& operator=(AddressRange&& other) noexcept;
  ~AddressRange();

  uint8_t* data() const { return data_; }  // At a page; null if empty.
  uint64_t bytes() const { return bytes_; }
  // Takes memory for [begin, end), which is about to be written, in one step instead of page by
  // page.
  void Populate(uint64_t begin, uint64_t end) const;
  // Gives back the memory of all pages that lie within [begin, end) as a whole. They read as zeros.
  void Drop(uint64_t begin, uint64_t end) const;

 private:
  uint8_t* data_ = nullptr;
  uint64_t bytes_ = 0;
};

}  // namespace elanus::cache
