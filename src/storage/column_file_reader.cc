#include <new>
#include <vector>

#include "storage/column_codec.h"
#include "storage/column_file.h"
#include "storage/column_layout.h"
#include "storage/crc32c.h"

namespace elanus::storage {
namespace {

using schema::ColumnView;
using schema::DataType;

// Memory at a multiple of the stream alignment.
class AlignedBuffer {
 public:
  AlignedBuffer() = default;
  explicit AlignedBuffer(uint64_t size)
      : data_(static_cast<uint8_t*>(::operator new(size, std::align_val_t(kStreamAlignment)))),
        size_(size) {}
  AlignedBuffer(AlignedBuffer&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  AlignedBuffer& operator=(AlignedBuffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~AlignedBuffer() {
    if (data_ != nullptr) ::operator delete(data_, std::align_val_t(kStreamAlignment));
  }
  std::span<uint8_t> bytes() const { return {data_, size_}; }

 private:
  uint8_t* data_ = nullptr;
  uint64_t size_ = 0;
};

class OpenColumnFile final : public ColumnFile {
 public:
  OpenColumnFile(std::shared_ptr<MappedFile> object, std::string_view name)
      : object_(std::move(object)), name_(name), file_(AsText(object_->data())) {}

  absl::Status Open() {
    ELANUS_RETURN_IF_ERROR(ReadLayout());
    for (const Stream& stream : layout_.streams) ELANUS_RETURN_IF_ERROR(CheckBlocks(stream));
    ELANUS_RETURN_IF_ERROR(OpenValidity());
    ELANUS_RETURN_IF_ERROR(view_.type.width() > 0 ? OpenFixed() : OpenVariable());
    return CheckValues();
  }

  ColumnView View() const override { return view_; }
  const ZoneMap& zones() const override { return layout_.zones; }
  const ColumnStatistics* statistics() const override {
    return layout_.statistics.has_value() ? &*layout_.statistics : nullptr;
  }
  int64_t memory_bytes() const override {
    int64_t bytes = 0;
    for (const AlignedBuffer& buffer : owned_) bytes += static_cast<int64_t>(buffer.bytes().size());
    return bytes;
  }

 private:
  static std::string_view AsText(std::span<const uint8_t> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }

  absl::Status Damaged(uint64_t offset, std::string_view what) const {
    return ColumnDamaged(name_, offset, what);
  }

  template <typename T>
  T NumberAt(uint64_t offset) const {
    T value;
    std::memcpy(&value, file_.data() + offset, sizeof(T));
    return value;
  }

  // Checks header, trailer and footer.
  absl::Status ReadLayout() {
    if (file_.size() < kColumnHeaderBytes + kColumnTrailerBytes) {
      return Damaged(file_.size(), "cut short");
    }
    if (!file_.starts_with(kColumnFileMagic)) return Damaged(0, "not a column file");
    if (NumberAt<uint32_t>(kColumnHeaderBytes - 4) !=
        Crc32c(file_.substr(0, kColumnHeaderBytes - 4))) {
      return Damaged(0, "header checksum differs");
    }
    if (const auto version = NumberAt<uint32_t>(kColumnFileMagic.size());
        version == 0 || version > kColumnFileVersion) {
      return InternalError(ErrorCode::kDataIntegrity,
                           "column file has a version this server does not know: {} version {}",
                           name_, version);
    }
    ELANUS_ASSIGN_OR_RETURN(layout_, ReadColumnLayout(name_, file_, file_.size()));
    view_.type = layout_.type;
    view_.num_rows = layout_.num_rows;
    return absl::OkStatus();
  }

  std::string_view Stored(const Block& block) const {
    return file_.substr(block.offset, block.stored_bytes);
  }

  absl::Status CheckBlocks(const Stream& stream) const {
    for (const Block& block : stream) {
      if (Crc32c(Stored(block)) != block.crc) {
        return Damaged(block.offset, "block checksum differs");
      }
      if (block.codec == Codec::kZstd && DecompressedSize(Stored(block)) != block.raw_bytes) {
        return Damaged(block.offset, "compressed block has another length");
      }
    }
    return absl::OkStatus();
  }

  // Whether the blocks lie in the file as the column wants them in memory.
  bool IsMappable(const Stream& stream) const {
    uint64_t next = stream.front().offset;
    for (const Block& block : stream) {
      if (block.codec != Codec::kRaw || block.offset != next) return false;
      next += block.stored_bytes;
    }
    const auto address = reinterpret_cast<uintptr_t>(file_.data()) + stream.front().offset;
    return address % kStreamAlignment == 0;
  }

  // The stream's bytes, which must be `expected` many: in the file, or decompressed into `buffer`.
  absl::StatusOr<const uint8_t*> Load(StreamKind kind, uint64_t expected,
                                      AlignedBuffer& buffer) const {
    const Stream& stream = layout_.StreamOf(kind);
    if (RawBytes(stream) != expected)
      return Damaged(layout_.data_end, "streams do not fit the row count");
    if (stream.empty()) return static_cast<const uint8_t*>(nullptr);
    if (IsMappable(stream)) return object_->data().data() + stream.front().offset;
    buffer = AlignedBuffer(expected);
    std::span<uint8_t> rest = buffer.bytes();
    for (const Block& block : stream) {
      if (!Decode(block.codec, Stored(block), rest.first(block.raw_bytes)).ok()) {
        return Damaged(block.offset, "compressed block is damaged");
      }
      rest = rest.subspan(block.raw_bytes);
    }
    return buffer.bytes().data();
  }

  // The same, kept as long as this.
  absl::StatusOr<const uint8_t*> Keep(StreamKind kind, uint64_t expected) {
    AlignedBuffer buffer;
    ELANUS_ASSIGN_OR_RETURN(const uint8_t* bytes, Load(kind, expected, buffer));
    if (!buffer.bytes().empty()) owned_.push_back(std::move(buffer));
    return bytes;
  }

  absl::Status OpenValidity() {
    if (layout_.StreamOf(StreamKind::kValidity).empty()) return absl::OkStatus();
    const auto words = static_cast<uint64_t>((view_.num_rows + 63) / 64);
    ELANUS_ASSIGN_OR_RETURN(const uint8_t* bits, Keep(StreamKind::kValidity, words * 8));
    view_.validity = reinterpret_cast<const uint64_t*>(bits);
    return absl::OkStatus();
  }

  absl::Status OpenFixed() {
    const auto width = static_cast<uint64_t>(view_.type.width());
    const auto num_rows = static_cast<uint64_t>(view_.num_rows);
    // Before the product, which could overflow.
    if (RawBytes(layout_.StreamOf(StreamKind::kFixed)) / width != num_rows) {
      return Damaged(layout_.data_end, "streams do not fit the row count");
    }
    ELANUS_ASSIGN_OR_RETURN(view_.fixed, Keep(StreamKind::kFixed, num_rows * width));
    return absl::OkStatus();
  }

  absl::Status OpenVariable() {
    const auto num_rows = static_cast<uint64_t>(view_.num_rows);
    AlignedBuffer unpacked;
    ELANUS_ASSIGN_OR_RETURN(const uint8_t* lengths,
                            Load(StreamKind::kLengths, num_rows * 4, unpacked));
    AlignedBuffer buffer((num_rows + 1) * 8);
    auto* offsets = reinterpret_cast<uint64_t*>(buffer.bytes().data());
    offsets[0] = 0;
    for (uint64_t row = 0; row < num_rows; ++row) {
      uint32_t length;
      std::memcpy(&length, lengths + row * 4, 4);
      offsets[row + 1] = offsets[row] + length;
    }
    owned_.push_back(std::move(buffer));
    view_.offsets = offsets;
    ELANUS_ASSIGN_OR_RETURN(const uint8_t* bytes, Keep(StreamKind::kBytes, offsets[num_rows]));
    view_.bytes = bytes == nullptr ? "" : reinterpret_cast<const char*>(bytes);
    return absl::OkStatus();
  }

  absl::Status CheckValues() const {
    if (!ValuesNeedCheck(view_.type)) return absl::OkStatus();
    for (int64_t row = 0; row < view_.num_rows; ++row) {
      if (!ValueIsWellFormed(view_.type, view_.Raw(row))) {
        return Damaged(layout_.data_end, "malformed value");
      }
    }
    return absl::OkStatus();
  }

  const std::shared_ptr<MappedFile> object_;
  const std::string name_;
  const std::string_view file_;
  ColumnLayout layout_;
  std::vector<AlignedBuffer> owned_;
  ColumnView view_;
};

}  // namespace

absl::StatusOr<std::shared_ptr<const ColumnFile>> ColumnFile::Open(
    std::shared_ptr<MappedFile> object, std::string_view name) {
  auto file = std::make_shared<OpenColumnFile>(std::move(object), name);
  ELANUS_RETURN_IF_ERROR(file->Open());
  return file;
}

}  // namespace elanus::storage
