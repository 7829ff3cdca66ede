#include "index/index_file.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "common/check.h"
#include "index/index_blocks.h"
#include "storage/crc32c.h"

namespace elanus::index {
namespace {

static_assert(std::endian::native == std::endian::little, "files are little-endian, used in place");

constexpr uint32_t kVersion = 1;
constexpr uint64_t kBlockBytes = 64 << 10;  // A checksum covers this much.
constexpr uint64_t kAlignment = 64;         // Of sections: a cache line.

// The header as it lies in the file. The directory follows.
struct RawHeader {
  char magic[8];
  uint32_t version;
  uint32_t num_sections;
  uint64_t checksums;  // Where they begin: a CRC32C of each block between header and here.
  uint64_t file_bytes;
  uint32_t block_bytes;
  uint32_t reserved[5];
  uint32_t checksums_crc;
  uint32_t header_crc;  // Of all bytes before.
};
static_assert(sizeof(RawHeader) == 64);

struct DirectoryEntry {
  uint64_t offset;
  uint64_t bytes;
};

uint64_t AlignUp(uint64_t offset) {
  return (offset + kAlignment - 1) / kAlignment * kAlignment;
}

uint32_t Crc(const void* data, uint64_t size) {
  return storage::Crc32c({static_cast<const char*>(data), size});
}

uint64_t NumBlocks(uint64_t checksums) {
  return (checksums - sizeof(RawHeader) + kBlockBytes - 1) / kBlockBytes;
}

// Calls f(block, its begin, its size) for each block in front of the checksums.
template <typename F>
void ForEachBlock(uint64_t checksums, F&& f) {
  for (uint64_t b = 0; b < NumBlocks(checksums); ++b) {
    const uint64_t begin = sizeof(RawHeader) + b * kBlockBytes;
    f(b, begin, std::min(kBlockBytes, checksums - begin));
  }
}

template <typename... Args>
absl::Status Damaged(std::string_view name, fmt::format_string<Args...> format, Args&&... args) {
  return InternalError(ErrorCode::kDataIntegrity, "{} index file is damaged: {}", name,
                       fmt::format(format, std::forward<Args>(args)...));
}

// `front`: the first bytes of a file of `file_bytes`.
absl::StatusOr<RawHeader> ReadHeader(Bytes front, uint64_t file_bytes, std::string_view magic,
                                     std::string_view name, size_t num_sections) {
  RawHeader header;
  if (front.size() < sizeof(header)) return Damaged(name, "{} bytes are too few", front.size());
  std::memcpy(&header, front.data(), sizeof(header));
  if (std::string_view(header.magic, 8) != magic) return Damaged(name, "it does not begin as one");
  if (Crc(&header, sizeof(header) - 4) != header.header_crc) {
    return Damaged(name, "checksum of the header at offset 0");
  }
  if (header.version != kVersion) {
    return InternalError(ErrorCode::kDataIntegrity,
                         "{} index file has version {}, this server reads version {}", name,
                         header.version, kVersion);
  }
  const uint64_t directory_end = sizeof(header) + num_sections * sizeof(DirectoryEntry);
  if (header.num_sections != num_sections || header.block_bytes != kBlockBytes ||
      header.checksums < directory_end || header.checksums > file_bytes ||
      header.file_bytes != file_bytes ||
      header.file_bytes != header.checksums + NumBlocks(header.checksums) * 4) {
    return Damaged(name, "{} bytes, expected {}", file_bytes, header.file_bytes);
  }
  return header;
}

bool IsPlace(const DirectoryEntry& entry, const RawHeader& header) {
  return entry.offset % kAlignment == 0 && entry.offset <= header.checksums &&
         entry.bytes <= header.checksums - entry.offset;
}

absl::Status ReadFrom(storage::BlockReader& file, uint64_t offset, void* into, uint64_t size) {
  const storage::BlockReader::Read read{offset, {static_cast<uint8_t*>(into), size}};
  return file.ReadAll({&read, 1});
}

}  // namespace

std::string MakeIndexFile(std::string_view magic, std::span<const Bytes> sections) {
  ELANUS_CHECK(magic.size() == 8);
  std::vector<DirectoryEntry> directory;
  uint64_t at = sizeof(RawHeader) + sections.size() * sizeof(DirectoryEntry);
  for (const Bytes section : sections) {
    directory.push_back({AlignUp(at), section.size()});
    at = AlignUp(at) + section.size();
  }
  RawHeader header{};
  std::memcpy(header.magic, magic.data(), 8);
  header.version = kVersion;
  header.num_sections = static_cast<uint32_t>(sections.size());
  header.checksums = AlignUp(at);
  header.file_bytes = header.checksums + NumBlocks(header.checksums) * 4;
  header.block_bytes = kBlockBytes;
  std::string file(header.file_bytes, '\0');
  std::memcpy(file.data() + sizeof(header), directory.data(),
              directory.size() * sizeof(DirectoryEntry));
  for (size_t i = 0; i < sections.size(); ++i) {
    if (sections[i].empty()) continue;
    std::memcpy(file.data() + directory[i].offset, sections[i].data(), sections[i].size());
  }
  ForEachBlock(header.checksums, [&](uint64_t block, uint64_t begin, uint64_t size) {
    const uint32_t crc = Crc(file.data() + begin, size);
    std::memcpy(file.data() + header.checksums + 4 * block, &crc, 4);
  });
  header.checksums_crc = Crc(file.data() + header.checksums, header.file_bytes - header.checksums);
  header.header_crc = Crc(&header, sizeof(header) - 4);
  std::memcpy(file.data(), &header, sizeof(header));
  return file;
}

absl::StatusOr<std::vector<Bytes>> OpenIndexFile(Bytes file, std::string_view magic,
                                                 std::string_view name, size_t num_sections) {
  ELANUS_ASSIGN_OR_RETURN(const RawHeader header,
                          ReadHeader(file, file.size(), magic, name, num_sections));
  const uint8_t* table = file.data() + header.checksums;
  if (Crc(table, header.file_bytes - header.checksums) != header.checksums_crc) {
    return Damaged(name, "checksum of the checksums at offset {}", header.checksums);
  }
  absl::Status checked;
  ForEachBlock(header.checksums, [&](uint64_t block, uint64_t begin, uint64_t size) {
    uint32_t expected;
    std::memcpy(&expected, table + 4 * block, 4);
    if (checked.ok() && Crc(file.data() + begin, size) != expected) {
      checked = Damaged(name, "checksum of the block at offset {}", begin);
    }
  });
  ELANUS_RETURN_IF_ERROR(checked);
  std::vector<Bytes> sections;
  for (size_t i = 0; i < num_sections; ++i) {
    DirectoryEntry entry;
    std::memcpy(&entry, file.data() + sizeof(header) + i * sizeof(entry), sizeof(entry));
    if (!IsPlace(entry, header)) return Damaged(name, "place of section {}", i);
    sections.push_back(file.subspan(entry.offset, entry.bytes));
  }
  return sections;
}

absl::StatusOr<std::unique_ptr<const IndexBlocks>> IndexBlocks::Open(
    std::unique_ptr<storage::BlockReader> file, std::string_view magic, std::string_view name,
    size_t num_sections) {
  std::unique_ptr<IndexBlocks> blocks(new IndexBlocks(std::move(file), name));
  storage::BlockReader& reader = *blocks->file_;
  uint8_t front[sizeof(RawHeader)];
  const uint64_t front_bytes = std::min<uint64_t>(sizeof(front), reader.size());
  ELANUS_RETURN_IF_ERROR(ReadFrom(reader, 0, front, front_bytes));
  ELANUS_ASSIGN_OR_RETURN(const RawHeader header, ReadHeader({front, front_bytes}, reader.size(),
                                                             magic, name, num_sections));
  blocks->checksummed_end_ = header.checksums;
  blocks->checksums_.resize(NumBlocks(header.checksums));
  const uint64_t table_bytes = blocks->checksums_.size() * sizeof(uint32_t);
  ELANUS_RETURN_IF_ERROR(
      ReadFrom(reader, header.checksums, blocks->checksums_.data(), table_bytes));
  if (Crc(blocks->checksums_.data(), table_bytes) != header.checksums_crc) {
    return Damaged(name, "checksum of the checksums at offset {}", header.checksums);
  }
  // The directory is read as a section of its own.
  blocks->directory_ = {{sizeof(RawHeader), num_sections * sizeof(DirectoryEntry)}};
  ELANUS_ASSIGN_OR_RETURN(const auto entries, blocks->ReadAll<DirectoryEntry>(0));
  blocks->directory_.clear();
  for (size_t i = 0; i < entries.size(); ++i) {
    if (!IsPlace(entries[i], header)) return Damaged(name, "place of section {}", i);
    blocks->directory_.push_back({entries[i].offset, entries[i].bytes});
  }
  return blocks;
}

absl::Status IndexBlocks::Read(std::span<const Part> parts, SearchStatistics* statistics) const {
  // Whole blocks, for their checksums; a block that two parts share is read once for each.
  struct Run {
    uint64_t first_block, begin;
    std::vector<uint8_t> bytes;
  };
  std::vector<Run> runs;
  std::vector<storage::BlockReader::Read> reads;
  for (const Part& part : parts) {
    ELANUS_CHECK(part.offset + part.into.size() <= section_bytes(part.section));
    if (part.into.empty()) {
      runs.push_back({});
      continue;
    }
    const uint64_t at = directory_[part.section].offset + part.offset - sizeof(RawHeader);
    const uint64_t first = at / kBlockBytes;
    const uint64_t begin = sizeof(RawHeader) + first * kBlockBytes;
    const uint64_t last = (at + part.into.size() - 1) / kBlockBytes;
    const uint64_t end = std::min(sizeof(RawHeader) + (last + 1) * kBlockBytes, checksummed_end_);
    runs.push_back({first, begin, std::vector<uint8_t>(end - begin)});
    reads.push_back({begin, runs.back().bytes});
  }
  ELANUS_RETURN_IF_ERROR(file_->ReadAll(reads));
  for (size_t p = 0; p < parts.size(); ++p) {
    const Run& run = runs[p];
    for (uint64_t at = 0; at < run.bytes.size(); at += kBlockBytes) {
      const uint64_t size = std::min<uint64_t>(kBlockBytes, run.bytes.size() - at);
      if (Crc(run.bytes.data() + at, size) != checksums_[run.first_block + at / kBlockBytes]) {
        return Damaged(name_, "checksum of the block at offset {}", run.begin + at);
      }
    }
    if (run.bytes.empty()) continue;
    const uint64_t skip = directory_[parts[p].section].offset + parts[p].offset - run.begin;
    std::memcpy(parts[p].into.data(), run.bytes.data() + skip, parts[p].into.size());
    if (statistics == nullptr) continue;
    ++statistics->reads;
    statistics->bytes_read += static_cast<int64_t>(run.bytes.size());
  }
  return absl::OkStatus();
}

Bytes AlignedFile(Bytes file, std::vector<uint64_t>& copy) {
  if (reinterpret_cast<uintptr_t>(file.data()) % alignof(uint64_t) == 0) return file;
  copy.resize((file.size() + 7) / 8);
  std::memcpy(copy.data(), file.data(), file.size());
  return {reinterpret_cast<const uint8_t*>(copy.data()), file.size()};
}

uint32_t MetricNumber(kernels::Metric metric) {
  switch (metric) {
    case kernels::Metric::kL2:
      return 1;
    case kernels::Metric::kIp:
      return 2;
    case kernels::Metric::kCosine:
      return 3;
    case kernels::Metric::kHamming:
      return 4;
    case kernels::Metric::kJaccard:
      return 5;
    case kernels::Metric::kMinHash:
      return 6;
    case kernels::Metric::kSubstructure:
    case kernels::Metric::kSuperstructure:
      return 0;
  }
  return 0;
}

std::optional<kernels::Metric> MetricOfNumber(uint32_t number) {
  using kernels::Metric;
  for (const Metric metric : {Metric::kL2, Metric::kIp, Metric::kCosine, Metric::kHamming,
                              Metric::kJaccard, Metric::kMinHash}) {
    if (MetricNumber(metric) == number) return metric;
  }
  return std::nullopt;
}

}  // namespace elanus::index
