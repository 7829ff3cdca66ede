// Cells for tests: what is loaded is counted, and loads can be made to fail.
#pragma once

#include <atomic>
#include <mutex>
#include <set>
#include <vector>

#include "cache/cache_manager.h"

namespace elanus::cache {

// Checks that a cell is loaded and dropped in turn, and never while it is pinned.
class TestCells final : public CellSet {
 public:
  TestCells(CacheManager& manager, int64_t owner, std::span<const uint64_t> bytes)
      : CellSet(manager, {Kind::kScalarField, owner, "set"}, bytes),
        there_(bytes.size()),
        loads_(bytes.size()) {}

  bool there(uint32_t cell) const { return there_[cell]; }
  int loads(uint32_t cell) const { return loads_[cell]; }
  int mistakes() const { return mistakes_; }
  std::atomic<bool> failing{false};

 protected:
  absl::Status Load(std::span<const uint32_t> cells, const Cancellation&) override {
    if (failing) return RetryableError(ErrorCode::kIoFailed, "the store is down");
    for (const uint32_t cell : cells) {
      if (there_[cell].exchange(true)) ++mistakes_;
      ++loads_[cell];
    }
    return absl::OkStatus();
  }
  void Drop(uint32_t cell) override {
    if (!there_[cell].exchange(false)) ++mistakes_;
  }

 private:
  std::vector<std::atomic<bool>> there_;
  std::vector<std::atomic<int>> loads_;
  std::atomic<int> mistakes_{0};
};

}  // namespace elanus::cache
