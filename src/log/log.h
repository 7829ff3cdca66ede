// The write-ahead log: what was appended and reported durable survives any crash.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "common/status.h"
#include "common/strong_id.h"
#include "storage/file_system.h"

namespace elanus::log {

// Where a record begins. Ordered; grows by appending.
using Position = StrongId<struct PositionTag, uint64_t>;

struct LogOptions {
  std::string directory;
  uint64_t file_bytes_max = 64 << 20;    // A new file begins behind this.
  uint64_t idle_bytes_max = 1 << 20;     // What may stay on disk of a log that nobody needs.
  uint64_t queue_bytes_max = 256 << 20;  // Appends waiting for the disk; more are refused (code 4).
  bool sync = true;                      // false: acknowledged before fdatasync (the relaxed mode).
  uint64_t salt_seed = 0;                // Where file salts come from; 0: the system's entropy.
};

struct LogStatistics {
  uint64_t appended_bytes = 0;
  uint64_t appended_records = 0;
  uint64_t syncs = 0;
  uint64_t live_bytes = 0;  // Bytes of the files on disk.
  Position begin;           // First record still there.
  Position end;             // Behind the last durable record.
};

// Behind a record of so many bytes that begins there: where the next one may begin.
Position EndOfRecord(Position begin, size_t record_bytes);

// Threads: any, except Replay, which comes before the first Append.
class Log {
 public:
  using Done = std::function<void(absl::StatusOr<Position>)>;
  virtual ~Log() = default;

  // Calls visit(position, record) for each record from `from` on (earlier ones may be gone). The
  // torn tail of the newest file was cut by OpenFileLog; damage elsewhere: kDataIntegrity with file
  // and offset, from whichever of the two meets it. So does a log that ends before `from`: files
  // are gone.
  virtual absl::Status Replay(
      Position from, const std::function<absl::Status(Position, std::string_view)>& visit) = 0;

  // Appends one record; records are ordered by the calls. `done` runs in the log's thread, in that
  // order, when the record is durable (group commit) or has failed. After a failed write or sync
  // the log goes on in a new file if there is room again; what failed was not acknowledged and will
  // not be replayed.
  virtual void Append(std::string record, Done done) = 0;

  // Waits for the record to be durable.
  absl::StatusOr<Position> AppendAndWait(std::string record);

  // Drops files whose records all lie below `position`. If that is every record and they are more
  // than options.idle_bytes_max, a new file takes the place of the newest one, too. Waits for the
  // log's thread: not for reports to call.
  virtual absl::Status TruncateBelow(Position position) = 0;
  virtual LogStatistics statistics() const = 0;
};

// Appends go to a new file, begun with the first one. Destroying the log waits for what is queued.
absl::StatusOr<std::unique_ptr<Log>> OpenFileLog(storage::FileSystem& files, LogOptions options);

}  // namespace elanus::log
