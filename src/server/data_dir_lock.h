// Keeps a second server off a data directory, by a lock on DIR/LOCK that ends with the process.
#pragma once

#include <string>
#include <utility>

#include "absl/status/statusor.h"

namespace elanus::server {

class DataDirLock {
 public:
  // Makes the directory (and those above it) where it is missing, readable by its owner only. The
  // error names the directory and, when another process has it, that process.
  static absl::StatusOr<DataDirLock> Acquire(const std::string& directory);

  DataDirLock(DataDirLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  DataDirLock& operator=(DataDirLock&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~DataDirLock();

 private:
  explicit DataDirLock(int descriptor) : descriptor_(descriptor) {}

  int descriptor_;
};

}  // namespace elanus::server
