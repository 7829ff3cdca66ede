#include "log/log_file.h"

#include <algorithm>
#include <cstring>

#include "storage/byte_reader.h"
#include "storage/crc32c.h"

namespace elanus::log {
namespace {

using storage::AppendNumber;
using storage::Crc32c;

constexpr std::string_view kMagic = "ELANLOG\n";
constexpr uint32_t kVersion = 1;
constexpr uint32_t kRelaxedFlag = 1;
constexpr uint64_t kCheckedHeaderBytes = kFileHeaderBytes - 4;
constexpr uint64_t kCheckedFrameBytes = kFrameHeaderBytes - 4;

template <typename T>
T NumberAt(std::string_view bytes, uint64_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof(T));
  return value;
}

std::string_view PaddingOf(std::string_view payload) {
  static constexpr char kZeros[kFrameAlignment] = {};
  return {kZeros, FrameSize(payload.size()) - kFrameHeaderBytes - payload.size()};
}

bool AllZero(std::string_view bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](char byte) { return byte == 0; });
}

uint32_t FrameHeaderCrc(const FileHeader& file, uint64_t position, std::string_view checked) {
  const uint64_t salt[2] = {file.salt, position};
  return Crc32c(checked, Crc32c({reinterpret_cast<const char*>(salt), sizeof(salt)}));
}

// Whether the header at `offset` is one that we wrote there.
bool HeaderIsValid(std::string_view file, const FileHeader& header, uint64_t offset) {
  const std::string_view bytes = file.substr(offset, kFrameHeaderBytes);
  return NumberAt<uint32_t>(bytes, kCheckedFrameBytes) ==
         FrameHeaderCrc(header, header.PositionOf(offset), bytes.substr(0, kCheckedFrameBytes));
}

}  // namespace

std::string EncodeFileHeader(const FileHeader& header) {
  std::string out(kMagic);
  AppendNumber(out, kVersion);
  AppendNumber(out, header.relaxed ? kRelaxedFlag : uint32_t{0});
  AppendNumber(out, header.file_id);
  AppendNumber(out, header.salt);
  AppendNumber(out, header.base);
  AppendNumber(out, header.previous_end);
  out.resize(kCheckedHeaderBytes, '\0');
  AppendNumber(out, Crc32c(out));
  return out;
}

absl::StatusOr<std::optional<FileHeader>> ParseFileHeader(std::string_view file,
                                                          const std::string& path) {
  // The header is synced before anything is written behind it, and fits one sector: it is there as
  // a whole or, after a crash, cut short or still zeros with nothing behind.
  if (file.size() < kFileHeaderBytes) return std::optional<FileHeader>();
  if (AllZero(file.substr(0, kFileHeaderBytes))) {
    if (!AllZero(file)) return DamagedFile(path, 0, "the header is gone");
    return std::optional<FileHeader>();
  }
  if (file.substr(0, kMagic.size()) != kMagic) return DamagedFile(path, 0, "not a log file");
  if (NumberAt<uint32_t>(file, kCheckedHeaderBytes) !=
      Crc32c(file.substr(0, kCheckedHeaderBytes))) {
    return DamagedFile(path, 0, "header checksum differs");
  }
  storage::ByteReader in(file.substr(kMagic.size()));
  uint32_t version = 0;
  uint32_t flags = 0;
  FileHeader header;
  if (!in.Read(version) || !in.Read(flags) || !in.Read(header.file_id) || !in.Read(header.salt) ||
      !in.Read(header.base) || !in.Read(header.previous_end)) {
    return DamagedFile(path, 0, "header is cut short");
  }
  if (version != kVersion || (flags & ~kRelaxedFlag) != 0) {
    return InternalError(ErrorCode::kDataIntegrity,
                         "log file has a version this server does not know: {} version {}", path,
                         version);
  }
  header.relaxed = (flags & kRelaxedFlag) != 0;
  if (header.base > UINT64_MAX / 2 || header.previous_end > header.base) {
    return DamagedFile(path, 0, "impossible position");
  }
  return std::optional<FileHeader>(header);
}

uint32_t PayloadCrc(std::string_view payload) {
  return Crc32c(PaddingOf(payload), Crc32c(payload));
}

void AppendFrameHeader(const FileHeader& file, uint64_t position, FrameType type,
                       std::string_view payload, uint32_t payload_crc, uint64_t durable_end,
                       std::string& out) {
  const size_t begin = out.size();
  AppendNumber(out, static_cast<uint32_t>(payload.size()));
  AppendNumber(out, payload_crc);
  AppendNumber(out, durable_end);
  AppendNumber(out, type);
  AppendNumber(out, FrameHeaderCrc(file, position, std::string_view(out).substr(begin)));
}

std::optional<Frame> ParseFrame(std::string_view file, const FileHeader& header, uint64_t offset) {
  if (offset > file.size() || file.size() - offset < kFrameHeaderBytes) return std::nullopt;
  if (!HeaderIsValid(file, header, offset)) return std::nullopt;
  const std::string_view bytes = file.substr(offset, kFrameHeaderBytes);
  const auto length = NumberAt<uint32_t>(bytes, 0);
  Frame frame;
  frame.durable_end = NumberAt<uint64_t>(bytes, 8);
  frame.type = NumberAt<FrameType>(bytes, 16);
  frame.next_offset = offset + FrameSize(length);
  const bool known = frame.type == FrameType::kRecord || frame.type == FrameType::kMark;
  if (!known || length > kRecordBytesMax || frame.next_offset > file.size()) return std::nullopt;
  frame.payload = file.substr(offset + kFrameHeaderBytes, length);
  const std::string_view padded =
      file.substr(offset + kFrameHeaderBytes, FrameSize(length) - kFrameHeaderBytes);
  if (Crc32c(padded) != NumberAt<uint32_t>(bytes, 4)) return std::nullopt;
  return frame;
}

bool WasDurable(std::string_view file, const FileHeader& header, uint64_t offset) {
  const uint64_t position = header.PositionOf(offset);
  for (uint64_t at = offset + kFrameAlignment; at + kFrameHeaderBytes <= file.size();
       at += kFrameAlignment) {
    // A frame's type is never 0, so that room set aside is skipped fast.
    if (NumberAt<uint32_t>(file, at + 16) == 0 || !HeaderIsValid(file, header, at)) continue;
    if (NumberAt<uint64_t>(file, at + 8) > position) return true;
  }
  return false;
}

absl::Status DamagedFile(const std::string& path, uint64_t offset, std::string_view what) {
  return InternalError(ErrorCode::kDataIntegrity, "log file is damaged: {} at offset {}: {}", path,
                       offset, what);
}

}  // namespace elanus::log
