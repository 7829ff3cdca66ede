#include "index/disk_graph_file.h"

#include <algorithm>
#include <cstring>

#include "kernels/bitset.h"
#include "storage/crc32c.h"

namespace elanus::index {
namespace {

constexpr std::string_view kFrontMagic = "ELNSDISK";
constexpr std::string_view kHeadMagic = "ELNSDSKH";
constexpr std::string_view kName = "disk graph";
constexpr uint32_t kVersion = 1;
constexpr size_t kNumSections = 7;
constexpr uint64_t kPieceBytes = 1 << 20;  // That is handed over at once.

// Begins the file; zeros up to a checksum at the end of the page.
struct FrontPage {
  char magic[8];
  uint32_t version;
  uint32_t reserved;
  uint64_t block_bytes;
  uint64_t num_blocks;
  uint64_t head;  // Where it begins.
  uint64_t file_bytes;
};
static_assert(sizeof(FrontPage) == 48);

uint64_t AlignUp(uint64_t value, uint64_t step) {
  return (value + step - 1) / step * step;
}

uint32_t Crc(const void* data, uint64_t size) {
  return storage::Crc32c({static_cast<const char*>(data), size});
}

void Seal(char* block, uint64_t size) {
  const uint32_t crc = Crc(block, size - 4);
  std::memcpy(block + size - 4, &crc, 4);
}

absl::Status Damaged(std::string_view what) {
  return InternalError(ErrorCode::kDataIntegrity, "{} index file is damaged: {}", kName, what);
}

absl::Status CheckFacts(const DiskGraphFacts& facts, const VectorRows& rows,
                        kernels::Metric metric) {
  if (facts.type != static_cast<uint32_t>(rows.type) || facts.metric != MetricNumber(metric) ||
      facts.dim != static_cast<uint64_t>(rows.dim) ||
      facts.num_rows != static_cast<uint64_t>(rows.num_rows)) {
    return InternalError(ErrorCode::kDataIntegrity,
                         "{} index file is for other rows: {} rows of dim {}", kName,
                         facts.num_rows, facts.dim);
  }
  if (facts.num_linked > facts.num_rows || facts.num_entries > facts.num_linked ||
      (facts.num_linked > 0 && facts.num_entries == 0) || facts.num_rows >= kNoLink ||
      facts.degree == 0 || facts.degree > (1u << 16) || facts.inline_codes > 1) {
    return Damaged("its counts contradict each other");
  }
  return absl::OkStatus();
}

template <typename T>
bool Copy(Bytes section, uint64_t count, std::vector<T>& out) {
  if (section.size() != count * sizeof(T)) return false;
  out.resize(count);
  if (count > 0) std::memcpy(out.data(), section.data(), section.size());
  return true;
}

absl::StatusOr<FrontPage> ReadFrontPage(storage::BlockReader& file) {
  FrontPage front;
  if (file.size() < kPageBytes) return Damaged(fmt::format("{} bytes are too few", file.size()));
  std::vector<uint8_t> page(kPageBytes);
  const storage::BlockReader::Read read{0, page};
  ELANUS_RETURN_IF_ERROR(file.ReadAll({&read, 1}));
  std::memcpy(&front, page.data(), sizeof(front));
  if (std::string_view(front.magic, 8) != kFrontMagic) return Damaged("it does not begin as one");
  if (!BlockIsIntact(page)) return Damaged("checksum of the page at offset 0");
  if (front.version != kVersion) {
    return InternalError(ErrorCode::kDataIntegrity,
                         "{} index file has version {}, this server reads version {}", kName,
                         front.version, kVersion);
  }
  const bool possible = front.file_bytes == file.size() && front.block_bytes >= kPageBytes &&
                        front.block_bytes % kPageBytes == 0 && front.head < file.size() &&
                        front.num_blocks <= file.size() / front.block_bytes &&
                        front.head == kPageBytes + front.num_blocks * front.block_bytes;
  if (!possible)
    return Damaged(fmt::format("{} bytes, expected {}", file.size(), front.file_bytes));
  return front;
}

}  // namespace

DiskGraphLayout::DiskGraphLayout(const DiskGraphFacts& facts, uint64_t vector_bytes,
                                 uint64_t code_bytes) {
  links = AlignUp(vector_bytes, 4);
  codes = links + uint64_t{facts.degree} * 4;
  record_bytes = AlignUp(codes + (facts.inline_codes != 0 ? code_bytes : 0), 4);
  block_bytes = AlignUp(record_bytes + 4, kPageBytes);
  rows_per_block = (block_bytes - 4) / record_bytes;
  num_blocks = (facts.num_rows + rows_per_block - 1) / rows_per_block;
}

absl::Status WriteDiskGraphFile(
    const DiskGraphHead& head, const DiskGraphLayout& layout,
    const std::function<absl::Status(uint64_t block, std::span<uint8_t> bytes)>& fill,
    const FileSink& sink) {
  const Bytes sections[kNumSections] = {
      {reinterpret_cast<const uint8_t*>(&head.facts), sizeof(head.facts)},
      BytesOf(head.codes.head),
      BytesOf(head.codes.parameters),
      BytesOf(head.codes.codes),
      BytesOf(head.entries),
      BytesOf(head.entry_rows),
      BytesOf(head.linked)};
  const std::string tail = MakeIndexFile(kHeadMagic, sections);
  const uint64_t blocks_bytes = layout.num_blocks * layout.block_bytes;
  FrontPage front{.version = kVersion,
                  .block_bytes = layout.block_bytes,
                  .num_blocks = layout.num_blocks,
                  .head = kPageBytes + blocks_bytes,
                  .file_bytes = kPageBytes + blocks_bytes + tail.size()};
  std::memcpy(front.magic, kFrontMagic.data(), 8);
  std::string page(kPageBytes, '\0');
  std::memcpy(page.data(), &front, sizeof(front));
  Seal(page.data(), kPageBytes);
  ELANUS_RETURN_IF_ERROR(sink(page));
  std::string piece;
  const uint64_t piece_blocks = std::max<uint64_t>(kPieceBytes / layout.block_bytes, 1);
  for (uint64_t begin = 0; begin < layout.num_blocks; begin += piece_blocks) {
    const uint64_t end = std::min(begin + piece_blocks, layout.num_blocks);
    piece.assign((end - begin) * layout.block_bytes, '\0');
    for (uint64_t b = begin; b < end; ++b) {
      char* const block = piece.data() + (b - begin) * layout.block_bytes;
      ELANUS_RETURN_IF_ERROR(fill(b, {reinterpret_cast<uint8_t*>(block), layout.block_bytes}));
      Seal(block, layout.block_bytes);
    }
    ELANUS_RETURN_IF_ERROR(sink(piece));
  }
  return sink(tail);
}

absl::StatusOr<DiskGraphHead> ReadDiskGraphHead(storage::BlockReader& file, const VectorRows& rows,
                                                kernels::Metric metric) {
  ELANUS_ASSIGN_OR_RETURN(const FrontPage front, ReadFrontPage(file));
  std::vector<uint64_t> bytes((file.size() - front.head + 7) / 8);
  const std::span<uint8_t> tail(reinterpret_cast<uint8_t*>(bytes.data()), file.size() - front.head);
  const storage::BlockReader::Read read{front.head, tail};
  ELANUS_RETURN_IF_ERROR(file.ReadAll({&read, 1}));
  ELANUS_ASSIGN_OR_RETURN(const std::vector<Bytes> sections,
                          OpenIndexFile(tail, kHeadMagic, kName, kNumSections));
  DiskGraphHead head;
  head.block_bytes = front.block_bytes;
  head.num_blocks = front.num_blocks;
  if (sections[0].size() != sizeof(head.facts)) return Damaged("size of its facts");
  std::memcpy(&head.facts, sections[0].data(), sizeof(head.facts));
  const DiskGraphFacts& facts = head.facts;
  ELANUS_RETURN_IF_ERROR(CheckFacts(facts, rows, metric));
  const bool all_linked = facts.num_linked == facts.num_rows;
  const auto width = static_cast<uint64_t>(rows.width());
  if (!Copy(sections[1], sections[1].size(), head.codes.head) ||
      !Copy(sections[2], sections[2].size(), head.codes.parameters) ||
      !Copy(sections[3], sections[3].size(), head.codes.codes) ||
      !Copy(sections[4], facts.num_entries, head.entries) ||
      !Copy(sections[5], facts.num_entries * width, head.entry_rows) ||
      !Copy(sections[6], all_linked ? 0 : (facts.num_rows + 63) / 64, head.linked)) {
    return Damaged("size of a section");
  }
  const kernels::BitView linked(head.linked.data(),
                                all_linked ? 0 : static_cast<int64_t>(facts.num_rows));
  if (!all_linked && linked.Count() != static_cast<int64_t>(facts.num_linked)) {
    return Damaged("rows in the graph");
  }
  for (const uint32_t entry : head.entries) {
    if (entry >= facts.num_rows || (!all_linked && !linked.Test(entry))) {
      return Damaged("an entry point");
    }
  }
  return head;
}

bool BlockIsIntact(std::span<const uint8_t> block) {
  uint32_t crc;
  std::memcpy(&crc, block.data() + block.size() - 4, 4);
  return Crc(block.data(), block.size() - 4) == crc;
}

}  // namespace elanus::index
