// Tiers with little room over a store, for tests of what is read through them.
#pragma once

#include <memory>

#include "common/clock.h"
#include "segment/sealed_segment.h"

namespace elanus::segment {

// Everything that is not pinned is gone the next time: nothing stays by luck.
class TightTiers {
 public:
  explicit TightTiers(storage::ObjectStore& store, uint64_t memory_bytes = 1 << 20)
      : memory_(std::make_unique<cache::CacheManager>(
            cache::CacheManager::Options{.tier = "memory",
                                         .budget_key = "elanus.cache.memory",
                                         .bytes_high = memory_bytes,
                                         .bytes_low = 0,
                                         .ttl_ms = 0,
                                         .wait_ms = 1000},
            SystemClock(), nullptr, nullptr)),
        tiers_{.store = &store, .memory = memory_.get()} {}

  TierOptions options() const { return {&tiers_, 1}; }
  cache::CacheManager& memory() { return *memory_; }

 private:
  const std::unique_ptr<cache::CacheManager> memory_;
  const cache::Tiers tiers_;
};

}  // namespace elanus::segment
