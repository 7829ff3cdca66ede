#include "segment/cached_blocks.h"

#include <algorithm>
#include <cstring>
#include <set>

#include "segment/read_until.h"

namespace elanus::segment {
namespace {

// Behind the header a checksum covers each 64 KiB; the header goes with the first.
constexpr uint64_t kHeaderBytes = 64, kBlockBytes = 64 << 10;
// So much in front puts the ends of blocks at ends of pages, which are given back whole.
constexpr uint64_t kPageBytes = 4096, kShift = kPageBytes - kHeaderBytes;

uint32_t CellAt(uint64_t offset) {
  return offset < kHeaderBytes ? 0 : static_cast<uint32_t>((offset - kHeaderBytes) / kBlockBytes);
}
uint64_t BeginOf(uint32_t cell) {
  return cell == 0 ? 0 : kHeaderBytes + cell * kBlockBytes;
}

std::vector<cache::Extent> CellsOf(uint64_t object_bytes) {
  std::vector<cache::Extent> cells;
  for (uint32_t cell = 0; BeginOf(cell) < object_bytes; ++cell) {
    const uint64_t end = std::min(BeginOf(cell + 1), object_bytes);
    cells.push_back({.offset = BeginOf(cell),
                     .bytes = static_cast<uint32_t>(end - BeginOf(cell)),
                     .checked = false});
  }
  return cells;
}

std::vector<uint64_t> BytesOfCells(uint64_t object_bytes) {
  std::vector<uint64_t> bytes;
  for (const cache::Extent& cell : CellsOf(object_bytes)) bytes.push_back(cell.bytes);
  return bytes;
}

// Gives the reads what of them lies in `bytes`, which begin at `begin` of the object.
void CopyTo(std::span<const storage::BlockReader::Read> reads, uint64_t begin,
            std::string_view bytes) {
  for (const storage::BlockReader::Read& read : reads) {
    const uint64_t from = std::max(read.offset, begin);
    const uint64_t to = std::min(read.offset + read.into.size(), begin + bytes.size());
    if (from >= to) continue;
    std::memcpy(read.into.data() + (from - read.offset), bytes.data() + (from - begin), to - from);
  }
}

}  // namespace

class CachedBlocks::BlockReader final : public storage::BlockReader {
 public:
  explicit BlockReader(std::shared_ptr<CachedBlocks> blocks) : blocks_(std::move(blocks)) {}
  absl::Status ReadAll(std::span<const Read> reads) override { return blocks_->ReadAll(reads); }
  uint64_t size() const override { return blocks_->object_bytes_; }
  std::string_view way() const override { return "cache"; }

 private:
  const std::shared_ptr<CachedBlocks> blocks_;
};

CachedBlocks::CachedBlocks(const cache::Tiers& tiers, cache::Identity identity,
                           uint64_t object_bytes)
    : CellSet(*tiers.memory, identity, BytesOfCells(object_bytes)),
      memory_(*tiers.memory),
      object_bytes_(object_bytes),
      stored_(tiers, std::move(identity), object_bytes, CellsOf(object_bytes)) {
  absl::StatusOr<cache::AddressRange> place = cache::AddressRange::Make(kShift + object_bytes);
  if (place.ok()) place_ = *std::move(place);
}

std::unique_ptr<storage::BlockReader> CachedBlocks::Reader(std::shared_ptr<CachedBlocks> blocks) {
  return std::make_unique<BlockReader>(std::move(blocks));
}

uint8_t* CachedBlocks::PlaceOf(uint64_t offset) const {
  return place_.data() + kShift + offset;
}

bool CachedBlocks::all_here() const {
  return memory_.ResidentBytes(*this) >= total_bytes();
}

absl::Status CachedBlocks::ReadAll(std::span<const storage::BlockReader::Read> reads) {
  std::set<uint32_t> wanted;
  for (const storage::BlockReader::Read& read : reads) {
    if (read.into.empty()) continue;
    const uint64_t end = read.offset + read.into.size();
    if (read.offset > object_bytes_ || end > object_bytes_ || end < read.offset) {
      return InternalError(ErrorCode::kIoFailed, "a read behind the end of {}", identity().name);
    }
    for (uint32_t cell = CellAt(read.offset); cell <= CellAt(end - 1); ++cell) wanted.insert(cell);
  }
  if (wanted.empty()) return absl::OkStatus();
  const std::vector<uint32_t> cells(wanted.begin(), wanted.end());
  cache::Want want{std::static_pointer_cast<CachedBlocks>(shared_from_this()), {}};
  for (const uint32_t cell : cells) {
    if (!want.ranges.empty() && want.ranges.back().end == cell) {
      ++want.ranges.back().end;
    } else {
      want.ranges.push_back({cell, cell + 1});
    }
  }
  const auto pins = memory_.PinNow({std::move(want)}, ReadUntil::Current());
  if (CodeOf(pins.status()) == ErrorCode::kMemoryLimitExceeded) return ReadPast(reads, cells);
  ELANUS_RETURN_IF_ERROR(pins.status());
  for (const storage::BlockReader::Read& read : reads) {
    if (!read.into.empty()) {
      std::memcpy(read.into.data(), PlaceOf(read.offset), read.into.size());
    }
  }
  return absl::OkStatus();
}

absl::Status CachedBlocks::ReadPast(std::span<const storage::BlockReader::Read> reads,
                                    std::span<const uint32_t> cells) const {
  return stored_.Read(cells, ReadUntil::Current(), [&](uint32_t cell, std::string_view bytes) {
    CopyTo(reads, BeginOf(cell), bytes);
    return absl::OkStatus();
  });
}

absl::Status CachedBlocks::Load(std::span<const uint32_t> cells, const Cancellation& cancellation) {
  if (place_.data() == nullptr) {
    return RetryableError(ErrorCode::kMemoryLimitExceeded, "no addresses left for {}",
                          identity().name);
  }
  return stored_.Read(cells, cancellation, [&](uint32_t cell, std::string_view bytes) {
    std::memcpy(PlaceOf(BeginOf(cell)), bytes.data(), bytes.size());
    return absl::OkStatus();
  });
}

void CachedBlocks::Drop(uint32_t cell) {
  const uint64_t begin = cell == 0 ? 0 : kShift + BeginOf(cell);
  place_.Drop(begin, kShift + BeginOf(cell) + bytes_of(cell));
}

void CachedBlocks::Discard() {
  for (uint32_t cell = 0; cell < num_cells(); ++cell) (void)memory_.Discard(*this, cell);
  stored_.DiscardAll();
}

}  // namespace elanus::segment
