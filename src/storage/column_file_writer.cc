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

// All values of a column of variable width.
std::string_view BytesOf(const ColumnView& column) {
  if (column.num_rows == 0) return {};
  const uint64_t first = column.offsets[0];
  return {column.bytes + first, column.offsets[column.num_rows] - first};
}

// By which floats of this column can be compressed, those in lists too; kRaw: it has none.
Codec VectorCodec(const schema::ColumnType& type) {
  using schema::DataType;
  const bool lists = type.type == DataType::kArrayOfVector;
  switch (lists ? type.element_type : type.type) {
    case DataType::kFloatVector:
      return Codec::kFloatPlanes;
    case DataType::kFloat16Vector:
    case DataType::kBFloat16Vector:
      return Codec::kHalfPlanes;
    default:
      return Codec::kRaw;
  }
}

// Whether that makes the vectors smaller, by some of them.
bool CompressionPays(std::span<const std::string_view> vectors, Codec codec) {
  constexpr size_t kSamples = 8, kSampleBytes = 64 << 10;
  size_t smaller = 0, all = 0;
  for (size_t i = 0; i < kSamples; ++i) {
    const std::string_view run = vectors[i * vectors.size() / kSamples];
    const size_t begin = run.size() / 4 * i / kSamples * 4;
    std::string_view sample = run.substr(begin, kSampleBytes);
    sample.remove_suffix(sample.size() % 4);
    if (sample.empty()) continue;
    ++all;
    smaller += CompressPlanes(sample, codec).has_value() ? 1 : 0;
  }
  return smaller > all / 2;
}

// `column.fixed` is not looked at for dense vectors: `vectors` is them.
class ColumnFileWriter {
 public:
  ColumnFileWriter(const ColumnView& column, std::span<const std::string_view> vectors,
                   bool compress_vectors)
      : column_(column),
        vectors_(vectors),
        vector_codec_(compress_vectors ? VectorCodec(column.type) : Codec::kRaw) {}

  ColumnFileParts Write() && {
    WriteHeader();
    if (column_.num_rows > 0) {
      if (column_.validity != nullptr) WriteStream(StreamKind::kValidity, Validity());
      if (schema::IsDenseVector(column_.type.type)) {
        WriteVectors(StreamKind::kFixed);
      } else if (column_.type.width() > 0) {
        WriteStream(StreamKind::kFixed,
                    {reinterpret_cast<const char*>(column_.fixed),
                     static_cast<size_t>(column_.num_rows * column_.type.width())});
      } else {
        WriteStream(StreamKind::kLengths, Lengths());
        if (column_.type.type == schema::DataType::kArrayOfVector) {
          WriteVectors(StreamKind::kBytes);
        } else {
          WriteStream(StreamKind::kBytes, BytesOf(column_));
        }
      }
    }
    WriteFooter();
    if (!vectors_written_) parts_.head = std::move(out_);
    if (vectors_written_) parts_.tail = std::move(out_);
    return std::move(parts_);
  }

 private:
  void WriteHeader() {
    out_.append(kColumnFileMagic);
    AppendNumber(out_, kColumnFileVersion);
    out_.resize(kColumnHeaderBytes - 4, '\0');
    AppendNumber(out_, Crc32c(out_));
  }

  void Align(uint64_t alignment) {
    out_.resize((out_.size() + alignment - 1) / alignment * alignment, '\0');
  }

  void WriteStream(StreamKind kind, std::string_view raw) {
    if (raw.empty()) return;
    Align(kStreamAlignment);
    for (uint64_t at = 0; at < raw.size(); at += kScalarBlockBytes) {
      WriteBlock(kind, raw.substr(at, kScalarBlockBytes));
    }
  }

  // Blocks of the runs as they follow one another; the runs themselves stay where they are.
  void WriteVectors(StreamKind kind) {
    if (vector_codec_ != Codec::kRaw && CompressionPays(vectors_, vector_codec_)) {
      WriteCompressedVectors(kind);
      return;
    }
    Align(kVectorAlignment);
    Stream& stream = streams_[static_cast<size_t>(kind)];
    Block block{.offset = out_.size()};
    for (std::string_view run : vectors_) {
      parts_.vectors.push_back(run);
      while (!run.empty()) {
        const std::string_view piece = run.substr(0, kVectorBlockBytes - block.raw_bytes);
        block.crc = Crc32c(piece, block.crc);
        block.raw_bytes += static_cast<uint32_t>(piece.size());
        run.remove_prefix(piece.size());
        if (block.raw_bytes < kVectorBlockBytes) continue;
        block.stored_bytes = block.raw_bytes;
        stream.push_back(block);
        block = {.offset = block.offset + block.raw_bytes};
      }
    }
    if (block.raw_bytes > 0) {
      block.stored_bytes = block.raw_bytes;
      stream.push_back(block);
    }
    parts_.head = std::exchange(out_, {});
    vectors_written_ = true;
  }

  void WriteCompressedVectors(StreamKind kind) {
    Align(kStreamAlignment);
    uint64_t raw_bytes = 0;
    for (const std::string_view run : vectors_) raw_bytes += run.size();
    out_.reserve(out_.size() + raw_bytes);  // What is not written takes no memory.
    std::string block;
    for (std::string_view run : vectors_) {
      while (!run.empty()) {
        const std::string_view piece = run.substr(0, kVectorBlockBytes - block.size());
        block.append(piece);
        run.remove_prefix(piece.size());
        if (block.size() < kVectorBlockBytes) continue;
        WriteBlock(kind, block, vector_codec_);
        block.clear();
      }
    }
    if (!block.empty()) WriteBlock(kind, block, vector_codec_);
  }

  void WriteBlock(StreamKind kind, std::string_view raw, Codec codec = Codec::kZstd) {
    const std::optional<std::string> compressed =
        codec == Codec::kZstd ? Compress(raw) : CompressPlanes(raw, codec);
    const std::string_view stored = compressed.has_value() ? *compressed : raw;
    Block block;
    block.offset = out_.size();
    block.stored_bytes = static_cast<uint32_t>(stored.size());
    block.raw_bytes = static_cast<uint32_t>(raw.size());
    block.crc = Crc32c(stored);
    block.codec = compressed.has_value() ? codec : Codec::kRaw;
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
    ColumnStatistics::ToWrite(column_).Encode(footer);
    const auto size = static_cast<uint32_t>(footer.size());
    AppendNumber(footer, size);
    AppendNumber(footer, Crc32c(footer));
    out_.append(footer);
    out_.append(kColumnFileEndMagic);
  }

  const ColumnView& column_;
  const std::span<const std::string_view> vectors_;
  const Codec vector_codec_;  // kRaw: vectors are not compressed.
  ColumnFileParts parts_;
  std::string out_;  // Of the part that is being written.
  bool vectors_written_ = false;
  std::array<Stream, kNumStreamKinds> streams_;
  std::string scratch_;
};

}  // namespace

absl::StatusOr<ColumnFileParts> EncodeColumnFileParts(const ColumnView& column,
                                                      bool compress_vectors) {
  std::string_view vectors;
  if (column.type.type == schema::DataType::kArrayOfVector) {
    vectors = BytesOf(column);
  } else if (schema::IsDenseVector(column.type.type)) {
    vectors = {reinterpret_cast<const char*>(column.fixed),
               static_cast<size_t>(column.num_rows * column.type.width())};
  }
  return EncodeColumnFileParts(column, {&vectors, 1}, compress_vectors);
}

absl::StatusOr<ColumnFileParts> EncodeColumnFileParts(const ColumnView& column,
                                                      std::span<const std::string_view> vectors,
                                                      bool compress_vectors) {
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
  return ColumnFileWriter(column, vectors, compress_vectors).Write();
}

absl::StatusOr<std::string> EncodeColumnFile(const ColumnView& column, bool compress_vectors) {
  ELANUS_ASSIGN_OR_RETURN(const ColumnFileParts parts,
                          EncodeColumnFileParts(column, compress_vectors));
  std::string out;
  out.reserve(parts.size());
  for (const std::string_view part : parts.All()) out.append(part);
  return out;
}

uint64_t ColumnFileParts::size() const {
  uint64_t sum = head.size() + tail.size();
  for (const std::string_view run : vectors) sum += run.size();
  return sum;
}

std::vector<std::string_view> ColumnFileParts::All() const {
  std::vector<std::string_view> out = {head};
  out.insert(out.end(), vectors.begin(), vectors.end());
  out.push_back(tail);
  return out;
}

}  // namespace elanus::storage
