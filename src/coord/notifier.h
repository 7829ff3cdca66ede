// Tells the other roles what was committed, in commit order and outside the DDL lock.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace elanus::coord {

// Threads: any. Add while holding the lock that orders the commits; Deliver after releasing it.
class Notifier {
 public:
  void Add(std::function<void()> notice) {
    std::lock_guard lock(queue_mutex_);
    queue_.push_back(std::move(notice));
  }

  // Returns when everything that this thread added before has been told. A notice may itself change
  // the catalog: what that adds is told after it.
  void Deliver() {
    if (deliverer_.load() == std::this_thread::get_id()) return;
    std::lock_guard delivering(deliver_mutex_);
    deliverer_ = std::this_thread::get_id();
    while (const std::function<void()> notice = Take()) notice();
    deliverer_ = std::thread::id();
  }

 private:
  std::function<void()> Take() {
    std::lock_guard lock(queue_mutex_);
    if (queue_.empty()) return nullptr;
    std::function<void()> notice = std::move(queue_.front());
    queue_.pop_front();
    return notice;
  }

  std::mutex queue_mutex_;
  std::deque<std::function<void()>> queue_;  // By queue_mutex_.
  std::mutex deliver_mutex_;                 // One deliverer at a time keeps the order.
  std::atomic<std::thread::id> deliverer_;
};

}  // namespace elanus::coord
