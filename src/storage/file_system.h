// Files, as far as durability needs them; handed in so that tests can make any call fail.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/status.h"
#include "storage/block_reader.h"

namespace elanus::storage {

// A file being written at its end. Threads: one.
class WritableFile {
 public:
  virtual ~WritableFile() = default;
  // Writes all of `parts` behind each other (writev). After an error the file must not be used
  // again.
  virtual absl::Status Append(std::span<const std::string_view> parts) = 0;
  // Sets aside room for the first `size` bytes, which read as zeros until written, so that syncing
  // what is appended there is cheaper. Only a hint: a failure does no harm. Close gives back the
  // rest.
  virtual absl::Status Preallocate(uint64_t size) { return absl::OkStatus(); }
  // fdatasync. After an error the file must not be used again: the kernel may have dropped the
  // pages.
  virtual absl::Status Sync() = 0;
  virtual absl::Status Close() = 0;
  virtual uint64_t size() const = 0;  // Offset of the next byte.
};

// A read-only file, mapped into memory. Threads: any.
class MappedFile {
 public:
  virtual ~MappedFile() = default;
  virtual std::span<const uint8_t> data() const = 0;
};

struct FileInfo {
  std::string name;  // Below the listed directory, without it.
  uint64_t size = 0;
  bool is_directory = false;
  int64_t modified_s = 0;  // Since the Unix epoch; 0 if it is not known.
};

// Paths are absolute or below the process's directory; callers form them from ids, never from names
// that clients chose. Errors: kIoFailed with path and reason; no room: kDiskLimitExceeded; missing:
// kIoKeyNotFound. Threads: any.
class FileSystem {
 public:
  virtual ~FileSystem() = default;
  virtual absl::StatusOr<std::unique_ptr<WritableFile>> Create(
      const std::string& path) = 0;  // Truncates.
  virtual absl::StatusOr<std::unique_ptr<WritableFile>> OpenForAppend(const std::string& path) = 0;
  // Writes over what the file holds from `offset` on, which must not lie behind its end.
  virtual absl::StatusOr<std::unique_ptr<WritableFile>> OpenForOverwrite(const std::string& path,
                                                                         uint64_t offset) = 0;
  virtual absl::StatusOr<std::unique_ptr<MappedFile>> Map(const std::string& path) = 0;
  virtual absl::StatusOr<std::string> Read(const std::string& path) = 0;
  // For many small reads; through Map unless the system has a better way.
  virtual absl::StatusOr<std::unique_ptr<BlockReader>> OpenBlocks(const std::string& path);
  // Files and directories, sorted by name; links, sockets and the like are left out.
  virtual absl::StatusOr<std::vector<FileInfo>> List(const std::string& directory) = 0;
  // With all parents; durable when it returns.
  virtual absl::Status CreateDirectories(const std::string& path) = 0;
  virtual absl::Status Rename(const std::string& from, const std::string& to) = 0;
  virtual absl::Status Remove(const std::string& path) = 0;             // Missing: OK.
  virtual absl::Status RemoveRecursively(const std::string& path) = 0;  // Missing: OK.
  virtual absl::Status Truncate(const std::string& path, uint64_t size) = 0;
  virtual absl::Status SyncDirectory(const std::string& path) = 0;
};

// The machine's files.
FileSystem& PosixFileSystem();

}  // namespace elanus::storage
