// The rows of a tiered vector column that one search reads, pinned as it asks for them.
#pragma once

#include <vector>

#include "cache/cached_column.h"
#include "index/vector_index.h"

namespace elanus::segment {

// Whoever holds pins must not wait for room. So what a search asks for while it runs is pinned only
// if there is room at once; else the search fails, ran_out() is true, and the caller lets go of
// everything and begins again with Wants(), which has what was asked for. Threads: one.
class ColumnPins final : public index::RowPins {
 public:
  // All borrowed. Of dense vectors; other columns are wanted whole.
  ColumnPins(const cache::CachedColumn& column, const cache::Tiers& tiers,
             const Cancellation& cancellation, cache::Waits* waits)
      : column_(column), tiers_(tiers), cancellation_(cancellation), waits_(waits) {}

  // Lets go of all rows. What the search is to hold from its beginning.
  cache::TierWants Wants();
  void WantAll() { all_ = true; }
  bool all() const { return all_; }
  bool ran_out() const { return ran_out_; }

  absl::Status Pin(std::span<const uint32_t> rows) override;
  absl::Status PinAll() override;

 private:
  absl::Status PinNow(cache::TierWants wants);

  const cache::CachedColumn& column_;
  const cache::Tiers& tiers_;
  const Cancellation& cancellation_;
  cache::Waits* const waits_;
  std::vector<int64_t> rows_;  // Asked for.
  bool all_ = false;
  bool ran_out_ = false;
  std::vector<cache::TierPins> pins_;
};

}  // namespace elanus::segment
