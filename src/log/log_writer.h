// Writes frames behind each other, in one file after the other.
//
// A file is never written again after a failed write or sync, since the kernel may have dropped the
// pages: its end is cut back to what is durable and a new file begins at that position, saying so
// in its header. If even that fails (disk full), each later append tries again.
//
// Threads: one.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/status.h"
#include "log/log.h"
#include "log/log_file.h"
#include "log/log_file_list.h"

namespace elanus::log {

class LogWriter {
 public:
  struct Record {
    std::string_view payload;
    uint32_t payload_crc = 0;
    uint64_t position = 0;  // Set by Append.
  };

  LogWriter(storage::FileSystem& files, const LogOptions& options, LogFileList& list);

  // Writes the records and, unless the log is relaxed, makes them durable. All or none.
  absl::Status Append(std::span<Record> records);
  // Makes durable what a relaxed log has written.
  absl::Status Flush();
  // Writes, without waiting for the disk, that everything so far is durable. Without it damage to
  // the very last records would look like a torn tail.
  void Mark();
  // Begins a new file if all that was written is durable and lies below there, so that the one
  // before can go.
  absl::Status CutBelow(uint64_t position);
  // Marks, syncs and closes.
  void Close();

  // Begins the next file no lower than there: for a relaxed log that lost its end.
  void SkipTo(uint64_t position);

  uint64_t durable_end() const { return durable_end_; }
  uint64_t undurable_bytes() const { return cursor_ - durable_end_; }
  uint64_t num_syncs() const { return num_syncs_; }

 private:
  enum class Failure { kWrite, kSync };

  absl::Status StartFile();
  absl::Status WriteHeader(const FileHeader& header, const std::string& path,
                           std::unique_ptr<storage::WritableFile>& file);
  absl::Status Sync();
  void Abandon(Failure failure);
  void SetDurable(uint64_t position);
  void SetAsideRoom(uint64_t bytes);
  uint64_t ChainEnd() const;

  storage::FileSystem& files_;
  const LogOptions options_;
  LogFileList& list_;

  std::unique_ptr<storage::WritableFile> file_;  // Null: the next append begins one.
  FileHeader header_;                            // Of the newest file; file_id 0: there is none.
  uint64_t next_file_id_;
  uint64_t cursor_;        // Position of the next frame.
  uint64_t durable_end_;   // What lies below is durable.
  uint64_t room_end_ = 0;  // Offset up to which room was set aside.
  bool marked_ = false;    // A mark is the last frame.
  uint64_t num_syncs_ = 0;
  std::string headers_;                  // Of the batch.
  std::vector<std::string_view> parts_;  // Of the batch.
};

}  // namespace elanus::log
