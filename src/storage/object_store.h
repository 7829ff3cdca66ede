#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/cancellation.h"
#include "common/status.h"
#include "storage/file_system.h"

namespace elanus::storage {

// Whole objects by key ("insert_log/1/2/3/100/7"). An object is there completely or not at all, and
// never changes. A prefix is whole path components: "a/b" covers "a/b" and "a/b/c", not "a/bc".
// Keys with "..", empty or dotted components, or that begin with a slash are refused. Threads: any.
class ObjectStore {
 public:
  virtual ~ObjectStore() = default;
  // Durable when it returns. Putting a key again replaces the object.
  virtual absl::Status Put(const std::string& key, std::span<const std::string_view> parts) = 0;
  // Puts the object unless there is one: then false, and nothing is changed. After a lost answer it
  // may be false although it was this call that put it. Atomic where several processes can reach
  // the store; a directory is locked by one.
  virtual absl::StatusOr<bool> PutIfAbsent(const std::string& key, std::string_view bytes);
  // The object in memory: mapped where the store is a directory.
  virtual absl::StatusOr<std::shared_ptr<MappedFile>> Get(const std::string& key) = 0;
  // The object for many small reads, of which only those touched come into memory.
  virtual absl::StatusOr<std::unique_ptr<BlockReader>> OpenBlocks(const std::string& key);
  // Fills every buffer from the object, all reads under way at the same time as far as the store
  // bears it; brings nothing else of the object here. What is read is not compared with a checksum
  // of the store. kIoFailed where a read reaches behind the object's end.
  virtual absl::Status ReadRanges(const std::string& key, std::span<const BlockReader::Read> reads,
                                  const Cancellation& cancellation);
  virtual absl::StatusOr<std::vector<FileInfo>> List(
      const std::string& prefix) = 0;                       // Recursive; names are keys.
  virtual absl::Status Remove(const std::string& key) = 0;  // Missing: OK.
  // In any order; ends at the first failure.
  virtual absl::Status RemoveAll(std::span<const std::string> keys);
  // The empty prefix is refused.
  virtual absl::Status RemovePrefix(const std::string& prefix) = 0;
  // Calls that wait for a network, and all later ones, end with kCancelled: the process ends.
  virtual void Stop() {}
};

// A directory: temp file, fsync, rename, fsync of the directory. Crash points "object.put.*".
std::unique_ptr<ObjectStore> MakeLocalObjectStore(FileSystem& files, std::string root);

// Removes what unfinished Puts left behind. At start, before anybody uses a store on `root`.
absl::Status RemoveStaleObjectParts(FileSystem& files, const std::string& root);

// Whether a key may name an object.
absl::Status CheckObjectKey(std::string_view key);

}  // namespace elanus::storage
