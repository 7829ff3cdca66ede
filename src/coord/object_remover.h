// Removes objects that nothing refers to any more, in the background. Forgetting one (a crash, a
// failure) does no harm: it is collected when the server starts next.
#pragma once

#include <deque>
#include <mutex>
#include <string>
#include <vector>

#include "coord/task_runner.h"
#include "storage/object_store.h"

namespace elanus::coord {

// Threads: any.
class ObjectRemover {
 public:
  ObjectRemover(storage::ObjectStore* objects, TaskRunner runner)
      : objects_(objects), runner_(std::move(runner)) {}

  void Remove(std::vector<std::string> keys);
  // Waits for the removal under way; the rest is left.
  void Stop() { tasks_.Stop(); }

 private:
  void RemoveQueued();

  storage::ObjectStore* const objects_;
  const TaskRunner runner_;
  std::mutex mutex_;
  std::deque<std::string> queue_;  // By mutex_.
  bool running_ = false;           // By mutex_.
  TaskGroup tasks_;
};

}  // namespace elanus::coord
