// An object of the store, cut into blocks that are fetched by themselves and kept on local disk.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cache/cache_directory.h"
#include "cache/cache_manager.h"
#include "storage/object_store.h"

namespace elanus::cache {

// The tiers of this process. All pointers are borrowed and outlive what is cached.
struct Tiers {
  storage::ObjectStore* store = nullptr;
  CacheManager* memory = nullptr;
  CacheManager* disk = nullptr;         // Null: nothing is kept on disk.
  CacheDirectory* directory = nullptr;  // Of `disk`.
  Executor* io = nullptr;               // Waits for the store; null: whoever asks does.
  MetricRegistry* metrics = nullptr;
  bool map_vectors = false;  // Vector columns are mapped from their cache file, if there is one.
};

// The end of an object, of which only the end itself says how long it is: `bytes_of` is asked with
// what was read so far. One request, or two where that is long. Not verified.
absl::StatusOr<std::string> FetchTail(
    const Tiers& tiers, const std::string& key, uint64_t object_bytes,
    const std::function<absl::StatusOr<uint64_t>(std::string_view)>& bytes_of,
    const Cancellation& cancellation);

// Bytes of an object with their checksum.
struct Extent {
  uint64_t offset = 0;
  uint32_t bytes = 0;
  uint32_t crc = 0;     // CRC32C.
  bool checked = true;  // False: there is none; who uses the bytes verifies them.
};

// Two tiers' pins of one request.
struct TierPins {
  Pins disk;
  Pins memory;
};

// What a request wants of both tiers.
struct TierWants {
  std::vector<Want> disk;
  std::vector<Want> memory;

  // The one way to pin in both: disk before memory, so that no two requests wait for each other.
  absl::StatusOr<TierPins> Pin(const Tiers& tiers, const Cancellation& cancellation,
                               Waits* waits) &&;
  // The same, but fails at once where there is no room: also for those who hold pins already.
  absl::StatusOr<TierPins> PinNow(const Tiers& tiers, const Cancellation& cancellation,
                                  Waits* waits) &&;

 private:
  using PinCells = decltype(&CacheManager::Pin);
  absl::StatusOr<TierPins> PinBy(PinCells pin, const Tiers& tiers, const Cancellation& cancellation,
                                 Waits* waits) &&;
};

// Threads: any.
class StoredObject {
 public:
  // `extents`: ascending, not overlapping.
  StoredObject(const Tiers& tiers, Identity identity, uint64_t object_bytes,
               std::vector<Extent> extents);

  using Take = std::function<absl::Status(uint32_t extent, std::string_view bytes)>;
  // Hands over the bytes of these extents (ascending), verified: from disk if they are there, else
  // from the store, and then they are on disk too if there is room. A disk that fails costs speed
  // only. Damage in the store: kDataIntegrity with key and offset.
  absl::Status Read(std::span<const uint32_t> extents, const Cancellation& cancellation,
                    const Take& take) const;

  // Brings all of it to local disk, if there is room now. What fails is for readers to find.
  void Prefetch(const Cancellation& cancellation) const;

  // Where the object lies in memory once its extents are pinned in `tiers.disk`; null if it is not
  // on disk.
  const uint8_t* mapped() const { return mapped_; }
  const Identity& identity() const { return identity_; }
  uint64_t object_bytes() const { return object_bytes_; }
  // The extents as cells of the disk tier; null if there is none.
  const std::shared_ptr<CellSet>& cells() const { return cells_; }
  // Keeps the object's last bytes for the next process.
  void KeepTail(std::string_view tail) const;
  // The bytes on disk turned out to be damaged.
  void DiscardAll() const;

 private:
  class Cells;

  const Tiers tiers_;
  const Identity identity_;
  const uint64_t object_bytes_;
  const std::shared_ptr<const std::vector<Extent>> extents_;
  std::shared_ptr<CellSet> cells_;
  Cells* disk_ = nullptr;  // cells_.
  const uint8_t* mapped_ = nullptr;
};

}  // namespace elanus::cache
