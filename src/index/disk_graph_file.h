// The bytes of a disk graph; docs/formats/disk_graph.md has them one by one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "index/index_file.h"
#include "index/row_codes.h"
#include "storage/block_reader.h"

namespace elanus::index {

inline constexpr uint64_t kPageBytes = 4096;
inline constexpr uint32_t kNoLink = 0xFFFFFFFF;  // Ends a list of links that is not full.

// What a file is for, as it lies in the first section of its head.
struct DiskGraphFacts {
  uint32_t type = 0;    // schema::DataType as on the wire.
  uint32_t metric = 0;  // MetricNumber.
  uint64_t dim = 0;
  uint64_t num_rows = 0;
  uint64_t num_linked = 0;  // Rows in the graph: those that are not null.
  uint64_t num_entries = 0;
  uint32_t degree = 0;        // Links of a record.
  uint32_t inline_codes = 0;  // 1: a record holds the codes of its neighbours.
};
static_assert(sizeof(DiskGraphFacts) == 48);

// Where things lie in a record and in the file; follows from the facts.
struct DiskGraphLayout {
  DiskGraphLayout(const DiskGraphFacts& facts, uint64_t vector_bytes, uint64_t code_bytes);

  uint64_t links = 0;         // In a record: the vector comes first.
  uint64_t codes = 0;         // In a record; only with inline_codes.
  uint64_t record_bytes = 0;  // A multiple of 4.
  uint64_t rows_per_block = 0;
  uint64_t block_bytes = 0;  // Whole pages; the last 4 bytes are a CRC32C of those before.
  uint64_t num_blocks = 0;

  uint64_t BlockOf(uint64_t row) const { return row / rows_per_block; }
  uint64_t OffsetOf(uint64_t block) const { return kPageBytes + block * block_bytes; }
  uint64_t InBlock(uint64_t row) const { return row % rows_per_block * record_bytes; }
};

// The parts that a search keeps in memory.
struct DiskGraphHead {
  DiskGraphFacts facts;
  uint64_t block_bytes = 0;  // As the front page has them, to be held against the layout.
  uint64_t num_blocks = 0;
  RowCodesBytes codes;              // With inline_codes without the codes of the rows themselves.
  std::vector<uint32_t> entries;    // Rows where walks begin.
  std::vector<uint8_t> entry_rows;  // Their vectors.
  std::vector<uint64_t> linked;     // Bitmap of the rows in the graph; empty if all are.
};

// fill(block, bytes): writes the records of a block into block_bytes zeros, in the order of blocks.
absl::Status WriteDiskGraphFile(
    const DiskGraphHead& head, const DiskGraphLayout& layout,
    const std::function<absl::Status(uint64_t block, std::span<uint8_t> bytes)>& fill,
    const FileSink& sink);

// Reads and verifies the front page and the head, which must be for these rows. kDataIntegrity says
// what is wrong.
absl::StatusOr<DiskGraphHead> ReadDiskGraphHead(storage::BlockReader& file, const VectorRows& rows,
                                                kernels::Metric metric);

// Whether a block's bytes are those that were written.
bool BlockIsIntact(std::span<const uint8_t> block);

}  // namespace elanus::index
