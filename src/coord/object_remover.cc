#include "coord/object_remover.h"

#include "common/crash_point.h"
#include "coord/crash_points.h"

namespace elanus::coord {

void ObjectRemover::Remove(std::vector<std::string> keys) {
  if (objects_ == nullptr || keys.empty()) return;
  {
    std::lock_guard lock(mutex_);
    for (std::string& key : keys) {
      if (!key.empty()) queue_.push_back(std::move(key));
    }
    if (running_ || queue_.empty()) return;
    running_ = true;
  }
  if (tasks_.Run(runner_, [this] { RemoveQueued(); })) return;
  std::lock_guard lock(mutex_);
  running_ = false;
}

void ObjectRemover::RemoveQueued() {
  for (;;) {
    std::string key;
    {
      std::lock_guard lock(mutex_);
      if (queue_.empty() || tasks_.stopped()) {
        running_ = false;
        return;
      }
      key = std::move(queue_.front());
      queue_.pop_front();
    }
    CrashPoint(kRemoveBefore);
    (void)objects_->Remove(key).ok();
    CrashPoint(kRemoveAfter);
  }
}

}  // namespace elanus::coord
