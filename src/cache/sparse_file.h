// A local file as long as an object, of which only the parts that were written take room.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "common/status.h"

namespace elanus::cache {

// Threads: any, for parts that do not overlap.
class SparseFile {
 public:
  // Makes the file and its directories. One of the same length that is there already is kept with
  // what it holds; any other is replaced.
  static absl::StatusOr<std::unique_ptr<SparseFile>> Open(const std::string& path, uint64_t bytes);
  ~SparseFile();  // The file stays.

  bool was_there() const { return was_there_; }
  uint64_t bytes() const { return bytes_; }
  const std::string& path() const { return path_; }
  // Whether all of it was written once. What was written before a power cut may be zeros.
  bool HasData(uint64_t offset, uint64_t bytes) const;
  absl::Status Read(uint64_t offset, std::span<uint8_t> into) const;
  // No room: kDiskLimitExceeded.
  absl::Status Write(uint64_t offset, std::string_view bytes);
  // Gives back the room; the bytes read as zeros.
  void PunchHole(uint64_t offset, uint64_t bytes);
  // All of the file in memory, until this goes.
  absl::StatusOr<const uint8_t*> Map();

 private:
  SparseFile(std::string path, int descriptor, uint64_t bytes)
      : path_(std::move(path)), descriptor_(descriptor), bytes_(bytes) {}

  const std::string path_;
  const int descriptor_;
  const uint64_t bytes_;
  bool was_there_ = false;
  void* mapped_ = nullptr;
};

}  // namespace elanus::cache
