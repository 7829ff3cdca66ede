// A vector index that is in memory only while it is used, and as long after as there is room.
#pragma once

#include <functional>
#include <memory>
#include <span>

#include "cache/address_range.h"
#include "cache/stored_object.h"
#include "index/vector_index.h"

namespace elanus::segment {

// One cell of the memory tier: the file and the index opened over it. Opening reads none of the
// column's rows; whether searches do, the index says. Threads: any.
class CachedIndex final : public cache::CellSet {
 public:
  // Opens a file that stays where it is; verifies every byte of it.
  using Opener = std::function<absl::StatusOr<std::unique_ptr<index::VectorIndex>>(
      std::span<const uint8_t> file)>;

  // The object of such an index, so that it may be fetched before its rows are known.
  static std::shared_ptr<const cache::StoredObject> Stored(const cache::Tiers& tiers,
                                                           cache::Identity identity,
                                                           uint64_t object_bytes);
  CachedIndex(const cache::Tiers& tiers, std::shared_ptr<const cache::StoredObject> stored,
              Opener opener);

  // Only while the cell is pinned.
  const index::VectorIndex& index() const { return *index_; }
  int64_t memory_bytes() const;

 protected:
  absl::Status Load(std::span<const uint32_t> cells, const Cancellation& cancellation) override;
  void Drop(uint32_t cell) override;
  uint64_t LoadedBytes(uint32_t cell) const override;

 private:
  absl::Status LoadOnce(const Cancellation& cancellation);

  cache::CacheManager& memory_;
  const uint64_t object_bytes_;
  const Opener opener_;
  const std::shared_ptr<const cache::StoredObject> stored_;
  cache::AddressRange file_;
  std::unique_ptr<index::VectorIndex> index_;
};

}  // namespace elanus::segment
