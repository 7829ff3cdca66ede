#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "common/clock.h"
#include "common/status.h"

namespace elanus {

// Whether the caller still wants the answer: a flag that the transport sets and a deadline.
// Inner loops ask every few thousand steps. Cheap to copy; copies share the flag. Threads: any.
class Cancellation {
 public:
  // Never cancelled.
  Cancellation() = default;
  // `flag` may be null; `deadline_ns` is on `clock`'s MonotonicNs scale, 0 = none.
  Cancellation(std::shared_ptr<const std::atomic<bool>> flag, uint64_t deadline_ns,
               const Clock* clock = nullptr)
      : flag_(std::move(flag)), deadline_ns_(deadline_ns), clock_(clock) {}

  bool cancelled() const {
    return (flag_ != nullptr && flag_->load(std::memory_order_relaxed)) || expired();
  }
  bool expired() const {
    return deadline_ns_ != 0 &&
           (clock_ != nullptr ? clock_->MonotonicNs() : SystemClock().MonotonicNs()) >= deadline_ns_;
  }
  uint64_t deadline_ns() const { return deadline_ns_; }
  // OK, or the error for the client.
  absl::Status Check() const {
    if (!cancelled()) return absl::OkStatus();
    return expired() ? UserError(ErrorCode::kDeadlineExceeded, "context deadline exceeded")
                     : UserError(ErrorCode::kCancelled, "context canceled");
  }

 private:
  std::shared_ptr<const std::atomic<bool>> flag_;
  uint64_t deadline_ns_ = 0;
  const Clock* clock_ = nullptr;
};

}  // namespace elanus
