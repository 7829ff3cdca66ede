// A file system that fails where it is told to, and keeps a trace of what was done to the disk.
//
// With the trace, crash_states.h builds what a disk may hold after the power went at any moment.
// Threads: any.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "storage/file_system.h"

namespace elanus::storage {

enum class FaultKind {
  kIoError,     // EIO, nothing done.
  kNoSpace,     // ENOSPC, nothing done; calls that need no room succeed.
  kShortWrite,  // An append writes half and fails; other calls fail like kIoError.
  kSyncError,   // Only syncs count and fail; what they should have synced may never reach the disk.
};

struct Fault {
  uint64_t at_call = 0;  // From 1, counting the calls from Inject on. kSyncError counts syncs only.
  FaultKind kind = FaultKind::kIoError;
  bool forever = false;  // Otherwise once.
};

struct DiskOperation {
  enum class Kind {
    kMakeDirectory,
    kCreate,
    kWrite,
    kTruncate,
    kSync,
    kFailedSync,
    kRename,
    kRemove,
    kRemoveRecursively,
    kSyncDirectory,
  };
  Kind kind;
  std::string path;
  std::string target;   // Of a rename.
  uint64_t offset = 0;  // Of a write; the size of a truncate.
  std::string bytes;    // Of a write.
};

class FaultFileSystem final : public FileSystem {
 public:
  explicit FaultFileSystem(FileSystem& base) : base_(base) {}

  void Inject(const Fault& fault) ABSL_LOCKS_EXCLUDED(mutex_);
  void StopFaults() ABSL_LOCKS_EXCLUDED(mutex_);
  uint64_t num_calls() const ABSL_LOCKS_EXCLUDED(mutex_);   // Since the last Inject or StopFaults.
  uint64_t num_faults() const ABSL_LOCKS_EXCLUDED(mutex_);  // Calls made to fail so far.

  void StartTrace() ABSL_LOCKS_EXCLUDED(mutex_);
  size_t trace_size() const ABSL_LOCKS_EXCLUDED(mutex_);
  std::vector<DiskOperation> TakeTrace() ABSL_LOCKS_EXCLUDED(mutex_);

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
  friend class FaultWritableFile;
  enum class Call { kRead, kNeedsRoom, kNeedsNoRoom, kAppend, kSync };

  // Counts the call; the fault that hits it, if any.
  std::optional<FaultKind> Count(Call call) ABSL_LOCKS_EXCLUDED(mutex_);
  absl::Status Check(Call call, std::string_view action, const std::string& path);
  void Record(DiskOperation operation) ABSL_LOCKS_EXCLUDED(mutex_);

  FileSystem& base_;
  mutable absl::Mutex mutex_;
  Fault fault_ ABSL_GUARDED_BY(mutex_);
  uint64_t num_calls_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t num_syncs_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t num_faults_ ABSL_GUARDED_BY(mutex_) = 0;
  bool tracing_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<DiskOperation> trace_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace elanus::storage
