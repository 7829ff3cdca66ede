#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

#include "common/clock.h"
#include "common/status.h"

namespace elanus {

// What one request reads of objects of a remote store, where somebody wants to know. Threads: any.
struct ReadBytes {
  std::atomic<uint64_t> fetched{0};  // Read from the store.
  std::atomic<uint64_t> total{0};    // These, and what was here: memory, local disk.
};

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
    return deadline_ns_ != 0 && (clock_ != nullptr ? clock_->MonotonicNs()
                                                   : SystemClock().MonotonicNs()) >= deadline_ns_;
  }
  uint64_t deadline_ns() const { return deadline_ns_; }

  // The same, and what is read for the caller is counted.
  Cancellation Counted(std::shared_ptr<ReadBytes> bytes) const {
    Cancellation counted = *this;
    counted.bytes_ = std::move(bytes);
    return counted;
  }
  // Never cancelled, for work that others share; counted as this.
  Cancellation Endless() const { return Cancellation().Counted(bytes_); }
  void NoteFetched(uint64_t bytes) const {
    if (bytes_ == nullptr) return;
    bytes_->fetched.fetch_add(bytes, std::memory_order_relaxed);
    NoteHere(bytes);
  }
  // Who reads them now finds them here.
  void NoteFetchedAhead(uint64_t bytes) const {
    if (bytes_ != nullptr) bytes_->fetched.fetch_add(bytes, std::memory_order_relaxed);
  }
  void NoteHere(uint64_t bytes) const {
    if (bytes_ != nullptr) bytes_->total.fetch_add(bytes, std::memory_order_relaxed);
  }
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
  std::shared_ptr<ReadBytes> bytes_;
};

}  // namespace elanus
