// How the coordinator does things behind its callers' backs: through a function that is handed in,
// so that a test can run tasks by hand, in any order.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>

#include "common/executor.h"

namespace elanus::coord {

// Runs the task later; false if it will not.
using TaskRunner = std::function<bool(std::function<void()>)>;

inline TaskRunner RunOn(Executor& executor) {
  return [&executor](std::function<void()> task) { return executor.Submit(std::move(task)); };
}

// Counts tasks that are under way, so that their owner can go away safely. Threads: any.
class TaskGroup {
 public:
  // Hands `task` to `runner`; false if it will not run. After Stop nothing runs any more: tasks
  // that come up later do nothing.
  bool Run(const TaskRunner& runner, std::function<void()> task) {
    const std::shared_ptr<State> state = state_;
    return runner != nullptr && runner([state, task = std::move(task)] {
             {
               std::lock_guard lock(state->mutex);
               if (state->stopped) return;
               ++state->num_running;
             }
             task();
             std::lock_guard lock(state->mutex);
             --state->num_running;
             state->changed.notify_all();
           });
  }
  // Lets no further task begin and waits for those that have begun.
  void Stop() {
    std::unique_lock lock(state_->mutex);
    state_->stopped = true;
    state_->changed.wait(lock, [this] { return state_->num_running == 0; });
  }
  // Tasks that take long ask whether to end early.
  bool stopped() const {
    std::lock_guard lock(state_->mutex);
    return state_->stopped;
  }

 private:
  struct State {
    std::mutex mutex;
    std::condition_variable changed;
    bool stopped = false;
    int num_running = 0;
  };
  const std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace elanus::coord
