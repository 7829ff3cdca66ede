#include "segment/watermark.h"

#include <algorithm>

#include "absl/time/clock.h"

namespace elanus::segment {

Timestamp Watermark::Begin() {
  absl::MutexLock lock(&mutex_);
  in_flight_.push_back(allocate_());
  return in_flight_.back();
}

void Watermark::Applied(Timestamp at) {
  absl::MutexLock lock(&mutex_);
  while (!in_flight_.empty() && in_flight_.front() <= at) in_flight_.pop_front();
  moved_.SignalAll();
}

Timestamp Watermark::ReadTimestampLocked() {
  // Just below the oldest write in flight everything is applied, whenever that was.
  return in_flight_.empty() ? allocate_() : Timestamp(in_flight_.front().value() - 1);
}

Timestamp Watermark::ReadTimestamp() {
  absl::MutexLock lock(&mutex_);
  return ReadTimestampLocked();
}

absl::StatusOr<Timestamp> Watermark::WaitFor(Timestamp guarantee,
                                             const Cancellation& cancellation) {
  absl::MutexLock lock(&mutex_);
  for (;;) {
    const Timestamp readable = ReadTimestampLocked();
    if (readable >= guarantee) return readable;
    ELANUS_RETURN_IF_ERROR(cancellation.Check());
    // A write in flight wakes us; a guarantee ahead of the clock is asked again soon.
    moved_.WaitWithTimeout(&mutex_, absl::Milliseconds(5));
  }
}

void Watermark::WaitApplied(Timestamp at) {
  absl::MutexLock lock(&mutex_);
  while (!in_flight_.empty() && in_flight_.front() <= at) moved_.Wait(&mutex_);
}

}  // namespace elanus::segment
