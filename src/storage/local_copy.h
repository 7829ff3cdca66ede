// Bytes on their way, into this process or to a store: in memory when they are few, else in a file
// without a name.
#pragma once

#include <memory>
#include <string>

#include "storage/file_system.h"

namespace elanus::storage {

// Threads: one.
class LocalCopy {
 public:
  // `path`: of the file to make when the object is larger than `memory_bytes_max`.
  static absl::StatusOr<std::unique_ptr<LocalCopy>> Begin(FileSystem& files, std::string path,
                                                          uint64_t size, uint64_t memory_bytes_max);
  ~LocalCopy();  // The file's name goes; what Map or Open returned stays readable.

  absl::Status Append(std::string_view bytes);
  // Once all is appended, one of:
  absl::StatusOr<std::shared_ptr<MappedFile>> Map();
  absl::StatusOr<std::unique_ptr<BlockReader>> Open();

 private:
  LocalCopy(FileSystem& files, std::string path) : files_(files), path_(std::move(path)) {}

  FileSystem& files_;
  const std::string path_;
  std::unique_ptr<WritableFile> file_;  // Null: in memory.
  std::string memory_;
};

}  // namespace elanus::storage
