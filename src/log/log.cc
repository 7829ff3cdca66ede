#include "log/log.h"

#include "absl/synchronization/notification.h"

namespace elanus::log {

absl::StatusOr<Position> Log::AppendAndWait(std::string record) {
  absl::Notification finished;
  absl::StatusOr<Position> result;
  Append(std::move(record), [&](absl::StatusOr<Position> position) {
    result = std::move(position);
    finished.Notify();
  });
  finished.WaitForNotification();
  return result;
}

}  // namespace elanus::log
