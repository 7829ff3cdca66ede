// A file system in memory, of a given capacity: for simulations, and to build states of a disk.
// Threads: any.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "storage/file_system.h"

namespace elanus::storage {

class MemoryFileSystem final : public FileSystem {
 public:
  // Appends and creations that need more fail like a full disk, after writing what fits.
  void set_capacity(uint64_t bytes) ABSL_LOCKS_EXCLUDED(mutex_);
  uint64_t used_bytes() const ABSL_LOCKS_EXCLUDED(mutex_);
  // Makes the file hold exactly these bytes; parents are created.
  void Put(const std::string& path, std::string bytes) ABSL_LOCKS_EXCLUDED(mutex_);
  // Paths of all files, sorted.
  std::vector<std::string> Paths() const ABSL_LOCKS_EXCLUDED(mutex_);

  absl::StatusOr<std::unique_ptr<WritableFile>> Create(const std::string& path) override;
  absl::StatusOr<std::unique_ptr<WritableFile>> OpenForAppend(const std::string& path) override;
  absl::StatusOr<std::unique_ptr<WritableFile>> OpenForOverwrite(const std::string& path,
                                                                 uint64_t offset) override;
  absl::StatusOr<std::unique_ptr<MappedFile>> Map(const std::string& path) override;
  absl::StatusOr<std::string> Read(const std::string& path) override;
  absl::StatusOr<std::vector<FileInfo>> List(const std::string& directory) override;
  absl::Status CreateDirectories(const std::string& path) override;
  absl::Status Rename(const std::string& from, const std::string& to) override;
  absl::Status Remove(const std::string& path) override;
  absl::Status RemoveRecursively(const std::string& path) override;
  absl::Status Truncate(const std::string& path, uint64_t size) override;
  absl::Status SyncDirectory(const std::string& path) override;

 private:
  friend class MemoryWritableFile;
  using Contents = std::shared_ptr<std::string>;

  absl::StatusOr<Contents> Find(const std::string& path, std::string_view action) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status WriteAt(std::string& contents, uint64_t offset, std::string_view bytes,
                       const std::string& path) ABSL_LOCKS_EXCLUDED(mutex_);
  uint64_t UsedBytes() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool DirectoryExists(const std::string& path) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  mutable absl::Mutex mutex_;
  uint64_t capacity_ ABSL_GUARDED_BY(mutex_) = UINT64_MAX;
  std::map<std::string, Contents> files_ ABSL_GUARDED_BY(mutex_);
  std::set<std::string> directories_ ABSL_GUARDED_BY(mutex_);
};

// The directory part of a path: "a/b" -> "a", "b" -> ".", "/b" -> "/".
std::string ParentPath(const std::string& path);

}  // namespace elanus::storage
