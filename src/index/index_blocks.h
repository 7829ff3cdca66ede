// An index file in the common form (index_file.h) of which parts are read as they are wanted.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "index/index_file.h"
#include "index/vector_index.h"
#include "storage/block_reader.h"

namespace elanus::index {

// Threads: any.
class IndexBlocks {
 public:
  // Reads and verifies header, directory and checksums. Errors as OpenIndexFile.
  static absl::StatusOr<std::unique_ptr<const IndexBlocks>> Open(
      std::unique_ptr<storage::BlockReader> file, std::string_view magic, std::string_view name,
      size_t num_sections);

  uint64_t section_bytes(size_t section) const { return directory_[section].bytes; }
  uint64_t file_bytes() const { return file_->size(); }
  int64_t memory_bytes() const {
    return static_cast<int64_t>(checksums_.capacity() * sizeof(uint32_t));
  }

  struct Part {
    size_t section = 0;
    uint64_t offset = 0;  // In the section.
    std::span<uint8_t> into;
  };
  // Fills all parts; the blocks that hold them are read at the same time, and each is verified.
  // kDataIntegrity names the first damaged one. `statistics` may be null.
  absl::Status Read(std::span<const Part> parts, SearchStatistics* statistics) const;

  // One whole section.
  template <typename T>
  absl::StatusOr<std::vector<T>> ReadAll(size_t section) const {
    std::vector<T> values(section_bytes(section) / sizeof(T));
    const Part part{
        section, 0, {reinterpret_cast<uint8_t*>(values.data()), values.size() * sizeof(T)}};
    ELANUS_RETURN_IF_ERROR(Read({&part, 1}, nullptr));
    return values;
  }

 private:
  struct Entry {
    uint64_t offset;
    uint64_t bytes;
  };
  IndexBlocks(std::unique_ptr<storage::BlockReader> file, std::string_view name)
      : file_(std::move(file)), name_(name) {}

  const std::unique_ptr<storage::BlockReader> file_;
  const std::string name_;
  uint64_t checksummed_end_ = 0;  // Where the last checksummed block ends.
  std::vector<Entry> directory_;
  std::vector<uint32_t> checksums_;
};

}  // namespace elanus::index
