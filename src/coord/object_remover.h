// Removes objects that nothing refers to any more, in the background, many at a time. Forgetting
// one (a crash, a failure) does no harm: a listing of the store finds it (garbage.cc).
#pragma once

#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/clock.h"
#include "coord/task_runner.h"
#include "storage/object_store.h"

namespace elanus::coord {

// Threads: any.
class ObjectRemover {
 public:
  struct Statistics {
    int64_t num_removed = 0;
    int64_t num_failed = 0;
    int64_t num_waiting = 0;
  };
  // `objects` may be null: nothing is ever removed.
  ObjectRemover(storage::ObjectStore* objects, TaskRunner runner, const Clock& clock)
      : objects_(objects), runner_(std::move(runner)), clock_(clock) {}

  // How long objects that readers may still have open stay; nothing: until a listing finds them.
  void SetGrace(std::optional<uint64_t> grace_ms);

  // Objects that nobody reads. A batch at once, the others with later calls of Continue, so that a
  // store with better things to do is not flooded.
  void Remove(std::vector<std::string> keys);
  // Objects of what was dropped or replaced: after the grace.
  void RemoveReplaced(std::vector<std::string> keys);
  // Takes up those whose time has come.
  void RemoveDue();
  // Removes the next batch. Call now and then.
  void Continue();
  // Since when (wall clock, milliseconds) a replaced object waits; nothing if it does not.
  std::optional<uint64_t> WaitingSince(const std::string& key) const;
  Statistics statistics() const;
  // Waits for the removal under way; the rest is left.
  void Stop() { tasks_.Stop(); }

 private:
  struct Replaced {
    std::string key;
    uint64_t due_ns;  // Monotonic.
  };
  void RemoveBatch();

  storage::ObjectStore* const objects_;
  const TaskRunner runner_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  std::optional<uint64_t> grace_ms_ = 0;                   // By mutex_, as are all of these.
  std::deque<std::string> queue_;                          // To be removed now.
  std::deque<Replaced> replaced_;                          // Oldest first.
  std::unordered_map<std::string, uint64_t> replaced_at_;  // Wall clock, of those in replaced_.
  Statistics statistics_;
  bool running_ = false;
  TaskGroup tasks_;
};

}  // namespace elanus::coord
