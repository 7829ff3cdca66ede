// The bytes of one log file: a header, then frames. docs/formats/log.md has the grammar and the
// reasons.
//
// A frame is found valid only at its own position in its own file: both salt its checksum, so a
// block that landed elsewhere, or one left over from another file, never passes for a record.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/status.h"

namespace elanus::log {

inline constexpr uint64_t kFileHeaderBytes = 64;
inline constexpr uint64_t kFrameHeaderBytes = 24;
inline constexpr uint64_t kFrameAlignment = 8;
inline constexpr uint64_t kRecordBytesMax = uint64_t{1} << 30;
inline constexpr uint64_t kFirstPosition = kFileHeaderBytes;  // Of a new log.

struct FileHeader {
  uint64_t file_id = 0;       // Ascending in a log.
  uint64_t salt = 0;          // Random: no client can guess what a valid frame looks like.
  uint64_t base = 0;          // Position of the first frame.
  uint64_t previous_end = 0;  // What the files before hold from here on does not count.
  bool relaxed = false;       // Written without waiting for the disk.

  uint64_t PositionOf(uint64_t offset) const { return base + (offset - kFileHeaderBytes); }
  uint64_t OffsetOf(uint64_t position) const { return position - base + kFileHeaderBytes; }
};

std::string EncodeFileHeader(const FileHeader& header);

// No header: the file was being created when the process or the machine stopped, and nothing in it
// was acknowledged. kDataIntegrity: damaged, or of an unknown version.
absl::StatusOr<std::optional<FileHeader>> ParseFileHeader(std::string_view file,
                                                          const std::string& path);

enum class FrameType : uint32_t {
  kRecord = 1,
  kMark = 2,  // Without payload; written behind the last record to say that it is durable.
};

struct Frame {
  FrameType type = FrameType::kRecord;
  std::string_view payload;
  uint64_t durable_end = 0;  // What lay below this position was durable when the frame was written.
  uint64_t next_offset = 0;
};

// Bytes a record of `length` takes in a file.
constexpr uint64_t FrameSize(uint64_t length) {
  return kFrameHeaderBytes + (length + kFrameAlignment - 1) / kFrameAlignment * kFrameAlignment;
}

// Checksum of a record and the zeros that fill it up to the alignment.
uint32_t PayloadCrc(std::string_view payload);

void AppendFrameHeader(const FileHeader& file, uint64_t position, FrameType type,
                       std::string_view payload, uint32_t payload_crc, uint64_t durable_end,
                       std::string& out);

// The frame at `offset` of a file, if there is a valid one.
std::optional<Frame> ParseFrame(std::string_view file, const FileHeader& header, uint64_t offset);

// Whether bytes behind `offset` prove that the frame there had been durable: then it was damaged
// afterwards. Otherwise it is the torn end of what was being written last.
bool WasDurable(std::string_view file, const FileHeader& header, uint64_t offset);

absl::Status DamagedFile(const std::string& path, uint64_t offset, std::string_view what);

}  // namespace elanus::log
