// An object store behind the S3 API.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "common/executor.h"
#include "s3/client.h"
#include "storage/local_copy.h"
#include "storage/object_store.h"

namespace elanus::s3 {

struct StoreOptions {
  std::string prefix;            // In front of every key, with a slash between; may be empty.
  std::string copies_directory;  // On local disk; emptied when the store is made.
  uint64_t memory_bytes_max = 64 << 10;  // Objects up to this size are read into memory, larger
                                         // ones through a file of the directory above.
  // Larger objects are put in parts of `part_bytes` or more, and read in such parts.
  uint64_t multipart_bytes_min = 16 << 20;
  uint64_t part_bytes = 8 << 20;
  int parallel_parts = 4;  // Of all objects together, besides one for each caller.
  // Ranges, small as a rule: what counts is how few waits follow each other.
  int parallel_ranges = 32;
};

// Get() and OpenBlocks() copy the object to local disk and map or read that copy, whose name is
// gone by then: its pages come and go as the machine's memory allows, and it ends with its last
// user.
//
// Objects put here carry their CRC32C; a copy that does not fit it is fetched again, then refused
// with kDataIntegrity. Lists are sorted by key; relied on is read-after-write of single keys only.
class S3ObjectStore final : public storage::ObjectStore {
 public:
  static absl::StatusOr<std::unique_ptr<S3ObjectStore>> Make(std::unique_ptr<Client> client,
                                                             storage::FileSystem& files,
                                                             StoreOptions options);

  absl::Status Put(const std::string& key, std::span<const std::string_view> parts) override;
  absl::StatusOr<bool> PutIfAbsent(const std::string& key, std::string_view bytes) override;
  absl::StatusOr<std::shared_ptr<storage::MappedFile>> Get(const std::string& key) override;
  absl::StatusOr<std::unique_ptr<storage::BlockReader>> OpenBlocks(const std::string& key) override;
  // Each read is one ranged GET.
  absl::Status ReadRanges(const std::string& key,
                          std::span<const storage::BlockReader::Read> reads,
                          const Cancellation& cancellation) override;
  absl::StatusOr<std::vector<storage::FileInfo>> List(const std::string& prefix) override;
  absl::Status Remove(const std::string& key) override;
  absl::Status RemoveAll(std::span<const std::string> keys) override;
  absl::Status RemovePrefix(const std::string& prefix) override;
  void Stop() override;

  // Ends multipart uploads below the prefix that began more than `age_s` ago: a crash left them.
  // Returns how many.
  absl::StatusOr<int> AbortStaleUploads(int64_t age_s, int64_t now_s);

  Client& client() { return *client_; }

 private:
  S3ObjectStore(std::unique_ptr<Client> client, storage::FileSystem& files, StoreOptions options);

  std::string Whole(const std::string& key) const;
  absl::Status PutInParts(const std::string& key, std::span<const std::string_view> parts,
                          uint64_t size);

  absl::StatusOr<std::unique_ptr<storage::LocalCopy>> Fetch(const std::string& key);
  absl::StatusOr<std::unique_ptr<storage::LocalCopy>> FetchOnce(const std::string& key);
  // Reads the parts behind the first one into `copy`, in order; continues the checksum.
  absl::Status FetchRest(const std::string& key, const ReadAnswer& first, uint32_t* crc32c,
                         storage::LocalCopy& copy);
  // The object got there although the answer to finishing its upload was lost.
  bool IsThere(const std::string& key, uint32_t crc32c, uint64_t size);

  const std::unique_ptr<Client> client_;
  storage::FileSystem& files_;
  const StoreOptions options_;
  Executor parts_;
  Executor ranges_;
  std::atomic<uint64_t> last_copy_{0};
};

}  // namespace elanus::s3
