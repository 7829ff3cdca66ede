// An object on its way into this process: in memory when it is small, else in a file without a
// name.
#pragma once

#include <memory>
#include <string>

#include "storage/file_system.h"

namespace elanus::s3 {

// Threads: one.
class LocalCopy {
 public:
  // `path`: of the file to make when the object is larger than `memory_bytes_max`.
  static absl::StatusOr<std::unique_ptr<LocalCopy>> Begin(storage::FileSystem& files,
                                                          std::string path, uint64_t size,
                                                          uint64_t memory_bytes_max);
  ~LocalCopy();  // The file's name goes; what Map or Open returned stays readable.

  absl::Status Append(std::string_view bytes);
  // Once all is appended, one of:
  absl::StatusOr<std::shared_ptr<storage::MappedFile>> Map();
  absl::StatusOr<std::unique_ptr<storage::BlockReader>> Open();

 private:
  LocalCopy(storage::FileSystem& files, std::string path) : files_(files), path_(std::move(path)) {}

  storage::FileSystem& files_;
  const std::string path_;
  std::unique_ptr<storage::WritableFile> file_;  // Null: in memory.
  std::string memory_;
};

}  // namespace elanus::s3
