#include "storage/shredded_file.h"

#include <cstring>
#include <set>

#include "storage/byte_reader.h"
#include "storage/column_file.h"
#include "storage/column_file_format.h"
#include "storage/crc32c.h"

namespace elanus::storage {
namespace {

using schema::DataType;

constexpr std::string_view kMagic = "ELANSHRD";
constexpr std::string_view kEndMagic = "ELANSEND";
constexpr uint32_t kVersion = 1;
constexpr uint64_t kHeaderBytes = 64;

absl::Status Damaged(std::string_view name, uint64_t offset, std::string_view what) {
  return InternalError(ErrorCode::kDataIntegrity, "shredded file is damaged: {} at offset {}: {}",
                       name, offset, what);
}

template <typename T>
T NumberAt(std::string_view bytes, uint64_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof(T));
  return value;
}

bool IsValueType(DataType type) {
  return type == DataType::kBool || type == DataType::kInt64 || type == DataType::kDouble ||
         type == DataType::kVarChar || type == DataType::kJson;
}

void AppendRange(std::string& out, const ColumnRange& range) {
  AppendNumber(out, range.offset);
  AppendNumber(out, range.bytes);
}

class DirectoryReader {
 public:
  DirectoryReader(std::string_view name, std::string_view directory, uint64_t begin)
      : name_(name), in_(directory), begin_(begin) {}

  absl::StatusOr<ShreddedDirectory> Read() {
    uint32_t version = 0, num_entries = 0;
    uint64_t num_rows = 0;
    if (!in_.Read(version) || !in_.Read(num_entries) || !in_.Read(num_rows)) return CutShort();
    if (version != kVersion) {
      return InternalError(ErrorCode::kDataIntegrity,
                           "shredded file has a version this server does not know: {} version {}",
                           name_, version);
    }
    if (num_rows > static_cast<uint64_t>(INT64_MAX) / 16) return Fail("impossible row count");
    out_.num_rows = static_cast<int64_t>(num_rows);
    for (uint32_t i = 0; i < num_entries; ++i) ELANUS_RETURN_IF_ERROR(ReadEntry());
    if (in_.remaining() != 0) return Fail("bytes behind the last path");
    return std::move(out_);
  }

 private:
  absl::Status Fail(std::string_view what) const {
    return Damaged(name_, begin_ + in_.consumed(), what);
  }
  absl::Status CutShort() const { return Fail("directory is cut short"); }

  absl::Status ReadEntry() {
    ShreddedEntry entry;
    uint16_t type = 0, num_keys = 0;
    if (!in_.Read(type) || !in_.Read(num_keys)) return CutShort();
    entry.type = static_cast<DataType>(type);
    if (!IsValueType(entry.type) || num_keys == 0) return Fail("impossible path");
    for (; num_keys > 0; --num_keys) {
      uint32_t length = 0;
      std::string_view key;
      if (!in_.Read(length) || !in_.ReadBytes(length, key)) return CutShort();
      entry.keys.emplace_back(key);
    }
    ELANUS_RETURN_IF_ERROR(ReadRange(entry.values));
    ELANUS_RETURN_IF_ERROR(ReadRange(entry.others));
    if (entry.values.bytes == 0) return Fail("a path without a column");
    if (!seen_.insert(entry.keys).second) return Fail("a path twice");
    out_.entries.push_back(std::move(entry));
    return absl::OkStatus();
  }

  absl::Status ReadRange(ColumnRange& range) {
    if (!in_.Read(range.offset) || !in_.Read(range.bytes)) return CutShort();
    if (range.bytes == 0 && range.offset == 0) return absl::OkStatus();
    const bool fits = range.offset >= kHeaderBytes && range.offset % kStreamAlignment == 0 &&
                      range.offset <= begin_ && range.bytes <= begin_ - range.offset &&
                      range.bytes > 0;
    return fits ? absl::OkStatus() : Fail("a column outside of the file");
  }

  const std::string_view name_;
  ByteReader in_;
  const uint64_t begin_;  // Of the directory, in the file.
  ShreddedDirectory out_;
  std::set<std::vector<std::string>> seen_;
};

}  // namespace

ShreddedFileWriter::ShreddedFileWriter(int64_t num_rows) {
  directory_.num_rows = num_rows;
  file_.append(kMagic);
  AppendNumber(file_, kVersion);
  file_.resize(kHeaderBytes - sizeof(uint32_t));
  AppendNumber(file_, Crc32c(file_));
}

absl::StatusOr<ColumnRange> ShreddedFileWriter::Put(const schema::ColumnView& column) {
  ELANUS_ASSIGN_OR_RETURN(const std::string encoded, EncodeColumnFile(column));
  file_.resize((file_.size() + kStreamAlignment - 1) / kStreamAlignment * kStreamAlignment);
  const ColumnRange range{file_.size(), encoded.size()};
  file_ += encoded;
  return range;
}

absl::Status ShreddedFileWriter::Add(std::vector<std::string> keys,
                                     const schema::ColumnView& values,
                                     const schema::ColumnView* others) {
  ShreddedEntry entry{std::move(keys), values.type.type, {}, {}};
  ELANUS_ASSIGN_OR_RETURN(entry.values, Put(values));
  if (others != nullptr) {
    ELANUS_ASSIGN_OR_RETURN(entry.others, Put(*others));
  }
  directory_.entries.push_back(std::move(entry));
  return absl::OkStatus();
}

std::string ShreddedFileWriter::Finish() && {
  const uint64_t begin = file_.size();
  AppendNumber(file_, kVersion);
  AppendNumber(file_, static_cast<uint32_t>(directory_.entries.size()));
  AppendNumber(file_, static_cast<uint64_t>(directory_.num_rows));
  for (const ShreddedEntry& entry : directory_.entries) {
    AppendNumber(file_, static_cast<uint16_t>(entry.type));
    AppendNumber(file_, static_cast<uint16_t>(entry.keys.size()));
    for (const std::string& key : entry.keys) {
      AppendNumber(file_, static_cast<uint32_t>(key.size()));
      file_ += key;
    }
    AppendRange(file_, entry.values);
    AppendRange(file_, entry.others);
  }
  AppendNumber(file_, static_cast<uint32_t>(file_.size() - begin));
  AppendNumber(file_, Crc32c(std::string_view(file_).substr(begin)));
  file_.append(kEndMagic);
  return std::move(file_);
}

absl::StatusOr<uint64_t> ShreddedTailBytes(std::string_view name, std::string_view tail,
                                           uint64_t file_bytes) {
  if (file_bytes < kHeaderBytes + kShreddedTrailerBytes || tail.size() < kShreddedTrailerBytes) {
    return Damaged(name, file_bytes, "cut short");
  }
  if (!tail.ends_with(kEndMagic)) return Damaged(name, file_bytes, "not the end of such a file");
  const uint64_t bytes = uint64_t{NumberAt<uint32_t>(tail, tail.size() - kShreddedTrailerBytes)} +
                         kShreddedTrailerBytes;
  if (bytes > file_bytes - kHeaderBytes) return Damaged(name, file_bytes, "impossible directory");
  return bytes;
}

absl::StatusOr<ShreddedDirectory> ReadShreddedDirectory(std::string_view name,
                                                        std::string_view tail,
                                                        uint64_t file_bytes) {
  ELANUS_ASSIGN_OR_RETURN(const uint64_t bytes, ShreddedTailBytes(name, tail, file_bytes));
  if (bytes > tail.size()) return Damaged(name, file_bytes - tail.size(), "cut short");
  tail.remove_prefix(tail.size() - bytes);
  const uint64_t begin = file_bytes - bytes;
  const uint64_t crc_at = bytes - kShreddedTrailerBytes + sizeof(uint32_t);
  if (NumberAt<uint32_t>(tail, crc_at) != Crc32c(tail.substr(0, crc_at))) {
    return Damaged(name, begin, "directory checksum differs");
  }
  return DirectoryReader(name, tail.substr(0, bytes - kShreddedTrailerBytes), begin).Read();
}

}  // namespace elanus::storage
