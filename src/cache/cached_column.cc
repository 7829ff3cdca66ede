#include "cache/cached_column.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "storage/column_codec.h"

namespace elanus::cache {
namespace {

using storage::Block;
using storage::Codec;
using storage::ColumnDamaged;
using storage::ColumnLayout;
using storage::Stream;
using storage::StreamKind;

constexpr int kFetchesMax = 3;  // Of a footer that does not fit its checksum.
constexpr uint32_t kHead = 0;   // The cell of validity and offsets.

std::span<uint8_t> WritableOf(std::string& bytes) {
  return {reinterpret_cast<uint8_t*>(bytes.data()), bytes.size()};
}

bool AnyBit(std::span<const uint64_t> words, uint64_t begin, uint64_t end) {
  for (uint64_t at = begin; at < end;) {
    const uint64_t bits = std::min(end - at, 64 - at % 64);
    const uint64_t mask = bits == 64 ? ~uint64_t{0} : ((uint64_t{1} << bits) - 1) << (at % 64);
    if ((words[at / 64] & mask) != 0) return true;
    at += bits;
  }
  return false;
}

// Footer and trailer that an earlier process left on disk; empty if they are not all there.
std::string LeftOverTail(const Tiers& tiers, const std::string& key, uint64_t object_bytes) {
  std::string tail(storage::kColumnTrailerBytes, '\0');
  if (tiers.directory == nullptr || object_bytes < tail.size()) return "";
  const auto read = [&] {
    return tiers.directory->ReadLeftOver(key, object_bytes, object_bytes - tail.size(),
                                         WritableOf(tail));
  };
  if (!read()) return "";
  const auto bytes = storage::ColumnTailBytes(key, tail, object_bytes);
  if (!bytes.ok()) return "";
  tail.resize(*bytes);
  return read() ? tail : "";
}

}  // namespace

// The cells of the memory tier: the head, then one for each data block that is decoded. Types whose
// values have to be checked are one cell, head and data.
class CachedColumn::Cells final : public CellSet {
 public:
  struct Parts {
    StoredObject stored;
    AddressRange validity, offsets, data;
  };
  // Where a block goes to.
  struct Place {
    StreamKind stream;
    uint32_t block;
    uint64_t begin;  // In the decoded stream.
  };

  Cells(const Tiers& tiers, const Identity& identity, std::span<const uint64_t> bytes,
        const CachedColumn& column, std::vector<Place> places, Parts parts, bool data_mapped)
      : CellSet(*tiers.memory, identity, bytes),
        memory_(*tiers.memory),
        layout_(column.layout_),
        data_kind_(column.data_kind_),
        view_(column.view_),
        places_(std::move(places)),
        parts_(std::move(parts)),
        data_mapped_(data_mapped) {}

  const StoredObject& stored() const { return parts_.stored; }
  int64_t resident_bytes() { return static_cast<int64_t>(memory_.ResidentBytes(*this)); }

 protected:
  absl::Status Load(std::span<const uint32_t> cells, const Cancellation& cancellation) override {
    std::vector<uint32_t> extents;
    for (uint32_t e = 0; e < places_.size(); ++e) {
      const uint32_t cell = CellOf(places_[e]);
      if (std::binary_search(cells.begin(), cells.end(), cell)) extents.push_back(e);
    }
    const bool head = cells.front() == kHead;
    std::string lengths;
    if (head && view_.type.width() == 0) {
      lengths.resize(storage::RawBytes(layout_.StreamOf(StreamKind::kLengths)));
    }
    ELANUS_RETURN_IF_ERROR(parts_.stored.Read(
        extents, cancellation,
        [&](uint32_t e, std::string_view stored) { return Decode(places_[e], stored, lengths); }));
    if (head && view_.type.width() == 0) ELANUS_RETURN_IF_ERROR(FillOffsets(lengths));
    return num_cells() == 1 && !data_mapped_ ? CheckValues() : absl::OkStatus();
  }

  void Drop(uint32_t cell) override {
    if (cell == kHead) {
      parts_.validity.Drop(0, parts_.validity.bytes());
      parts_.offsets.Drop(0, parts_.offsets.bytes());
      if (num_cells() == 1) parts_.data.Drop(0, parts_.data.bytes());
      return;
    }
    for (const Place& place : places_) {
      if (CellOf(place) != cell) continue;
      parts_.data.Drop(place.begin,
                       place.begin + layout_.StreamOf(place.stream)[place.block].raw_bytes);
    }
  }

 private:
  // num_cells(): of none.
  uint32_t CellOf(const Place& place) const {
    if (place.stream != data_kind_) return kHead;
    if (data_mapped_) return num_cells();
    return num_cells() == 1 ? kHead : 1 + place.block;
  }

  absl::Status Decode(const Place& place, std::string_view stored, std::string& lengths) const {
    const Block& block = layout_.StreamOf(place.stream)[place.block];
    uint8_t* base = parts_.data.data();
    if (place.stream == StreamKind::kValidity) base = parts_.validity.data();
    if (place.stream == StreamKind::kLengths) base = reinterpret_cast<uint8_t*>(lengths.data());
    const std::span<uint8_t> into(base + place.begin, block.raw_bytes);
    if (base == parts_.data.data()) parts_.data.Populate(place.begin, place.begin + into.size());
    if (!storage::Decode(block.codec, stored, into).ok()) {
      return ColumnDamaged(identity().name, block.offset, "compressed block is damaged");
    }
    return absl::OkStatus();
  }

  absl::Status FillOffsets(const std::string& lengths) const {
    auto* offsets = reinterpret_cast<uint64_t*>(parts_.offsets.data());
    offsets[0] = 0;
    for (int64_t row = 0; row < view_.num_rows; ++row) {
      uint32_t length;
      std::memcpy(&length, lengths.data() + row * 4, 4);
      offsets[row + 1] = offsets[row] + length;
    }
    if (offsets[view_.num_rows] == storage::RawBytes(layout_.StreamOf(data_kind_))) {
      return absl::OkStatus();
    }
    return ColumnDamaged(identity().name, layout_.data_end, "streams do not fit the row count");
  }

  absl::Status CheckValues() const {
    if (!storage::ValuesNeedCheck(view_.type)) return absl::OkStatus();
    for (int64_t row = 0; row < view_.num_rows; ++row) {
      if (!storage::ValueIsWellFormed(view_.type, view_.Raw(row))) {
        return ColumnDamaged(identity().name, layout_.data_end, "malformed value");
      }
    }
    return absl::OkStatus();
  }

  CacheManager& memory_;
  const ColumnLayout layout_;
  const StreamKind data_kind_;
  const schema::ColumnView view_;
  const std::vector<Place> places_;  // By extent.
  const Parts parts_;
  const bool data_mapped_;
};

bool CachedColumn::IsMappable(const Stream& stream) const {
  if (stream.empty() || stream.front().offset % storage::kStreamAlignment != 0) return false;
  uint64_t next = stream.front().offset;
  for (const Block& block : stream) {
    if (block.codec != Codec::kRaw || block.offset != next) return false;
    next += block.stored_bytes;
  }
  return true;
}

absl::Status CachedColumn::Prepare(const Tiers& tiers, const Identity& identity,
                                   uint64_t object_bytes) {
  tiers_ = tiers;
  view_.type = layout_.type;
  view_.num_rows = layout_.num_rows;
  const auto num_rows = static_cast<uint64_t>(layout_.num_rows);
  const auto width = static_cast<uint64_t>(view_.type.width());
  data_kind_ = width > 0 ? StreamKind::kFixed : StreamKind::kBytes;
  const Stream& data = layout_.StreamOf(data_kind_);
  const uint64_t data_bytes = storage::RawBytes(data);
  const uint64_t validity_bytes = storage::RawBytes(layout_.StreamOf(StreamKind::kValidity));
  const uint64_t lengths_bytes = storage::RawBytes(layout_.StreamOf(StreamKind::kLengths));
  const bool fits = (validity_bytes == 0 || validity_bytes == (num_rows + 63) / 64 * 8) &&
                    (width > 0 ? data_bytes % width == 0 && data_bytes / width == num_rows
                               : lengths_bytes == num_rows * 4);
  if (!fits) {
    return ColumnDamaged(identity.name, layout_.data_end, "streams do not fit the row count");
  }
  block_begins_.push_back(0);
  for (const Block& block : data) block_begins_.push_back(block_begins_.back() + block.raw_bytes);

  // Every block that is used, in the order of the file.
  std::vector<Cells::Place> places;
  for (const StreamKind kind : {StreamKind::kValidity, StreamKind::kLengths, data_kind_}) {
    const Stream& stream = layout_.StreamOf(kind);
    if (kind == StreamKind::kLengths && width > 0) continue;
    uint64_t begin = 0;
    for (uint32_t i = 0; i < stream.size(); begin += stream[i++].raw_bytes) {
      places.push_back({kind, i, begin});
    }
  }
  const auto block_at = [&](const Cells::Place& place) -> const Block& {
    return layout_.StreamOf(place.stream)[place.block];
  };
  std::stable_sort(places.begin(), places.end(), [&](const auto& a, const auto& b) {
    return block_at(a).offset < block_at(b).offset;
  });
  std::vector<Extent> extents;
  for (const Cells::Place& place : places) {
    const Block& block = block_at(place);
    extents.push_back({block.offset, block.stored_bytes, block.crc});
  }

  Cells::Parts parts{.stored = StoredObject(tiers, identity, object_bytes, std::move(extents)),
                     .validity = {},
                     .offsets = {},
                     .data = {}};
  const bool checked = storage::ValuesNeedCheck(view_.type);
  const bool mapped = parts.stored.mapped() != nullptr && width > 0 && !checked && IsMappable(data);
  if (mapped) {
    mapped_ = parts.stored.cells();
    while (places[first_mapped_].stream != data_kind_) ++first_mapped_;
  }
  ELANUS_ASSIGN_OR_RETURN(parts.validity, AddressRange::Make(validity_bytes));
  ELANUS_ASSIGN_OR_RETURN(parts.offsets, AddressRange::Make(width > 0 ? 0 : (num_rows + 1) * 8));
  ELANUS_ASSIGN_OR_RETURN(parts.data, AddressRange::Make(mapped ? 0 : data_bytes));
  const uint8_t* const values =
      mapped ? parts.stored.mapped() + data.front().offset : parts.data.data();
  if (validity_bytes > 0) view_.validity = reinterpret_cast<uint64_t*>(parts.validity.data());
  if (width > 0) {
    view_.fixed = values;
  } else {
    view_.offsets = reinterpret_cast<uint64_t*>(parts.offsets.data());
    view_.bytes = values == nullptr ? "" : reinterpret_cast<const char*>(values);
  }

  std::vector<uint64_t> cell_bytes = {validity_bytes + parts.offsets.bytes()};
  if (checked) {
    cell_bytes[kHead] += data_bytes;
  } else if (!mapped) {
    for (const Block& block : data) cell_bytes.push_back(block.raw_bytes);
  }
  cells_ = std::make_shared<Cells>(tiers, identity, cell_bytes, *this, std::move(places),
                                   std::move(parts), mapped);
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<const CachedColumn>> CachedColumn::Open(
    const Tiers& tiers, Identity identity, uint64_t object_bytes,
    const Cancellation& cancellation) {
  const std::string& key = identity.name;
  std::shared_ptr<CachedColumn> column(new CachedColumn());
  std::string tail = LeftOverTail(tiers, key, object_bytes);
  absl::StatusOr<ColumnLayout> layout = storage::ReadColumnLayout(key, tail, object_bytes);
  for (int fetches = 0; !layout.ok(); ++fetches) {
    const absl::StatusOr<std::string> fetched = FetchTail(
        tiers, key, object_bytes,
        [&](std::string_view end) { return storage::ColumnTailBytes(key, end, object_bytes); },
        cancellation);
    layout = fetched.ok() ? storage::ReadColumnLayout(key, *fetched, object_bytes)
                          : absl::StatusOr<ColumnLayout>(fetched.status());
    if (layout.ok()) tail = *fetched;
    // Damaged on its way, perhaps.
    const bool again = CodeOf(layout.status()) == ErrorCode::kDataIntegrity;
    if (!layout.ok() && (!again || fetches + 1 == kFetchesMax)) return layout.status();
  }
  column->layout_ = *std::move(layout);
  ELANUS_RETURN_IF_ERROR(column->Prepare(tiers, identity, object_bytes));
  column->cells_->stored().KeepTail(tail);
  return column;
}

int64_t CachedColumn::memory_bytes() const {
  return cells_->resident_bytes();
}

CellRange CachedColumn::BlocksOf(uint64_t begin, uint64_t end) const {
  if (begin >= end) return {};
  const auto first = std::upper_bound(block_begins_.begin(), block_begins_.end(), begin);
  const auto last = std::lower_bound(block_begins_.begin(), block_begins_.end(), end);
  return {static_cast<uint32_t>(first - block_begins_.begin()) - 1,
          static_cast<uint32_t>(last - block_begins_.begin())};
}

std::vector<CellRange> CachedColumn::BlocksOfRows(std::span<const int64_t> rows) const {
  const auto width = static_cast<uint64_t>(view_.type.width());
  std::vector<CellRange> blocks;
  for (const int64_t row : rows) {
    const auto at = static_cast<uint64_t>(row);
    const CellRange range = width > 0 ? BlocksOf(at * width, (at + 1) * width)
                                      : BlocksOf(view_.offsets[at], view_.offsets[at + 1]);
    if (range.begin < range.end) blocks.push_back(range);
  }
  std::sort(blocks.begin(), blocks.end(),
            [](const CellRange& a, const CellRange& b) { return a.begin < b.begin; });
  std::vector<CellRange> merged;
  for (const CellRange& range : blocks) {
    if (!merged.empty() && range.begin <= merged.back().end) {
      merged.back().end = std::max(merged.back().end, range.end);
    } else {
      merged.push_back(range);
    }
  }
  return merged;
}

void CachedColumn::WantBlocks(std::vector<CellRange> blocks, TierWants& wants) const {
  const uint32_t first = mapped_ != nullptr ? first_mapped_ : 1;
  for (CellRange& range : blocks) {
    range.begin += first;
    range.end += first;
  }
  Want memory{cells_, {{kHead, 1}}};
  if (mapped_ != nullptr) {
    if (!blocks.empty()) wants.disk.push_back({mapped_, std::move(blocks)});
  } else if (cells_->num_cells() > 1) {
    for (const CellRange& range : blocks) {
      if (range.begin == memory.ranges.back().end) {
        memory.ranges.back().end = range.end;
      } else {
        memory.ranges.push_back(range);
      }
    }
  }
  wants.memory.push_back(std::move(memory));
}

void CachedColumn::WantAll(TierWants& wants) const {
  std::vector<CellRange> blocks;
  const auto count = static_cast<uint32_t>(block_begins_.size()) - 1;
  if (count > 0) blocks.push_back({0, count});
  WantBlocks(std::move(blocks), wants);
}

void CachedColumn::WantListedRows(std::span<const int64_t> rows, TierWants& wants) const {
  WantBlocks(BlocksOfRows(rows), wants);
}

void CachedColumn::WantHead(TierWants& wants) const {
  wants.memory.push_back({cells_, {{kHead, 1}}});
}

void CachedColumn::WantRows(std::span<const uint64_t> rows, TierWants& wants) const {
  const auto num_rows = std::min<uint64_t>(view_.num_rows, rows.size() * 64);
  const auto width = static_cast<uint64_t>(view_.type.width());
  // The first row that begins behind `byte`, or at it.
  const auto row_at = [&](uint64_t byte) {
    if (width > 0) return std::min((byte + width - 1) / width, num_rows);
    const uint64_t* const offsets = view_.offsets;
    return static_cast<uint64_t>(std::lower_bound(offsets, offsets + num_rows, byte) - offsets);
  };
  std::vector<CellRange> blocks;
  for (uint32_t block = 0; block + 1 < block_begins_.size(); ++block) {
    // A value may begin in the block before.
    const uint64_t first = row_at(block_begins_[block]);
    const bool cut = first >= num_rows ||
                     (width > 0 ? first * width : view_.offsets[first]) != block_begins_[block];
    const uint64_t begin = cut && first > 0 ? first - 1 : first;
    const uint64_t end = row_at(block_begins_[block + 1]);
    if (!AnyBit(rows, begin, end)) continue;
    if (!blocks.empty() && blocks.back().end == block) {
      ++blocks.back().end;
    } else {
      blocks.push_back({block, block + 1});
    }
  }
  WantBlocks(std::move(blocks), wants);
}

int64_t CachedColumn::bytes_away() const {
  const uint64_t resident = cells_->resident_bytes();
  const uint64_t all = cells_->total_bytes();
  return all > resident ? static_cast<int64_t>(all - resident) : 0;
}

absl::StatusOr<TierPins> CachedColumn::PinRows(std::span<const int64_t> rows,
                                               const Cancellation& cancellation,
                                               Waits* waits) const {
  TierWants wants;
  {
    TierPins head_pins;
    if (view_.type.width() == 0) {
      // Where values lie is in the head. It is let go again: who waits for room holds nothing.
      TierWants head;
      WantHead(head);
      ELANUS_ASSIGN_OR_RETURN(head_pins, std::move(head).Pin(tiers_, cancellation, waits));
    }
    WantListedRows(rows, wants);
  }
  return std::move(wants).Pin(tiers_, cancellation, waits);
}

absl::StatusOr<TierPins> CachedColumn::PinRange(int64_t begin, int64_t end,
                                                const Cancellation& cancellation,
                                                Waits* waits) const {
  const auto width = static_cast<uint64_t>(view_.type.width());
  const CellRange range =
      BlocksOf(static_cast<uint64_t>(begin) * width, static_cast<uint64_t>(end) * width);
  std::vector<CellRange> blocks;
  if (range.begin < range.end) blocks.push_back(range);
  TierWants wants;
  WantBlocks(std::move(blocks), wants);
  return std::move(wants).Pin(tiers_, cancellation, waits);
}

}  // namespace elanus::cache
