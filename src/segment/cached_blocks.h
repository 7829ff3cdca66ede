// A file of which those blocks are in memory that somebody has read, as long as there is room.
#pragma once

#include <memory>
#include <span>

#include "cache/address_range.h"
#include "cache/stored_object.h"
#include "storage/block_reader.h"

namespace elanus::segment {

// Cells of the memory tier: the blocks of an index file in the common form (index/index_file.h),
// whose reader verifies them. Threads: any.
class CachedBlocks final : public cache::CellSet {
 public:
  CachedBlocks(const cache::Tiers& tiers, cache::Identity identity, uint64_t object_bytes);

  // Reads through `blocks`. Never waits for room: where there is none, it reads past memory, so
  // that a request may read while it holds pins.
  static std::unique_ptr<storage::BlockReader> Reader(std::shared_ptr<CachedBlocks> blocks);

  bool all_here() const;
  // What was read turned out to be damaged: perhaps on local disk or on its way.
  void Discard();

 protected:
  absl::Status Load(std::span<const uint32_t> cells, const Cancellation& cancellation) override;
  void Drop(uint32_t cell) override;

 private:
  class BlockReader;

  uint8_t* PlaceOf(uint64_t offset) const;
  absl::Status ReadAll(std::span<const storage::BlockReader::Read> reads);
  absl::Status ReadPast(std::span<const storage::BlockReader::Read> reads,
                        std::span<const uint32_t> cells) const;

  cache::CacheManager& memory_;
  const uint64_t object_bytes_;
  const cache::StoredObject stored_;
  cache::AddressRange place_;  // Empty if there are no addresses left.
};

}  // namespace elanus::segment
