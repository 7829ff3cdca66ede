// Hybrid timestamps: each above every one handed out before, by this process or an earlier one.
//
// A bound that lies ahead of all timestamps in use is kept in the store and moved forward before it
// is reached; after a restart timestamps begin there. The clock only pulls timestamps forward: when
// it steps back, they count on from the last one.
//
// When the store cannot be written (a full disk), timestamps stop following the clock and count up
// to the bound, which leaves room for 260,000 of them a millisecond of lease: reads and refusals
// stay possible for hours.
//
// Threads: any. Next() takes no lock unless the bound is near.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>

#include "common/clock.h"
#include "common/status.h"
#include "common/timestamp.h"
#include "coord/task_runner.h"
#include "meta/meta_store.h"

namespace elanus::coord {

class TimestampOracle {
 public:
  // `background` (may be empty) extends the lease ahead of need, so that Next() rarely waits.
  static absl::StatusOr<std::unique_ptr<TimestampOracle>> Open(const Clock& clock,
                                                               meta::MetaStore& store,
                                                               uint64_t lease_ms,
                                                               TaskRunner background);
  Timestamp Next();
  // Waits for a lease extension in the background; none starts afterwards.
  void Stop();

 private:
  TimestampOracle(const Clock& clock, meta::MetaStore& store, uint64_t lease_ms,
                  TaskRunner background)
      : clock_(clock), store_(store), lease_ms_(lease_ms), background_(std::move(background)) {}

  // Moves the bound to `lease_ms_` after `physical_ms`, unless somebody else did.
  absl::Status Extend(uint64_t physical_ms);
  void ExtendInBackground(uint64_t physical_ms);

  const Clock& clock_;
  meta::MetaStore& store_;
  const uint64_t lease_ms_;
  const TaskRunner background_;
  std::atomic<uint64_t> last_{0};
  std::atomic<uint64_t> bound_{0};  // Timestamps below it are covered by the store.
  std::atomic<bool> extending_{false};
  std::atomic<uint64_t> retry_at_ns_{0};  // After a failure the store is left alone until then.
  std::mutex extend_mutex_;               // One extension at a time.
  TaskGroup tasks_;
};

}  // namespace elanus::coord
