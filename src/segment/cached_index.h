// A vector index that is in memory only while it is used, and as long after as there is room:
// whole, or, if it has parts (index/parted_index.h), those that hold the rows asked for.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "cache/address_range.h"
#include "cache/stored_object.h"
#include "index/parted_index.h"
#include "index/vector_index.h"

namespace elanus::segment {

// Where the part of an index that begins with a row lies in its object.
struct StoredPart {
  int64_t first_row = 0;
  uint64_t offset = 0;
  uint64_t bytes = 0;
};

// The first rows of parts, as index/parted_index.h takes them.
std::vector<int64_t> StartsOf(std::span<const StoredPart> parts);

// A cell of the memory tier for each part: its file and the index opened over it. Opening reads
// none of the column's rows; whether searches do, the index says. Threads: any.
class CachedIndex final : public cache::CellSet {
 public:
  // Opens the file of a part, which stays where it is; verifies every byte of it. `rows`: the
  // part's.
  using Opener = std::function<absl::StatusOr<std::unique_ptr<index::VectorIndex>>(
      std::span<const uint8_t> file, const index::VectorRows& rows)>;

  // The object of such an index, so that it may be fetched before its rows are known. `parts`:
  // ascending; one if it has none.
  static std::shared_ptr<const cache::StoredObject> Stored(const cache::Tiers& tiers,
                                                           cache::Identity identity,
                                                           uint64_t object_bytes,
                                                           std::span<const StoredPart> parts);
  // The object was made by Stored with the same parts.
  CachedIndex(const cache::Tiers& tiers, std::shared_ptr<const cache::StoredObject> stored,
              std::vector<StoredPart> parts, const index::VectorRows& rows, Opener opener);

  // What a search among these rows needs.
  cache::Want WantFor(kernels::BitView rows);
  // Only what is pinned of it.
  const index::VectorIndex& index() const;
  int64_t memory_bytes() const;

 protected:
  absl::Status Load(std::span<const uint32_t> cells, const Cancellation& cancellation) override;
  void Drop(uint32_t cell) override;
  uint64_t LoadedBytes(uint32_t cell) const override;

 private:
  absl::Status LoadOnce(uint32_t cell, const Cancellation& cancellation);

  cache::CacheManager& memory_;
  const std::vector<StoredPart> parts_;
  const index::VectorRows rows_;
  const Opener opener_;
  const std::shared_ptr<const cache::StoredObject> stored_;
  std::vector<cache::AddressRange> files_;  // By part.
  index::PartedIndex indexes_;
};

}  // namespace elanus::segment
