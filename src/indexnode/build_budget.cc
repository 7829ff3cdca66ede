#include "indexnode/build_budget.h"

#include <chrono>

namespace elanus::indexnode {
namespace {

constexpr auto kLookForCancellation = std::chrono::milliseconds(50);

int64_t Megabytes(int64_t bytes) {
  return (bytes + (1 << 20) - 1) >> 20;
}

}  // namespace

absl::StatusOr<BuildBudget::Reservation> BuildBudget::Reserve(
    int64_t bytes, const Cancellation& cancellation,
    const std::function<void(const std::string&)>& waiting) {
  if (bytes > bytes_max_) {
    return UserError(ErrorCode::kParameterTooLarge,
                     "the index build would take {} MB of memory, builds may take {} MB "
                     "(elanus.indexBuild.memory)",
                     Megabytes(bytes), Megabytes(bytes_max_));
  }
  std::unique_lock lock(mutex_);
  const auto place = line_.insert(next_ticket_++).first;
  const auto fits = [&] { return place == line_.begin() && reserved_ + bytes <= bytes_max_; };
  if (!fits() && waiting) {
    waiting(fmt::format("waiting for memory: it would take {} MB, other builds hold {} of {} MB",
                        Megabytes(bytes), Megabytes(reserved_), Megabytes(bytes_max_)));
  }
  absl::Status cancelled;
  while (cancelled.ok() && !fits()) {
    freed_.wait_for(lock, kLookForCancellation);
    cancelled = cancellation.Check();
  }
  line_.erase(place);
  freed_.notify_all();
  if (!cancelled.ok()) return cancelled;
  reserved_ += bytes;
  return Reservation(*this, bytes);
}

void BuildBudget::Release(int64_t bytes) {
  std::lock_guard lock(mutex_);
  reserved_ -= bytes;
  freed_.notify_all();
}

}  // namespace elanus::indexnode
