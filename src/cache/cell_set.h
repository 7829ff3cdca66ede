// What the cache keeps: sets of cells, each of which is there or not.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/cancellation.h"
#include "common/status.h"

namespace elanus::cache {

class CacheManager;

// What cells hold, as settings and metrics tell it apart.
enum class Kind : uint8_t { kScalarField, kVectorField, kScalarIndex, kVectorIndex };
inline constexpr size_t kNumKinds = 4;
std::string_view KindName(Kind kind);  // "scalar_field", ...

struct Identity {
  Kind kind = Kind::kScalarField;
  int64_t owner = 0;  // Whom the bytes are counted for: a collection.
  std::string name;   // The object, for people.
};

// The cells of one thing: the blocks of a column, an index. Held by shared_ptr; a set whose last
// holder lets go leaves its manager. Threads: Load and Drop come from any, never two for one cell
// at a time.
class CellSet : public std::enable_shared_from_this<CellSet> {
 public:
  CellSet(const CellSet&) = delete;
  CellSet& operator=(const CellSet&) = delete;
  virtual ~CellSet();

  const Identity& identity() const { return identity_; }
  uint32_t num_cells() const { return static_cast<uint32_t>(cells_.size()); }
  uint64_t bytes_of(uint32_t cell) const { return cells_[cell].bytes; }
  uint64_t total_bytes() const { return total_bytes_; }

 protected:
  // `bytes`: what each cell takes while it is there, at least about.
  CellSet(CacheManager& manager, Identity identity, std::span<const uint64_t> bytes);

  // Brings these cells, ascending, or none of them.
  virtual absl::Status Load(std::span<const uint32_t> cells, const Cancellation& cancellation) = 0;
  // Gives back what the cell holds.
  virtual void Drop(uint32_t cell) = 0;
  // What the cell takes now that it is loaded, if that is not what was said before.
  virtual uint64_t LoadedBytes(uint32_t cell) const { return cells_[cell].bytes; }
  // Cells that count as there (they take room) but must go through Load before use: what an earlier
  // process left. Called once, before anybody pins.
  void NoteLeftOver(std::span<const uint32_t> cells);

 private:
  friend class CacheManager;

  enum class State : uint8_t {
    kAbsent,
    kUnchecked,  // Takes room; to be loaded before use.
    kLoading,
    kResident,
    kDropping,
  };
  enum class Queue : uint8_t { kNone, kSmall, kMain };
  struct Ref {
    CellSet* set;
    uint32_t cell;
  };
  // All by the manager's mutex.
  struct Cell {
    uint64_t bytes = 0;
    uint64_t touched_ms = 0;
    uint64_t evicted_at = 0;  // Evictions of the owner by then; 0: never.
    std::list<Ref>::iterator place;
    uint32_t pins = 0;
    State state = State::kAbsent;
    Queue queue = Queue::kNone;
    uint8_t touches = 0;  // Up to 3, since it was looked at for eviction.
  };

  CacheManager& manager_;
  const Identity identity_;
  std::vector<Cell> cells_;
  uint64_t total_bytes_ = 0;
  uint32_t num_resident_ = 0;  // Cells in kResident.
  uint32_t whole_pins_ = 0;    // Pins of every cell, not counted in the cells.
  uint64_t touched_ms_ = 0;    // By whole pins.
};

}  // namespace elanus::cache
