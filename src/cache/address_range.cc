#include "cache/address_range.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace elanus::cache {

absl::StatusOr<AddressRange> AddressRange::Make(uint64_t bytes) {
  AddressRange range;
  if (bytes == 0) return range;
  void* const data = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (data == MAP_FAILED) {
    return RetryableError(ErrorCode::kMemoryLimitExceeded, "cannot set {} addresses aside: {}",
                          bytes, std::generic_category().message(errno));
  }
  range.data_ = static_cast<uint8_t*>(data);
  range.bytes_ = bytes;
  return range;
}

AddressRange::AddressRange(AddressRange&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}

AddressRange& AddressRange::operator=(AddressRange&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

AddressRange::~AddressRange() {
  if (data_ != nullptr) ::munmap(data_, bytes_);
}

void AddressRange::Populate(uint64_t begin, uint64_t end) const {
#ifdef MADV_POPULATE_WRITE
  static const auto page = static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
  const uint64_t first = begin / page * page, last = (end + page - 1) / page * page;
  // A kernel that cannot brings the pages one by one.
  if (data_ != nullptr && last > first + page) {
    (void)::madvise(data_ + first, last - first, MADV_POPULATE_WRITE);
  }
#endif
}

void AddressRange::Drop(uint64_t begin, uint64_t end) const {
  static const auto page = static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
  // The last page is ours to its end.
  const uint64_t last = end >= bytes_ ? (bytes_ + page - 1) / page * page : end / page * page;
  const uint64_t first = (begin + page - 1) / page * page;
  if (data_ == nullptr || first >= last) return;
  (void)::madvise(data_ + first, last - first, MADV_DONTNEED);
}

}  // namespace elanus::cache
