// Many small reads of one file at once, for indexes that stay on disk.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "common/status.h"

namespace elanus::storage {

class BlockReader {
 public:
  struct Read {
    uint64_t offset = 0;
    std::span<uint8_t> into;
  };

  virtual ~BlockReader() = default;

  // Fills every buffer, all reads under way at the same time; returns when the last one is in.
  // kIoFailed if one of them fails or reaches behind the end. Threads: any.
  virtual absl::Status ReadAll(std::span<const Read> reads) = 0;
  virtual uint64_t size() const = 0;
  // How: "io_uring", "pread" or "memory".
  virtual std::string_view way() const = 0;
};

// Takes the open file over. Reads by io_uring (J. Axboe, "Efficient IO with io_uring", 2019) with a
// ring for each thread that reads at once; by pread where the kernel refuses rings, or if
// `allow_rings` is false.
std::unique_ptr<BlockReader> MakeFileReader(int descriptor, uint64_t size, bool allow_rings = true);

// Copies from memory, which `owner` keeps (null: the caller does).
std::unique_ptr<BlockReader> MakeMemoryReader(std::span<const uint8_t> bytes,
                                              std::shared_ptr<const void> owner = nullptr);

// Bytes [offset, offset + size) of another.
std::unique_ptr<BlockReader> MakeSliceReader(std::shared_ptr<BlockReader> whole, uint64_t offset,
                                             uint64_t size);

}  // namespace elanus::storage
