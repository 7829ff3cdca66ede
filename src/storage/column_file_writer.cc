#include <algorithm>
#include <array>

#include "storage/byte_reader.h"
#include "storage/column_codec.h"
#include "storage/column_file.h"
#include "storage/column_file_format.h"
#include "storage/crc32c.h"

namespace elanus::storage {
namespace {

using schema::ColumnView;

class ColumnFileWriter {
 public:
  explicit ColumnFileWriter(const ColumnView& column) : column_(column) {}

  std::string Write() && {
    WriteHeader();
    if (column_.num_rows > 0) {
      if (column_.validity != nullptr) WriteStream(StreamKind::kValidity, Validity());
      if (column_.type.width() > 0) {
        WriteStream(StreamKind::kFixed,
                    {reinterpret_cast<const char*>(column_.fixed),
                     static_cast<size_t>(column_.num_rows * column_.type.width())});
      } else {
        WriteStream(StreamKind::kLengths, Lengths());
        const uint64_t first = column_.offsets[0];
        WriteStream(StreamKind::kBytes,
                    {column_.bytes + first, column_.offsets[column_.num_rows] - first});
      }
    }
    WriteFooter();
    return std::move(out_);
  }

 private:
  void WriteHeader() {
    out_.append(kColumnFileMagic);
    AppendNumber(out_, kColumnFileVersion);
    out_.resize(kColumnHeaderBytes - 4, '\0');
    AppendNumber(out_, Crc32c(out_));
  }

  bool IsVectors(StreamKind kind) const {
    if (kind == StreamKind::kBytes) return column_.type.type == schema::DataType::kArrayOfVector;
    return kind == StreamKind::kFixed && schema::IsDenseVector(column_.type.type);
  }

  void WriteStream(StreamKind kind, std::string_view raw) {
    if (raw.empty()) return;
    const bool vectors = IsVectors(kind);
    const uint64_t alignment = vectors ? kVectorAlignment : kStreamAlignment;
    const uint64_t begin = (out_.size() + alignment - 1) / alignment * alignment;
    if (vectors) out_.reserve(begin + raw.size() + raw.size() / 4096 + 4096);
    out_.resize(begin, '\0');
    const uint64_t block_bytes = vectors ? kVectorBlockBytes : kScalarBlockBytes;
    for (uint64_t at = 0; at < raw.size(); at += block_bytes) {
      WriteBlock(kind, raw.substr(at, block_bytes), /*compress=*/!vectors);
    }
  }

  void WriteBlock(StreamKind kind, std::string_view raw, bool compress) {
    std::optional<std::string> compressed;
    if (compress) compressed = Compress(raw);
    const std::string_view stored = compressed.has_value() ? *compressed : raw;
    Block block;
    block.offset = out_.size();
    block.stored_bytes = static_cast<uint32_t>(stored.size());
    block.raw_bytes = static_cast<uint32_t>(raw.size());
    block.crc = Crc32c(stored);
    block.codec = compressed.has_value() ? Codec::kZstd : Codec::kRaw;
    streams_[static_cast<size_t>(kind)].push_back(block);
    out_.append(stored);
  }

  std::string_view Validity() {
    const uint64_t words = (column_.num_rows + 63) / 64;
    scratch_.assign(reinterpret_cast<const char*>(column_.validity), words * 8);
    if (const int64_t used = column_.num_rows % 64; used != 0) {
      const uint64_t last = column_.validity[words - 1] & ((uint64_t{1} << used) - 1);
      std::memcpy(scratch_.data() + scratch_.size() - 8, &last, 8);
    }
    return scratch_;
  }

  std::string_view Lengths() {
    scratch_.clear();
    scratch_.reserve(column_.num_rows * 4);
    for (int64_t row = 0; row < column_.num_rows; ++row) {
      AppendNumber(scratch_,
                   static_cast<uint32_t>(column_.offsets[row + 1] - column_.offsets[row]));
    }
    return scratch_;
  }

  void WriteFooter() {
    std::string footer;
    AppendNumber(footer, static_cast<uint8_t>(column_.type.type));
    AppendNumber(footer, static_cast<uint8_t>(column_.type.element_type));
    AppendNumber(footer, uint16_t{0});
    AppendNumber(footer, static_cast<uint32_t>(column_.type.dim));
    AppendNumber(footer, static_cast<uint64_t>(column_.num_rows));
    for (const Stream& stream : streams_) {
      AppendNumber(footer, static_cast<uint32_t>(stream.size()));
      for (const Block& block : stream) {
        AppendNumber(footer, block.offset);
        AppendNumber(footer, block.stored_bytes);
        AppendNumber(footer, block.raw_bytes);
        AppendNumber(footer, block.crc);
        AppendNumber(footer, static_cast<uint32_t>(block.codec));
      }
    }
    EncodeZoneMap(MakeZoneMap(column_), column_.type, footer);
    const auto size = static_cast<uint32_t>(footer.size());
    AppendNumber(footer, size);
    AppendNumber(footer, Crc32c(footer));
    out_.append(footer);
    out_.append(kColumnFileEndMagic);
  }

  const ColumnView& column_;
  std::string out_;
  std::array<Stream, kNumStreamKinds> streams_;
  std::string scratch_;
};

}  // namespace

absl::StatusOr<std::string> EncodeColumnFile(const ColumnView& column) {
  ELANUS_RETURN_IF_ERROR(CheckColumnType(column.type));
  if (column.type.type == schema::DataType::kNone) {
    return InternalError(ErrorCode::kInternal, "a column file needs a column with a type");
  }
  if (column.type.width() == 0) {
    for (int64_t row = 0; row < column.num_rows; ++row) {
      if (column.offsets[row + 1] - column.offsets[row] > UINT32_MAX) {
        return UserError(ErrorCode::kParameterTooLarge,
                         "value is too long for a column file: row {}", row);
      }
    }
  }
  return ColumnFileWriter(column).Write();
}

}  // namespace elanus::storage
