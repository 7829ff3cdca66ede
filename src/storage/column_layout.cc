#include "storage/column_layout.h"

#include "storage/byte_reader.h"
#include "storage/column_codec.h"
#include "storage/crc32c.h"

namespace elanus::storage {
namespace {

using schema::DataType;

template <typename T>
T NumberAt(std::string_view bytes, uint64_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof(T));
  return value;
}

class FooterReader {
 public:
  FooterReader(std::string_view name, std::string_view footer, uint64_t data_end)
      : name_(name), in_(footer) {
    layout_.data_end = data_end;
  }

  absl::StatusOr<ColumnLayout> Read() {
    uint8_t type = 0;
    uint8_t element = 0;
    uint16_t reserved = 0;
    uint32_t dim = 0;
    uint64_t num_rows = 0;
    if (!in_.Read(type) || !in_.Read(element) || !in_.Read(reserved) || !in_.Read(dim) ||
        !in_.Read(num_rows)) {
      return Damaged("footer is cut short");
    }
    layout_.type = {static_cast<DataType>(type), static_cast<DataType>(element), dim};
    const bool typed = layout_.type.type != DataType::kNone && CheckColumnType(layout_.type).ok();
    if (!typed || reserved != 0) return Damaged("impossible column type");
    if (num_rows > static_cast<uint64_t>(INT64_MAX) / 16) return Damaged("impossible row count");
    layout_.num_rows = static_cast<int64_t>(num_rows);
    for (Stream& stream : layout_.streams) ELANUS_RETURN_IF_ERROR(ReadStream(stream));
    auto zones = DecodeZoneMap(in_, layout_.type, num_rows);
    if (!zones.ok()) return Damaged("zone map is damaged");
    layout_.zones = *std::move(zones);
    if (in_.remaining() == 0) return std::move(layout_);
    auto statistics = ColumnStatistics::Decode(in_);
    if (!statistics.ok() || in_.remaining() != 0) return Damaged("statistics are damaged");
    layout_.statistics = *std::move(statistics);
    return std::move(layout_);
  }

 private:
  absl::Status Damaged(std::string_view what) const {
    return ColumnDamaged(name_, layout_.data_end, what);
  }

  absl::Status ReadStream(Stream& stream) {
    uint32_t num_blocks = 0;
    if (!in_.Read(num_blocks)) return Damaged("footer is cut short");
    for (uint32_t i = 0; i < num_blocks; ++i) {
      Block block;
      uint32_t codec = 0;
      if (!in_.Read(block.offset) || !in_.Read(block.stored_bytes) || !in_.Read(block.raw_bytes) ||
          !in_.Read(block.crc) || !in_.Read(codec)) {
        return Damaged("footer is cut short");
      }
      const bool inside = block.offset >= kColumnHeaderBytes && block.offset <= layout_.data_end &&
                          block.stored_bytes <= layout_.data_end - block.offset;
      const bool sized = block.raw_bytes > 0 && block.raw_bytes <= kBlockBytesMax &&
                         (codec != 0 || block.raw_bytes == block.stored_bytes);
      if (codec >= kNumCodecs || !inside || !sized) return Damaged("impossible block");
      block.codec = static_cast<Codec>(codec);
      stream.push_back(block);
    }
    return absl::OkStatus();
  }

  const std::string_view name_;
  ByteReader in_;
  ColumnLayout layout_;
};

}  // namespace

uint64_t RawBytes(const Stream& stream) {
  uint64_t bytes = 0;
  for (const Block& block : stream) bytes += block.raw_bytes;
  return bytes;
}

absl::Status ColumnDamaged(std::string_view name, uint64_t offset, std::string_view what) {
  return InternalError(ErrorCode::kDataIntegrity, "column file is damaged: {} at offset {}: {}",
                       name, offset, what);
}

absl::StatusOr<uint64_t> ColumnTailBytes(std::string_view name, std::string_view tail,
                                         uint64_t file_bytes) {
  if (tail.size() < kColumnTrailerBytes || file_bytes < kColumnHeaderBytes + kColumnTrailerBytes) {
    return ColumnDamaged(name, file_bytes, "cut short");
  }
  const uint64_t trailer = file_bytes - kColumnTrailerBytes;
  if (!tail.ends_with(kColumnFileEndMagic)) return ColumnDamaged(name, trailer, "cut short");
  const uint64_t size = NumberAt<uint32_t>(tail, tail.size() - kColumnTrailerBytes);
  if (size > trailer - kColumnHeaderBytes) {
    return ColumnDamaged(name, trailer, "impossible footer length");
  }
  return size + kColumnTrailerBytes;
}

absl::StatusOr<ColumnLayout> ReadColumnLayout(std::string_view name, std::string_view tail,
                                              uint64_t file_bytes) {
  ELANUS_ASSIGN_OR_RETURN(const uint64_t bytes, ColumnTailBytes(name, tail, file_bytes));
  const uint64_t data_end = file_bytes - bytes;
  if (tail.size() < bytes) return ColumnDamaged(name, data_end, "cut short");
  tail.remove_prefix(tail.size() - bytes);
  const uint64_t size = bytes - kColumnTrailerBytes;
  if (Crc32c(tail.substr(0, size + 4)) != NumberAt<uint32_t>(tail, size + 4)) {
    return ColumnDamaged(name, data_end, "footer checksum differs");
  }
  return FooterReader(name, tail.substr(0, size), data_end).Read();
}

}  // namespace elanus::storage
