#include "coord/object_remover.h"

#include <algorithm>

#include "common/crash_point.h"
#include "common/logging.h"
#include "coord/crash_points.h"

namespace elanus::coord {
namespace {

constexpr size_t kBatch = 1000;  // What S3 removes with one request.

}  // namespace

void ObjectRemover::SetGrace(std::optional<uint64_t> grace_ms) {
  std::lock_guard lock(mutex_);
  grace_ms_ = grace_ms;
}

void ObjectRemover::Remove(std::vector<std::string> keys) {
  if (objects_ == nullptr) return;
  {
    std::lock_guard lock(mutex_);
    for (std::string& key : keys) {
      if (!key.empty()) queue_.push_back(std::move(key));
    }
  }
  Continue();
}

void ObjectRemover::RemoveReplaced(std::vector<std::string> keys) {
  if (objects_ == nullptr) return;
  {
    std::lock_guard lock(mutex_);
    if (!grace_ms_.has_value()) return;
    if (*grace_ms_ > 0) {
      const uint64_t due_ns = clock_.MonotonicNs() + *grace_ms_ * 1'000'000;
      for (std::string& key : keys) {
        if (key.empty()) continue;
        replaced_at_[key] = clock_.WallMs();
        replaced_.push_back({std::move(key), due_ns});
      }
      return;
    }
  }
  Remove(std::move(keys));
}

void ObjectRemover::RemoveDue() {
  {
    std::lock_guard lock(mutex_);
    const uint64_t now_ns = clock_.MonotonicNs();
    // A grace that was made shorter meanwhile holds for these too.
    const uint64_t latest_ns = now_ns + grace_ms_.value_or(0) * 1'000'000;
    while (grace_ms_.has_value() && !replaced_.empty() &&
           (replaced_.front().due_ns <= now_ns || replaced_.front().due_ns > latest_ns)) {
      replaced_at_.erase(replaced_.front().key);
      queue_.push_back(std::move(replaced_.front().key));
      replaced_.pop_front();
    }
  }
  Continue();
}

std::optional<uint64_t> ObjectRemover::WaitingSince(const std::string& key) const {
  std::lock_guard lock(mutex_);
  const auto it = replaced_at_.find(key);
  if (it == replaced_at_.end()) return std::nullopt;
  return it->second;
}

ObjectRemover::Statistics ObjectRemover::statistics() const {
  std::lock_guard lock(mutex_);
  Statistics out = statistics_;
  out.num_waiting = std::ssize(replaced_);
  return out;
}

void ObjectRemover::Continue() {
  {
    std::lock_guard lock(mutex_);
    if (running_ || queue_.empty()) return;
    running_ = true;
  }
  if (tasks_.Run(runner_, [this] { RemoveBatch(); })) return;
  std::lock_guard lock(mutex_);
  running_ = false;
}

void ObjectRemover::RemoveBatch() {
  for (bool more = true; more;) {
    std::vector<std::string> batch;
    {
      std::lock_guard lock(mutex_);
      const auto count = static_cast<std::ptrdiff_t>(std::min(queue_.size(), kBatch));
      const auto end = queue_.begin() + count;
      batch.assign(std::make_move_iterator(queue_.begin()), std::make_move_iterator(end));
      queue_.erase(queue_.begin(), end);
    }
    CrashPoint(kRemoveBefore);
    const absl::Status removed = objects_->RemoveAll(batch);
    CrashPoint(kRemoveAfter);
    if (!removed.ok()) {
      ELANUS_LOG_EVERY(10, Warn, "objects that nothing names could not be removed",
                       Field("objects", batch.size()), Field("reason", removed));
    }
    std::lock_guard lock(mutex_);
    (removed.ok() ? statistics_.num_removed : statistics_.num_failed) += std::ssize(batch);
    // What came meanwhile, unless it is a flood.
    more = !queue_.empty() && queue_.size() < kBatch && !tasks_.stopped();
    running_ = more;
  }
}

}  // namespace elanus::coord
