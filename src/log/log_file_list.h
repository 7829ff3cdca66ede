// The files of one log, oldest first.
//
// Each file's header says up to which position the files before it count, so the list is a chain
// without holes: the last file whose records end there comes right before. A file that holds
// nothing of the chain is left over from a failed write and is removed.
//
// Threads: any after Open.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "common/status.h"
#include "log/log_file.h"
#include "storage/file_system.h"

namespace elanus::log {

class LogFileList {
 public:
  using Visit = std::function<absl::Status(uint64_t position, std::string_view record)>;

  LogFileList(storage::FileSystem& files, std::string directory)
      : files_(files), directory_(std::move(directory)) {}

  // Reads all headers and the whole newest file, cuts off its torn tail, and makes the rest
  // durable.
  absl::Status Open();

  // Visits the records from `from` on, checking every frame of the files that hold them.
  absl::Status Replay(uint64_t from, const Visit& visit) const;

  // Puts a new file, already durable, behind the others, and removes the one before if it is empty.
  void Add(const FileHeader& header);
  // The newest file now ends there.
  void SetEnd(uint64_t position);
  // Removes files that end at or below `position`, oldest first, never the newest.
  absl::Status RemoveBelow(uint64_t position);

  std::string PathOf(uint64_t file_id) const;
  const std::string& directory() const { return directory_; }
  uint64_t next_file_id() const { return next_file_id_; }
  // The newest file's header, if there is any file.
  std::optional<FileHeader> newest() const;
  uint64_t begin() const;
  uint64_t end() const;
  uint64_t live_bytes() const;

 private:
  struct File {
    FileHeader header;
    uint64_t end = 0;  // Position behind the last record that counts.
  };

  absl::Status ReadHeaders();
  void DropSuperseded();
  absl::Status OpenNewest();
  absl::Status MakeDurable(const std::string& path, uint64_t offset, std::string_view tail);
  absl::Status ReplayFile(const File& file, bool is_newest, uint64_t from,
                          const Visit& visit) const;

  storage::FileSystem& files_;
  const std::string directory_;
  uint64_t next_file_id_ = 1;  // Constant after Open.

  mutable absl::Mutex mutex_;
  std::deque<File> list_ ABSL_GUARDED_BY(mutex_);
  absl::Mutex removal_mutex_;  // Held by the one RemoveBelow at work; taken before mutex_.
};

}  // namespace elanus::log
