// A column file of which only those blocks are here that somebody uses.
//
// The column has its place in memory from the start, so a view of it never changes; its bytes are
// there while they are pinned. Compressed and scalar blocks are decoded into that place (memory
// tier). Vectors may be mapped from their cache file instead (disk tier, Tiers::map_vectors): then
// the kernel decides what of them is in memory.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "cache/address_range.h"
#include "cache/stored_object.h"
#include "storage/column_file.h"
#include "storage/column_layout.h"

namespace elanus::cache {

// Threads: any.
class CachedColumn final : public storage::ColumnFile {
 public:
  // Reads the footer alone. `identity.name` is the key of the object, which has `object_bytes`.
  static absl::StatusOr<std::shared_ptr<const CachedColumn>> Open(const Tiers& tiers,
                                                                  Identity identity,
                                                                  uint64_t object_bytes,
                                                                  const Cancellation& cancellation);

  // Only rows that are pinned may be looked at, in a column of variable width none but those.
  schema::ColumnView View() const override { return view_; }
  const storage::ZoneMap& zones() const override { return layout_.zones; }
  const storage::ColumnStatistics* statistics() const override {
    return layout_.statistics.has_value() ? &*layout_.statistics : nullptr;
  }
  int64_t memory_bytes() const override;  // Resident in the memory tier.

  // What it takes to look at every row.
  void WantAll(TierWants& wants) const;
  // What it takes to look at these rows (any order). Its head is pinned, unless of fixed width.
  void WantListedRows(std::span<const int64_t> rows, TierWants& wants) const;
  // Where the values lie, of columns of variable width; validity.
  void WantHead(TierWants& wants) const;
  // What it takes to look at the rows whose bits are set, a bit for each of the first rows. Its
  // head is pinned.
  void WantRows(std::span<const uint64_t> rows, TierWants& wants) const;
  // Of all values together; the footer knows.
  uint64_t value_bytes() const { return block_begins_.back(); }
  int64_t bytes_away() const;  // What WantAll would have to bring, decoded, of the memory tier.
  // Pins these rows (any order).
  absl::StatusOr<TierPins> PinRows(std::span<const int64_t> rows, const Cancellation& cancellation,
                                   Waits* waits) const;
  // Of fixed width: pins rows [begin, end).
  absl::StatusOr<TierPins> PinRange(int64_t begin, int64_t end, const Cancellation& cancellation,
                                    Waits* waits) const;

 private:
  class Cells;

  CachedColumn() = default;
  absl::Status Prepare(const Tiers& tiers, const Identity& identity, uint64_t object_bytes);
  bool IsMappable(const storage::Stream& stream) const;
  // The data blocks that hold bytes [begin, end) of the data stream.
  CellRange BlocksOf(uint64_t begin, uint64_t end) const;
  std::vector<CellRange> BlocksOfRows(std::span<const int64_t> rows) const;
  void WantBlocks(std::vector<CellRange> blocks, TierWants& wants) const;

  Tiers tiers_;
  storage::ColumnLayout layout_;
  storage::StreamKind data_kind_ = storage::StreamKind::kFixed;
  std::vector<uint64_t> block_begins_;  // In the data stream; the last one is its end.
  std::shared_ptr<Cells> cells_;        // Of the memory tier.
  std::shared_ptr<CellSet> mapped_;     // Data blocks in the disk tier; null: decoded.
  uint32_t first_mapped_ = 0;           // Extent of the first data block.
  schema::ColumnView view_;
};

}  // namespace elanus::cache
