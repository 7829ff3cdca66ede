// The directory of the disk tier: a sparse file for each object of which something is cached.
#pragma once

#include <atomic>
#include <memory>
#include <set>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "cache/sparse_file.h"

namespace elanus::cache {

// Files outlive the process, so that a restart finds them; those of sets that end while it serves
// are removed. Nothing in them is believed without a checksum. Threads: any.
class CacheDirectory {
 public:
  // Makes the directory. Files that are there stay until RemoveLeftOver.
  static absl::StatusOr<std::unique_ptr<CacheDirectory>> Open(std::string root);

  // A file that is removed with its last user, unless KeepFiles was called before.
  class File {
   public:
    File(CacheDirectory& directory, std::unique_ptr<SparseFile> file)
        : directory_(directory), file_(std::move(file)) {}
    ~File();
    SparseFile& operator*() const { return *file_; }
    SparseFile* operator->() const { return file_.get(); }

   private:
    CacheDirectory& directory_;
    const std::unique_ptr<SparseFile> file_;
  };
  // The file of this object. One that somebody uses already is not shared: then it is a new one.
  absl::StatusOr<std::unique_ptr<File>> Claim(const std::string& key, uint64_t bytes)
      ABSL_LOCKS_EXCLUDED(mutex_);

  // Whether an earlier process left anything of the object.
  bool HasLeftOver(const std::string& key) const ABSL_LOCKS_EXCLUDED(mutex_);
  // Reads what an earlier process left of the object; false if that is not all there. Not verified.
  bool ReadLeftOver(const std::string& key, uint64_t object_bytes, uint64_t offset,
                    std::span<uint8_t> into) ABSL_LOCKS_EXCLUDED(mutex_);

  // From now on files stay when their users end: the process stops.
  void KeepFiles() { keep_ = true; }
  // Removes files that were there at the start and that nobody has claimed since. Returns how many.
  int RemoveLeftOver() ABSL_LOCKS_EXCLUDED(mutex_);
  // Of all files, as the file system counts it.
  uint64_t disk_bytes() const;
  const std::string& root() const { return root_; }

 private:
  explicit CacheDirectory(std::string root) : root_(std::move(root)) {}
  std::string PathOf(const std::string& key) const;
  void Release(const SparseFile& file) ABSL_LOCKS_EXCLUDED(mutex_);

  const std::string root_;
  std::atomic<bool> keep_{false};
  mutable absl::Mutex mutex_;
  std::set<std::string> in_use_ ABSL_GUARDED_BY(mutex_);     // Paths.
  std::set<std::string> left_over_ ABSL_GUARDED_BY(mutex_);  // Paths.
  uint64_t last_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace elanus::cache
