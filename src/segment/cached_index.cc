#include "segment/cached_index.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <numeric>

namespace elanus::segment {
namespace {

constexpr uint64_t kPartBytes = 4 << 20;

// Index files have checksums of their own, which their opener compares.
std::vector<cache::Extent> PartsOf(uint64_t object_bytes) {
  std::vector<cache::Extent> parts;
  for (uint64_t at = 0; at < object_bytes; at += kPartBytes) {
    const uint64_t bytes = std::min(kPartBytes, object_bytes - at);
    parts.push_back({.offset = at, .bytes = static_cast<uint32_t>(bytes), .checked = false});
  }
  return parts;
}

}  // namespace

std::shared_ptr<const cache::StoredObject> CachedIndex::Stored(const cache::Tiers& tiers,
                                                               cache::Identity identity,
                                                               uint64_t object_bytes) {
  return std::make_shared<const cache::StoredObject>(tiers, std::move(identity), object_bytes,
                                                     PartsOf(object_bytes));
}

CachedIndex::CachedIndex(const cache::Tiers& tiers,
                         std::shared_ptr<const cache::StoredObject> stored, Opener opener)
    : CellSet(*tiers.memory, stored->identity(), std::array<uint64_t, 1>{stored->object_bytes()}),
      memory_(*tiers.memory),
      object_bytes_(stored->object_bytes()),
      opener_(std::move(opener)),
      stored_(std::move(stored)) {}

absl::Status CachedIndex::LoadOnce(const Cancellation& cancellation) {
  ELANUS_ASSIGN_OR_RETURN(file_, cache::AddressRange::Make(object_bytes_));
  file_.Populate(0, object_bytes_);
  std::vector<uint32_t> parts((object_bytes_ + kPartBytes - 1) / kPartBytes);
  std::iota(parts.begin(), parts.end(), 0);
  ELANUS_RETURN_IF_ERROR(
      stored_->Read(parts, cancellation, [&](uint32_t part, std::string_view bytes) {
        std::memcpy(file_.data() + part * kPartBytes, bytes.data(), bytes.size());
        return absl::OkStatus();
      }));
  ELANUS_ASSIGN_OR_RETURN(index_, opener_({file_.data(), object_bytes_}));
  return absl::OkStatus();
}

absl::Status CachedIndex::Load(std::span<const uint32_t>, const Cancellation& cancellation) {
  absl::Status status = LoadOnce(cancellation);
  if (CodeOf(status) == ErrorCode::kDataIntegrity) {
    // Damaged on local disk or on its way: once more from the store.
    stored_->DiscardAll();
    status = LoadOnce(cancellation);
  }
  if (status.ok()) return status;
  Drop(0);
  if (CodeOf(status) != ErrorCode::kDataIntegrity) return status;
  stored_->DiscardAll();
  return InternalError(ErrorCode::kDataIntegrity, "index file is damaged: {}: {}", identity().name,
                       MessageOf(status));
}

void CachedIndex::Drop(uint32_t) {
  index_.reset();
  file_ = {};
}

uint64_t CachedIndex::LoadedBytes(uint32_t) const {
  return object_bytes_ + static_cast<uint64_t>(std::max<int64_t>(index_->memory_bytes(), 0));
}

int64_t CachedIndex::memory_bytes() const {
  return static_cast<int64_t>(memory_.ResidentBytes(*this));
}

}  // namespace elanus::segment
