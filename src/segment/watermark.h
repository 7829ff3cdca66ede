#pragma once

#include <cstdint>
#include <deque>
#include <functional>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "common/cancellation.h"
#include "common/status.h"
#include "common/timestamp.h"

namespace elanus::segment {

// Which timestamps a replica has seen everything of.
//
// Writers take their timestamps through Begin and report each, in the same order, with Applied.
// Everything below the oldest write in flight is readable: no write at or before it is still to
// come. So a read sees every write acknowledged before it, and waits for no write that began after
// it.
//
// Threads: any.
class Watermark {
 public:
  // `allocate` gives ever larger timestamps.
  explicit Watermark(std::function<Timestamp()> allocate) : allocate_(std::move(allocate)) {}

  // A timestamp for a write that will be applied.
  Timestamp Begin() ABSL_LOCKS_EXCLUDED(mutex_);
  // All writes at or before `at` are applied (or have failed). Also for writes of an earlier life,
  // which did not Begin here.
  void Applied(Timestamp at) ABSL_LOCKS_EXCLUDED(mutex_);

  // The newest readable timestamp.
  Timestamp ReadTimestamp() ABSL_LOCKS_EXCLUDED(mutex_);
  // Waits until `guarantee` is readable and returns a readable timestamp at or after it.
  absl::StatusOr<Timestamp> WaitFor(Timestamp guarantee, const Cancellation& cancellation)
      ABSL_LOCKS_EXCLUDED(mutex_);
  // Waits until every write that began at or before `at` is applied. Writes that begin later may
  // only get timestamps above it.
  void WaitApplied(Timestamp at) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  Timestamp ReadTimestampLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::function<Timestamp()> allocate_;
  absl::Mutex mutex_;
  absl::CondVar moved_;
  std::deque<Timestamp> in_flight_ ABSL_GUARDED_BY(mutex_);  // Ascending.
};

}  // namespace elanus::segment
