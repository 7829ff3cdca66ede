#include "storage/delta_file.h"

#include "storage/byte_reader.h"
#include "storage/column_file.h"
#include "storage/compression.h"
#include "storage/crc32c.h"

namespace elanus::storage {
namespace {

using schema::DataType;

constexpr std::string_view kMagic = "ELANDEL\n";
constexpr uint32_t kVersion = 1;
constexpr uint64_t kHeaderBytes = 40;
// A file that claims to grow more than this is refused before memory is taken for it.
constexpr uint64_t kGrowthMax = 1024;
constexpr uint64_t kSmallBytes = 64 << 10;

bool MayBeKeys(const schema::Column& keys) {
  const DataType type = keys.type().type;
  return !keys.has_nulls() && (type == DataType::kInt64 || type == DataType::kVarChar);
}

template <typename T>
void AppendAll(const std::vector<T>& values, std::string& out) {
  static_assert(sizeof(T) == 8);
  out.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
}

template <typename T>
bool ReadAll(ByteReader& in, size_t count, std::vector<T>& values) {
  static_assert(sizeof(T) == 8);
  std::string_view bytes;
  if (!in.ReadBytes(count * sizeof(T), bytes)) return false;
  values.resize(count);
  if (count > 0) std::memcpy(static_cast<void*>(values.data()), bytes.data(), bytes.size());
  return true;
}

absl::Status Damaged(std::string_view name, uint64_t offset, std::string_view what) {
  return InternalError(ErrorCode::kDataIntegrity, "delta file is damaged: {} at offset {}: {}",
                       name, offset, what);
}

struct Header {
  uint32_t codec = 0;
  uint64_t raw_bytes = 0;
  uint64_t stored_bytes = 0;
  uint32_t body_crc = 0;
};

absl::StatusOr<Header> ReadHeader(std::string_view file, std::string_view name) {
  if (file.size() < kHeaderBytes) return Damaged(name, file.size(), "cut short");
  if (!file.starts_with(kMagic)) return Damaged(name, 0, "not a delta file");
  ByteReader in(file.substr(kMagic.size(), kHeaderBytes - kMagic.size()));
  uint32_t version = 0;
  uint32_t crc = 0;
  Header header;
  if (!in.Read(version) || !in.Read(header.codec) || !in.Read(header.raw_bytes) ||
      !in.Read(header.stored_bytes) || !in.Read(header.body_crc) || !in.Read(crc)) {
    return Damaged(name, 0, "header is cut short");
  }
  if (crc != Crc32c(file.substr(0, kHeaderBytes - 4))) {
    return Damaged(name, 0, "header checksum differs");
  }
  if (version != kVersion || header.codec > 1) {
    return InternalError(ErrorCode::kDataIntegrity,
                         "delta file has a version this server does not know: {} version {}", name,
                         version);
  }
  if (header.stored_bytes != file.size() - kHeaderBytes) {
    return Damaged(name, file.size(), "another length than the header says");
  }
  return header;
}

absl::StatusOr<std::string> ReadBody(std::string_view stored, const Header& header,
                                     std::string_view name) {
  if (Crc32c(stored) != header.body_crc) {
    return Damaged(name, kHeaderBytes, "checksum differs");
  }
  if (static_cast<Codec>(header.codec) == Codec::kRaw) {
    if (header.raw_bytes != stored.size()) return Damaged(name, 0, "impossible length");
    return std::string(stored);
  }
  if (DecompressedSize(stored) != header.raw_bytes ||
      header.raw_bytes > kSmallBytes + stored.size() * kGrowthMax) {
    return Damaged(name, kHeaderBytes, "impossible length");
  }
  std::string body(header.raw_bytes, '\0');
  const absl::Status status =
      Decompress(stored, {reinterpret_cast<uint8_t*>(body.data()), body.size()});
  if (!status.ok()) return Damaged(name, kHeaderBytes, MessageOf(status));
  return body;
}

}  // namespace

absl::StatusOr<std::string> EncodeDeltaFile(const DeltaRows& rows) {
  const auto count = static_cast<size_t>(rows.keys.num_rows());
  if (!MayBeKeys(rows.keys) || rows.timestamps.size() != count || rows.partitions.size() != count) {
    return InternalError(ErrorCode::kInternal,
                         "a delta file needs keys with a time and a partition each");
  }
  std::string body;
  EncodeColumn(rows.keys.View(), body);
  AppendAll(rows.timestamps, body);
  AppendAll(rows.partitions, body);
  const std::optional<std::string> compressed = Compress(body);
  const bool compress = compressed.has_value() &&
                        body.size() <= kSmallBytes + compressed->size() * kGrowthMax;
  const std::string& stored = compress ? *compressed : body;
  std::string out;
  out.reserve(kHeaderBytes + stored.size());
  out.append(kMagic);
  AppendNumber(out, kVersion);
  AppendNumber(out, static_cast<uint32_t>(compress ? Codec::kZstd : Codec::kRaw));
  AppendNumber(out, static_cast<uint64_t>(body.size()));
  AppendNumber(out, static_cast<uint64_t>(stored.size()));
  AppendNumber(out, Crc32c(stored));
  AppendNumber(out, Crc32c(out));
  out.append(stored);
  return out;
}

absl::StatusOr<DeltaRows> DecodeDeltaFile(std::span<const uint8_t> file, std::string_view name) {
  const std::string_view bytes(reinterpret_cast<const char*>(file.data()), file.size());
  ELANUS_ASSIGN_OR_RETURN(const Header header, ReadHeader(bytes, name));
  ELANUS_ASSIGN_OR_RETURN(const std::string body,
                          ReadBody(bytes.substr(kHeaderBytes), header, name));
  std::string_view rest = body;
  auto keys = DecodeColumn(rest);
  if (!keys.ok()) return Damaged(name, kHeaderBytes, MessageOf(keys.status()));
  if (!MayBeKeys(*keys)) return Damaged(name, kHeaderBytes, "keys of an impossible type");
  DeltaRows rows;
  rows.keys = std::move(*keys);
  const auto count = static_cast<size_t>(rows.keys.num_rows());
  ByteReader in(rest);
  if (!ReadAll(in, count, rows.timestamps) || !ReadAll(in, count, rows.partitions) ||
      in.remaining() != 0) {
    return Damaged(name, kHeaderBytes, "columns differ in length");
  }
  for (size_t row = 1; row < count; ++row) {
    if (rows.timestamps[row] < rows.timestamps[row - 1]) {
      return Damaged(name, kHeaderBytes, "timestamps descend");
    }
  }
  return rows;
}

}  // namespace elanus::storage
