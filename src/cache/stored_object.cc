#include "cache/stored_object.h"

#include <algorithm>

#include "common/logging.h"
#include "common/metric_families.h"
#include "storage/crc32c.h"

namespace elanus::cache {
namespace {

// Extents so near to each other are one request: less than what a request costs.
constexpr uint64_t kGapBytes = 16 << 10;
// One request, so that several are under way for a large object.
constexpr uint64_t kRequestBytes = 8 << 20;
// In flight for one caller.
constexpr uint64_t kBatchBytes = 64 << 20;
constexpr int kFetchesMax = 4;  // Of a block that does not fit its checksum.
constexpr int kWritesMax = 4;   // Of a block to a disk that is full.

// Neighbouring extents that are read together.
struct Run {
  uint64_t offset = 0;
  uint64_t bytes = 0;
  std::vector<uint32_t> extents;
};

std::vector<Run> RunsOf(const std::vector<Extent>& all, std::span<const uint32_t> wanted) {
  std::vector<Run> runs;
  for (const uint32_t i : wanted) {
    const Extent& extent = all[i];
    const uint64_t end = extent.offset + extent.bytes;
    if (!runs.empty()) {
      Run& last = runs.back();
      const uint64_t last_end = last.offset + last.bytes;
      if (extent.offset >= last_end && extent.offset - last_end <= kGapBytes &&
          end - last.offset <= kRequestBytes) {
        last.bytes = end - last.offset;
        last.extents.push_back(i);
        continue;
      }
    }
    runs.push_back({extent.offset, extent.bytes, {i}});
  }
  return runs;
}

bool IsIntact(const Extent& extent, std::string_view bytes) {
  return !extent.checked || storage::Crc32c(bytes) == extent.crc;
}

// Reads extents of one object from the store.
class Fetcher {
 public:
  Fetcher(const Tiers& tiers, const Identity& identity, const std::vector<Extent>& extents,
          const Cancellation& cancellation)
      : tiers_(tiers), identity_(identity), extents_(extents), cancellation_(cancellation) {}

  absl::Status Fetch(std::span<const uint32_t> wanted, const StoredObject::Take& take) const {
    const std::vector<Run> runs = RunsOf(extents_, wanted);
    for (size_t begin = 0; begin < runs.size();) {
      size_t end = begin;
      uint64_t bytes = 0;
      do {
        bytes += runs[end++].bytes;
      } while (end < runs.size() && bytes + runs[end].bytes <= kBatchBytes);
      ELANUS_RETURN_IF_ERROR(FetchBatch(std::span(runs).subspan(begin, end - begin), take));
      begin = end;
    }
    return absl::OkStatus();
  }

 private:
  absl::Status FetchBatch(std::span<const Run> runs, const StoredObject::Take& take) const {
    std::vector<std::string> buffers(runs.size());
    std::vector<storage::BlockReader::Read> reads;
    for (size_t i = 0; i < runs.size(); ++i) {
      buffers[i].resize(runs[i].bytes);
      reads.push_back({runs[i].offset, WritableOf(buffers[i])});
    }
    ELANUS_RETURN_IF_ERROR(ReadRanges(reads));
    for (size_t i = 0; i < runs.size(); ++i) {
      for (const uint32_t e : runs[i].extents) {
        const Extent& extent = extents_[e];
        const std::string_view bytes =
            std::string_view(buffers[i]).substr(extent.offset - runs[i].offset, extent.bytes);
        if (IsIntact(extent, bytes)) {
          ELANUS_RETURN_IF_ERROR(take(e, bytes));
        } else {
          ELANUS_RETURN_IF_ERROR(FetchAgain(e, take));
        }
      }
    }
    return absl::OkStatus();
  }

  // Bytes that were damaged on the way are good the next time.
  absl::Status FetchAgain(uint32_t index, const StoredObject::Take& take) const {
    const Extent& extent = extents_[index];
    std::string bytes(extent.bytes, '\0');
    const storage::BlockReader::Read read{extent.offset, WritableOf(bytes)};
    for (int fetches = 1; fetches < kFetchesMax; ++fetches) {
      ELANUS_RETURN_IF_ERROR(ReadRanges({&read, 1}));
      if (IsIntact(extent, bytes)) return take(index, bytes);
    }
    return InternalError(ErrorCode::kDataIntegrity,
                         "object is damaged: {} at offset {}: block checksum differs",
                         identity_.name, extent.offset);
  }

  static std::span<uint8_t> WritableOf(std::string& bytes) {
    return {reinterpret_cast<uint8_t*>(bytes.data()), bytes.size()};
  }

  absl::Status ReadRanges(std::span<const storage::BlockReader::Read> reads) const {
    uint64_t bytes = 0;
    for (const auto& read : reads) bytes += read.into.size();
    ELANUS_RETURN_IF_ERROR(tiers_.store->ReadRanges(identity_.name, reads, cancellation_));
    cancellation_.NoteFetched(bytes);
    if (tiers_.metrics != nullptr) {
      tiers_.metrics->GetCounter(metric::kCacheFetchedBytes, {KindName(identity_.kind)})
          ->Add(bytes);
    }
    return absl::OkStatus();
  }

  const Tiers& tiers_;
  const Identity& identity_;
  const std::vector<Extent>& extents_;
  const Cancellation& cancellation_;
};

std::vector<uint64_t> SizesOf(const std::vector<Extent>& extents) {
  std::vector<uint64_t> bytes;
  for (const Extent& extent : extents) bytes.push_back(extent.bytes);
  return bytes;
}

std::vector<CellRange> RangesOf(std::span<const uint32_t> ascending) {
  std::vector<CellRange> ranges;
  for (const uint32_t i : ascending) {
    if (!ranges.empty() && ranges.back().end == i) {
      ++ranges.back().end;
    } else {
      ranges.push_back({i, i + 1});
    }
  }
  return ranges;
}

}  // namespace

class StoredObject::Cells final : public CellSet {
 public:
  Cells(const Tiers& tiers, const Identity& identity,
        std::shared_ptr<const std::vector<Extent>> extents,
        std::unique_ptr<CacheDirectory::File> file)
      : CellSet(*tiers.disk, identity, SizesOf(*extents)),
        tiers_(tiers),
        extents_(std::move(extents)),
        file_(std::move(file)) {}

  // Once, when somebody holds this.
  void FindLeftOver() {
    if (!file()->was_there()) return;
    std::vector<uint32_t> found;
    for (uint32_t i = 0; i < num_cells(); ++i) {
      if (file()->HasData((*extents_)[i].offset, (*extents_)[i].bytes)) found.push_back(i);
    }
    NoteLeftOver(found);
  }

  // False: what is on disk is not what it should be.
  bool ReadIntact(uint32_t extent, std::string& bytes) const {
    const Extent& at = (*extents_)[extent];
    bytes.resize(at.bytes);
    return file()->Read(at.offset, {reinterpret_cast<uint8_t*>(bytes.data()), bytes.size()}).ok() &&
           IsIntact(at, bytes);
  }
  SparseFile* file() const { return &**file_; }

 protected:
  absl::Status Load(std::span<const uint32_t> cells, const Cancellation& cancellation) override {
    std::vector<uint32_t> missing;
    std::string bytes;
    for (const uint32_t i : cells) {
      const Extent& extent = (*extents_)[i];
      const bool there = file()->was_there() && file()->HasData(extent.offset, extent.bytes);
      if (there && ReadIntact(i, bytes)) {
        cancellation.NoteHere(extent.bytes);
      } else {
        missing.push_back(i);
      }
    }
    const absl::Status status = Fetcher(tiers_, identity(), *extents_, cancellation)
                                    .Fetch(missing, [&](uint32_t i, std::string_view fetched) {
                                      return Keep((*extents_)[i].offset, fetched);
                                    });
    if (!status.ok()) {
      for (const uint32_t i : cells) Drop(i);
    }
    return status;
  }

  void Drop(uint32_t cell) override {
    file()->PunchHole((*extents_)[cell].offset, (*extents_)[cell].bytes);
  }

 private:
  absl::Status Keep(uint64_t offset, std::string_view bytes) {
    absl::Status written = file()->Write(offset, bytes);
    // Others use the disk, too, so that it may be full below the budget: then older cells go.
    for (int tries = 0; !written.ok() && tries < kWritesMax; ++tries) {
      if (CodeOf(written) != ErrorCode::kDiskLimitExceeded) break;
      if (tiers_.disk->MakeRoom(2 * bytes.size()) == 0) break;
      written = file()->Write(offset, bytes);
    }
    if (written.ok()) return written;
    ELANUS_LOG_EVERY(60, Warn, "cells cannot be kept on local disk; they are read from the store",
                     Field("reason", written));
    return RetryableError(ErrorCode::kDiskLimitExceeded, "{}", MessageOf(written));
  }

  const Tiers tiers_;
  const std::shared_ptr<const std::vector<Extent>> extents_;
  const std::unique_ptr<CacheDirectory::File> file_;
};

StoredObject::StoredObject(const Tiers& tiers, Identity identity, uint64_t object_bytes,
                           std::vector<Extent> extents)
    : tiers_(tiers),
      identity_(std::move(identity)),
      object_bytes_(object_bytes),
      extents_(std::make_shared<const std::vector<Extent>>(std::move(extents))) {
  if (tiers_.disk == nullptr || object_bytes_ == 0) return;
  auto file = tiers_.directory->Claim(identity_.name, object_bytes_);
  if (!file.ok()) {
    ELANUS_LOG_EVERY(60, Warn, "no cache file; cells are read from the store",
                     Field("object", identity_.name), Field("reason", file.status()));
    return;
  }
  if (tiers_.map_vectors && identity_.kind == Kind::kVectorField) {
    const auto mapped = (**file)->Map();
    if (mapped.ok()) mapped_ = *mapped;
  }
  auto cells = std::make_shared<Cells>(tiers_, identity_, extents_, *std::move(file));
  cells->FindLeftOver();
  disk_ = cells.get();
  cells_ = std::move(cells);
}

void StoredObject::KeepTail(std::string_view tail) const {
  if (disk_ == nullptr) return;
  const uint64_t offset = object_bytes_ - tail.size();
  if (disk_->file()->was_there() && disk_->file()->HasData(offset, tail.size())) return;
  disk_->file()->Write(offset, tail).IgnoreError();  // Read from the store the next time.
}

void StoredObject::Prefetch(const Cancellation& cancellation) const {
  if (disk_ == nullptr) return;
  const CellRange all{0, static_cast<uint32_t>(extents_->size())};
  const auto read = std::make_shared<ReadBytes>();
  tiers_.disk->PinNow({{cells_, {all}}}, cancellation.Counted(read)).status().IgnoreError();
  cancellation.NoteFetchedAhead(read->fetched);
}

absl::Status StoredObject::Read(std::span<const uint32_t> extents, const Cancellation& cancellation,
                                const Take& take) const {
  const Fetcher fetcher(tiers_, identity_, *extents_, cancellation);
  if (disk_ == nullptr) return fetcher.Fetch(extents, take);
  std::vector<uint32_t> damaged;
  {
    // Who waits for room in memory must not wait for room on disk as well.
    const auto pins = tiers_.disk->PinNow({{cells_, RangesOf(extents)}}, cancellation);
    if (CodeOf(pins.status()) == ErrorCode::kDiskLimitExceeded) return fetcher.Fetch(extents, take);
    ELANUS_RETURN_IF_ERROR(pins.status());
    std::string bytes;
    for (const uint32_t extent : extents) {
      if (disk_->ReadIntact(extent, bytes)) {
        ELANUS_RETURN_IF_ERROR(take(extent, bytes));
      } else {
        damaged.push_back(extent);
      }
    }
  }
  if (damaged.empty()) return absl::OkStatus();
  ELANUS_LOG(Warn, "cells on local disk are damaged; they are fetched again",
             Field("object", identity_.name), Field("cells", damaged.size()));
  for (const uint32_t extent : damaged) (void)tiers_.disk->Discard(*cells_, extent);
  return fetcher.Fetch(damaged, take);
}

void StoredObject::DiscardAll() const {
  if (disk_ == nullptr) return;
  for (uint32_t i = 0; i < disk_->num_cells(); ++i) (void)tiers_.disk->Discard(*cells_, i);
}

absl::StatusOr<std::string> FetchTail(
    const Tiers& tiers, const std::string& key, uint64_t object_bytes,
    const std::function<absl::StatusOr<uint64_t>(std::string_view)>& bytes_of,
    const Cancellation& cancellation) {
  constexpr uint64_t kFirstBytes = 32 << 10;
  std::string tail;
  for (uint64_t bytes = kFirstBytes;;) {
    tail.resize(std::min(bytes, object_bytes));
    const storage::BlockReader::Read read{object_bytes - tail.size(),
                                          {reinterpret_cast<uint8_t*>(tail.data()), tail.size()}};
    ELANUS_RETURN_IF_ERROR(tiers.store->ReadRanges(key, {&read, 1}, cancellation));
    cancellation.NoteFetched(read.into.size());
    ELANUS_ASSIGN_OR_RETURN(bytes, bytes_of(tail));
    if (bytes <= tail.size()) return tail.substr(tail.size() - bytes);
  }
}

absl::StatusOr<TierPins> TierWants::PinBy(PinCells pin, const Tiers& tiers,
                                          const Cancellation& cancellation, Waits* waits) && {
  TierPins pins;
  if (!disk.empty()) {
    ELANUS_ASSIGN_OR_RETURN(pins.disk, (tiers.disk->*pin)(std::move(disk), cancellation, waits));
  }
  if (!memory.empty()) {
    ELANUS_ASSIGN_OR_RETURN(pins.memory,
                            (tiers.memory->*pin)(std::move(memory), cancellation, waits));
  }
  return pins;
}

absl::StatusOr<TierPins> TierWants::Pin(const Tiers& tiers, const Cancellation& cancellation,
                                        Waits* waits) && {
  return std::move(*this).PinBy(&CacheManager::Pin, tiers, cancellation, waits);
}

absl::StatusOr<TierPins> TierWants::PinNow(const Tiers& tiers, const Cancellation& cancellation,
                                           Waits* waits) && {
  return std::move(*this).PinBy(&CacheManager::PinNow, tiers, cancellation, waits);
}

}  // namespace elanus::cache
