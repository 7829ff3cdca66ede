#include "coord/timestamp_oracle.h"

#include <algorithm>

#include "common/check.h"
#include "common/crash_point.h"
#include "coord/crash_points.h"
#include "meta/catalog_keys.h"
#include "meta/codec.h"

namespace elanus::coord {
namespace {
constexpr uint64_t kRetryIntervalNs = 100'000'000;
// Beyond any clock: more than a thousand years ahead.
constexpr uint64_t kBoundMax = uint64_t{1} << 63;
}  // namespace

absl::StatusOr<std::unique_ptr<TimestampOracle>> TimestampOracle::Open(const Clock& clock,
                                                                       meta::MetaStore& store,
                                                                       uint64_t lease_ms,
                                                                       TaskRunner background) {
  std::unique_ptr<TimestampOracle> oracle(
      new TimestampOracle(clock, store, lease_ms, std::move(background)));
  ELANUS_ASSIGN_OR_RETURN(const std::optional<std::string> row, store.Get(meta::kTimeBoundKey));
  if (row.has_value()) {
    ELANUS_ASSIGN_OR_RETURN(const uint64_t bound, meta::DecodeNumber(meta::kTimeBoundKey, *row));
    if (bound >= kBoundMax) {
      return InternalError(ErrorCode::kDataIntegrity, "the catalog is damaged: {}: {} is no time",
                           meta::kTimeBoundKey, bound);
    }
    oracle->bound_ = bound;
    oracle->last_ = bound;
  }
  ELANUS_RETURN_IF_ERROR(
      oracle->Extend(std::max(clock.WallMs(), PhysicalMs(Timestamp(oracle->last_.load())))));
  return oracle;
}

Timestamp TimestampOracle::Next() {
  const uint64_t wall = clock_.WallMs();
  uint64_t last = last_.load(std::memory_order_relaxed);
  for (;;) {
    const uint64_t bound = bound_.load(std::memory_order_acquire);
    uint64_t next = std::max(last + 1, MakeTimestamp(wall).value());
    if (next >= bound) {
      // Waits for the disk; a failure shows below as a bound that did not move.
      const bool extended = clock_.MonotonicNs() >= retry_at_ns_.load(std::memory_order_relaxed) &&
                            Extend(PhysicalMs(Timestamp(next))).ok();
      last = last_.load(std::memory_order_relaxed);
      if (extended) continue;
      next = last + 1;
      // Going on would hand out timestamps twice after a restart.
      ELANUS_CHECK(next < bound_.load(std::memory_order_acquire));
    }
    if (last_.compare_exchange_weak(last, next, std::memory_order_acq_rel)) {
      const uint64_t physical = PhysicalMs(Timestamp(next));
      if (PhysicalMs(Timestamp(bound)) < physical + lease_ms_ / 2) ExtendInBackground(physical);
      return Timestamp(next);
    }
  }
}

void TimestampOracle::ExtendInBackground(uint64_t physical_ms) {
  if (background_ == nullptr || extending_.exchange(true)) return;
  const bool submitted = tasks_.Run(background_, [this, physical_ms] {
    // A failure shows when the bound is reached.
    (void)Extend(physical_ms).ok();
    extending_ = false;
  });
  if (!submitted) extending_ = false;
}

absl::Status TimestampOracle::Extend(uint64_t physical_ms) {
  std::lock_guard lock(extend_mutex_);
  const uint64_t wanted = MakeTimestamp(physical_ms + lease_ms_).value();
  // Others waited for the same: whoever came first moved the bound far enough.
  if (bound_.load(std::memory_order_relaxed) >=
      MakeTimestamp(physical_ms + lease_ms_ / 2 + 1).value()) {
    return absl::OkStatus();
  }
  CrashPoint(kTimeLeaseBefore);
  meta::Transaction transaction;
  transaction.Put(meta::kTimeBoundKey, meta::EncodeNumber(wanted));
  const absl::StatusOr<bool> committed = store_.Commit(transaction);
  if (!committed.ok()) {
    retry_at_ns_.store(clock_.MonotonicNs() + kRetryIntervalNs, std::memory_order_relaxed);
    return committed.status();
  }
  ELANUS_CHECK(*committed);
  CrashPoint(kTimeLeaseAfter);
  bound_.store(wanted, std::memory_order_release);
  return absl::OkStatus();
}

void TimestampOracle::Stop() {
  tasks_.Stop();
}

}  // namespace elanus::coord
