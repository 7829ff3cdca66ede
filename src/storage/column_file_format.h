// The parts of a column file that its writer and its reader share. docs/formats/column.md has the
// grammar.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "storage/compression.h"

namespace elanus::storage {

inline constexpr std::string_view kColumnFileMagic = "ELANCOL\n";
inline constexpr std::string_view kColumnFileEndMagic = "ELANCEND";
// Since 2 the footer ends in statistics.
inline constexpr uint32_t kColumnFileVersion = 2;
inline constexpr uint64_t kColumnHeaderBytes = 64;
inline constexpr uint64_t kColumnTrailerBytes = 16;
inline constexpr uint64_t kVectorAlignment = 4096;  // A page: a range can be mapped alone.
inline constexpr uint64_t kStreamAlignment = 64;    // A cache line: any load is aligned.
inline constexpr uint64_t kVectorBlockBytes = 64 << 10;
inline constexpr uint64_t kScalarBlockBytes = 256 << 10;
inline constexpr uint64_t kBlockBytesMax = 16 << 20;  // Readers admit as much.

// What a column consists of; each is cut into blocks.
enum class StreamKind : uint32_t {
  kValidity = 0,  // Words of the bitmap; absent: all rows valid.
  kFixed = 1,     // Values of fixed width.
  kLengths = 2,   // uint32 a row.
  kBytes = 3,     // Values of variable width behind each other.
};
inline constexpr uint32_t kNumStreamKinds = 4;

struct Block {
  uint64_t offset = 0;  // In the file.
  uint32_t stored_bytes = 0;
  uint32_t raw_bytes = 0;
  uint32_t crc = 0;  // Of the stored bytes.
  Codec codec = Codec::kRaw;
};

using Stream = std::vector<Block>;

}  // namespace elanus::storage
