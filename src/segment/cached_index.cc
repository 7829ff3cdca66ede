#include "segment/cached_index.h"

#include <algorithm>
#include <cstring>

namespace elanus::segment {
namespace {

constexpr uint64_t kPieceBytes = 4 << 20;

uint64_t PiecesOf(const StoredPart& part) {
  return (part.bytes + kPieceBytes - 1) / kPieceBytes;
}

std::vector<uint64_t> BytesOf(std::span<const StoredPart> parts) {
  std::vector<uint64_t> bytes;
  for (const StoredPart& part : parts) bytes.push_back(part.bytes);
  return bytes;
}

}  // namespace

std::vector<int64_t> StartsOf(std::span<const StoredPart> parts) {
  std::vector<int64_t> starts;
  for (const StoredPart& part : parts) starts.push_back(part.first_row);
  return starts;
}

std::shared_ptr<const cache::StoredObject> CachedIndex::Stored(const cache::Tiers& tiers,
                                                               cache::Identity identity,
                                                               uint64_t object_bytes,
                                                               std::span<const StoredPart> parts) {
  // Index files have checksums of their own, which their opener compares.
  std::vector<cache::Extent> pieces;
  for (const StoredPart& part : parts) {
    for (uint64_t at = 0; at < part.bytes; at += kPieceBytes) {
      const uint64_t bytes = std::min(kPieceBytes, part.bytes - at);
      pieces.push_back(
          {.offset = part.offset + at, .bytes = static_cast<uint32_t>(bytes), .checked = false});
    }
  }
  return std::make_shared<const cache::StoredObject>(tiers, std::move(identity), object_bytes,
                                                     std::move(pieces));
}

CachedIndex::CachedIndex(const cache::Tiers& tiers,
                         std::shared_ptr<const cache::StoredObject> stored,
                         std::vector<StoredPart> parts, const index::VectorRows& rows,
                         Opener opener)
    : CellSet(*tiers.memory, stored->identity(), BytesOf(parts)),
      memory_(*tiers.memory),
      parts_(std::move(parts)),
      rows_(rows),
      opener_(std::move(opener)),
      stored_(std::move(stored)),
      files_(parts_.size()),
      indexes_(StartsOf(parts_), rows.num_rows) {}

cache::Want CachedIndex::WantFor(kernels::BitView rows) {
  if (parts_.size() == 1) return cache::Want::All(shared_from_this());
  cache::Want want{shared_from_this(), {}};
  for (const size_t part : indexes_.PartsOf(rows)) {
    const auto cell = static_cast<uint32_t>(part);
    if (!want.ranges.empty() && want.ranges.back().end == cell) {
      ++want.ranges.back().end;
    } else {
      want.ranges.push_back({cell, cell + 1});
    }
  }
  return want;
}

const index::VectorIndex& CachedIndex::index() const {
  if (parts_.size() == 1) return *indexes_.part(0);
  return indexes_;
}

absl::Status CachedIndex::LoadOnce(uint32_t cell, const Cancellation& cancellation) {
  const StoredPart& part = parts_[cell];
  ELANUS_ASSIGN_OR_RETURN(files_[cell], cache::AddressRange::Make(part.bytes));
  uint8_t* const file = files_[cell].data();
  files_[cell].Populate(0, part.bytes);
  uint32_t first = 0;
  for (uint32_t i = 0; i < cell; ++i) first += static_cast<uint32_t>(PiecesOf(parts_[i]));
  std::vector<uint32_t> pieces(PiecesOf(part));
  for (uint32_t i = 0; i < pieces.size(); ++i) pieces[i] = first + i;
  ELANUS_RETURN_IF_ERROR(
      stored_->Read(pieces, cancellation, [&](uint32_t piece, std::string_view bytes) {
        std::memcpy(file + (piece - first) * kPieceBytes, bytes.data(), bytes.size());
        return absl::OkStatus();
      }));
  ELANUS_ASSIGN_OR_RETURN(std::unique_ptr<index::VectorIndex> opened,
                          opener_({file, part.bytes}, indexes_.RowsOf(cell, rows_)));
  indexes_.Set(cell, std::move(opened));
  return absl::OkStatus();
}

absl::Status CachedIndex::Load(std::span<const uint32_t> cells, const Cancellation& cancellation) {
  absl::Status status;
  for (const uint32_t cell : cells) {
    status = LoadOnce(cell, cancellation);
    if (CodeOf(status) == ErrorCode::kDataIntegrity) {
      // Damaged on local disk or on its way: once more from the store.
      stored_->DiscardAll();
      status = LoadOnce(cell, cancellation);
    }
    if (!status.ok()) break;
  }
  if (status.ok()) return status;
  for (const uint32_t cell : cells) Drop(cell);
  if (CodeOf(status) != ErrorCode::kDataIntegrity) return status;
  stored_->DiscardAll();
  return InternalError(ErrorCode::kDataIntegrity, "index file is damaged: {}: {}", identity().name,
                       MessageOf(status));
}

void CachedIndex::Drop(uint32_t cell) {
  indexes_.Set(cell, nullptr);
  files_[cell] = {};
}

uint64_t CachedIndex::LoadedBytes(uint32_t cell) const {
  return parts_[cell].bytes +
         static_cast<uint64_t>(std::max<int64_t>(indexes_.part(cell)->memory_bytes(), 0));
}

int64_t CachedIndex::memory_bytes() const {
  return static_cast<int64_t>(memory_.ResidentBytes(*this));
}

}  // namespace elanus::segment
