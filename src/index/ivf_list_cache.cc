#include "index/ivf_list_cache.h"

#include <algorithm>

namespace elanus::index {

absl::StatusOr<std::vector<IvfListCache::ListPtr>> IvfListCache::ReadLists(
    std::span<const uint64_t> lists, SearchStatistics& statistics) const {
  const IvfLists& all = blocks_.lists;
  std::vector<std::shared_ptr<IvfListBytes>> made;
  std::vector<IndexBlocks::Part> parts;
  for (const uint64_t list : lists) {
    IvfListBytes& bytes = *made.emplace_back(std::make_shared<IvfListBytes>());
    bytes.rows.resize(all.ListSize(list));
    parts.push_back({kIvfRowsSection,
                     all.begins[list] * sizeof(uint32_t),
                     {reinterpret_cast<uint8_t*>(bytes.rows.data()), bytes.rows.size() * 4}});
    if (codes_ == nullptr) continue;
    bytes.codes.resize(codes_->store->RunBytes(bytes.rows.size()));
    parts.push_back({kIvfCodesSection, codes_->runs[list], bytes.codes});
  }
  ELANUS_RETURN_IF_ERROR(blocks_.file->Read(parts, &statistics));
  for (const auto& bytes : made) {
    const bool known = std::all_of(bytes->rows.begin(), bytes->rows.end(),
                                   [&](uint32_t row) { return row < all.facts.num_rows; });
    if (!known) {
      return InternalError(ErrorCode::kDataIntegrity, "IVF index file is damaged: a listed row");
    }
  }
  return std::vector<ListPtr>(made.begin(), made.end());
}

void IvfListCache::Keep(uint64_t list, const ListPtr& bytes) {
  if (places_.contains(list) || bytes->bytes() > bytes_max_) return;
  kept_.push_front({list, bytes});
  places_[list] = kept_.begin();
  bytes_ += bytes->bytes();
  while (bytes_ > bytes_max_) {
    bytes_ -= kept_.back().bytes->bytes();
    places_.erase(kept_.back().list);
    kept_.pop_back();
  }
}

absl::StatusOr<std::vector<IvfListCache::ListPtr>> IvfListCache::Get(
    std::span<const uint64_t> lists, SearchStatistics& statistics) {
  std::vector<ListPtr> out(lists.size());
  std::vector<uint64_t> missing;
  {
    absl::MutexLock lock(&mutex_);
    for (size_t i = 0; i < lists.size(); ++i) {
      const auto place = places_.find(lists[i]);
      if (place == places_.end()) {
        missing.push_back(lists[i]);
        continue;
      }
      kept_.splice(kept_.begin(), kept_, place->second);
      out[i] = place->second->bytes;
    }
  }
  if (missing.empty()) return out;
  ELANUS_ASSIGN_OR_RETURN(const std::vector<ListPtr> read, ReadLists(missing, statistics));
  absl::MutexLock lock(&mutex_);
  size_t next = 0;
  for (ListPtr& bytes : out) {
    if (bytes != nullptr) continue;
    Keep(missing[next], read[next]);
    bytes = read[next++];
  }
  return out;
}

}  // namespace elanus::index
