#include "coord/index_scheduler.h"

#include <algorithm>

#include "common/logging.h"

namespace elanus::coord {
namespace {

// The machine lacks something now that it may have later.
bool IsShortage(ErrorCode code) {
  return code == ErrorCode::kDiskLimitExceeded || code == ErrorCode::kMemoryLimitExceeded ||
         KindOf(code) == ErrorKind::kRetryable;
}

bool MayPass(ErrorCode code) {
  return IsShortage(code) || code == ErrorCode::kIoFailed;
}

}  // namespace

void IndexScheduler::Add(SegmentId segment, IndexId index) {
  {
    std::lock_guard lock(mutex_);
    queue_.emplace_back(segment, index);
  }
  RetryParked();
}

void IndexScheduler::RetryParked() {
  {
    std::lock_guard lock(mutex_);
    queue_.insert(queue_.end(), parked_.begin(), parked_.end());
    parked_.clear();
  }
  StartMore();
}

void IndexScheduler::StartMore() {
  for (;;) {
    {
      std::lock_guard lock(mutex_);
      const size_t wanted = std::min<size_t>(queue_.size() + running_.size(), options_.parallel);
      if (stopping_ || static_cast<size_t>(num_workers_) >= wanted) return;
      ++num_workers_;
    }
    if (tasks_.Run(runner_, [this] { RunOne(); })) continue;
    std::lock_guard lock(mutex_);
    --num_workers_;
    return;
  }
}

void IndexScheduler::RunOne() {
  Key key;
  std::shared_ptr<std::atomic<bool>> cancelled;
  {
    std::lock_guard lock(mutex_);
    // A key that is being built right now stays queued behind the others.
    const auto next = std::find_if(queue_.begin(), queue_.end(),
                                   [this](Key queued) { return !running_.contains(queued); });
    if (stopping_ || next == queue_.end()) {
      --num_workers_;
      return;
    }
    key = *next;
    queue_.erase(next);
    cancelled = running_[key].cancelled;
  }
  Build(key, cancelled);
  {
    std::lock_guard lock(mutex_);
    running_.erase(key);
    --num_workers_;
  }
  // One build a task, so that other work on the same threads gets its turn.
  StartMore();
}

void IndexScheduler::Build(Key key, const std::shared_ptr<std::atomic<bool>>& cancelled) {
  const std::optional<roles::BuildTask> task = catalog_.prepare(key.first, key.second);
  if (!task.has_value()) {
    std::lock_guard lock(mutex_);
    attempts_.erase(key);
    return;
  }
  const Cancellation cancellation(cancelled, 0);
  const absl::StatusOr<roles::BuildResult> result = node_.Build(*task, cancellation, [](double) {});
  if (!result.ok()) {
    if (CodeOf(result.status()) != ErrorCode::kCancelled) {
      ELANUS_LOG_EVERY(10, Warn, "index build failed", Field("segment", key.first.value()),
                       Field("index", key.second.value()), Field("reason", result.status()));
    }
    if (!IsFinal(key, result.status())) return;
  }
  const absl::Status recorded = catalog_.finish(*task, result);
  if (!recorded.ok()) {
    (void)IsFinal(key, recorded);
    return;
  }
  std::lock_guard lock(mutex_);
  attempts_.erase(key);
}

bool IndexScheduler::IsFinal(Key key, const absl::Status& status) {
  const ErrorCode code = CodeOf(status);
  std::lock_guard lock(mutex_);
  // Whoever cancelled it does not want it, or stops the server: then it is pending at the next
  // start.
  if (code == ErrorCode::kCancelled || stopping_) {
    attempts_.erase(key);
    return false;
  }
  if (!MayPass(code)) return true;
  if (++attempts_[key] < options_.attempts_max) {
    queue_.push_back(key);
    return false;
  }
  attempts_.erase(key);
  if (!IsShortage(code)) return true;
  parked_.push_back(key);
  return false;
}

void IndexScheduler::CancelIndex(IndexId index) {
  std::lock_guard lock(mutex_);
  for (const auto& [key, running] : running_) {
    if (key.second == index) *running.cancelled = true;
  }
}

void IndexScheduler::Stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    for (const auto& [key, running] : running_) *running.cancelled = true;
  }
  tasks_.Stop();
}

bool IndexScheduler::idle() const {
  std::lock_guard lock(mutex_);
  return queue_.empty() && running_.empty();
}

}  // namespace elanus::coord
