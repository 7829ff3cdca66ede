#include "coord/index_scheduler.h"

#include <algorithm>

#include "common/logging.h"

namespace elanus::coord {
namespace {

// The machine lacks something now that it may have later.
bool IsShortage(ErrorCode code) {
  return code == ErrorCode::kDiskLimitExceeded || code == ErrorCode::kMemoryLimitExceeded ||
         MayPass(code);
}

bool IsWorthAnotherTry(ErrorCode code) {
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
  Flag cancelled;
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

void IndexScheduler::Build(Key key, const Flag& cancelled) {
  const std::optional<roles::BuildTask> task = catalog_.prepare(key.first, key.second);
  if (!task.has_value()) {
    std::lock_guard lock(mutex_);
    failures_.erase(key);
    return;
  }
  const Cancellation cancellation(cancelled, 0);
  const absl::StatusOr<roles::BuildResult> result =
      node_.Build(*task, cancellation, ObserverOf(key));
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
  failures_.erase(key);
}

roles::BuildObserver IndexScheduler::ObserverOf(Key key) {
  const auto change = [this, key](auto&& set) {
    std::lock_guard lock(mutex_);
    const auto running = running_.find(key);
    if (running != running_.end()) set(running->second.status);
  };
  return {.progress =
              [change](double share) {
                change([share](Status& status) {
                  // Whatever waited has begun.
                  status = {.progress = std::max(status.progress, share), .waiting = ""};
                });
              },
          .waiting =
              [key, change](const std::string& reason) {
                ELANUS_LOG(Info, "index build waits", Field("segment", key.first.value()),
                           Field("index", key.second.value()), Field("reason", reason));
                change([&reason](Status& status) { status.waiting = reason; });
              }};
}

IndexScheduler::Status IndexScheduler::StatusOf(SegmentId segment, IndexId index) const {
  const Key key(segment, index);
  std::lock_guard lock(mutex_);
  if (const auto running = running_.find(key); running != running_.end()) {
    return running->second.status;
  }
  const auto failed = failures_.find(key);
  return failed == failures_.end() ? Status{} : Status{.waiting = failed->second.last};
}

bool IndexScheduler::IsFinal(Key key, const absl::Status& status) {
  const ErrorCode code = CodeOf(status);
  std::lock_guard lock(mutex_);
  // Whoever cancelled it does not want it, or stops the server: then it is pending at the next
  // start.
  if (code == ErrorCode::kCancelled || stopping_ || !IsWorthAnotherTry(code)) {
    failures_.erase(key);
    return code != ErrorCode::kCancelled && !stopping_;
  }
  Failures& failures = failures_[key];
  failures.last = fmt::format("to be tried again: {}", MessageOf(status));
  if (++failures.attempts < options_.attempts_max) {
    queue_.push_back(key);
    return false;
  }
  if (!IsShortage(code)) {
    failures_.erase(key);
    return true;
  }
  failures.attempts = 0;
  parked_.push_back(key);
  return false;
}

void IndexScheduler::CancelIndex(IndexId index) {
  std::lock_guard lock(mutex_);
  for (const auto& [key, running] : running_) {
    if (key.second == index) *running.cancelled = true;
  }
}

void IndexScheduler::CancelSegment(SegmentId segment) {
  std::lock_guard lock(mutex_);
  for (const auto& [key, running] : running_) {
    if (key.first == segment) *running.cancelled = true;
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
