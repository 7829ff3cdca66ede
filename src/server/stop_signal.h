// Told once that the server shall stop; waited for by whoever runs it.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace elanus::server {

// Threads: any.
class StopSignal {
 public:
  void Request() {
    std::lock_guard lock(mutex_);
    requested_ = true;
    changed_.notify_all();
  }
  bool Requested() const {
    std::lock_guard lock(mutex_);
    return requested_;
  }
  void Wait() const {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return requested_; });
  }
  // Waits at most `period`; true if the stop is requested.
  bool WaitFor(std::chrono::milliseconds period) const {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, period, [this] { return requested_; });
  }

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  bool requested_ = false;
};

// Turns the process's signals into calls, on a thread of its own: SIGTERM and SIGINT request the
// stop (a second one ends the process at once, which loses nothing that was acknowledged), SIGHUP
// calls `reload`. SIGPIPE and SIGXFSZ are ignored: the calls that raise them (to a client that is
// gone, past the limit of a file's size) fail with an error. Made before any other thread, so that
// all of them inherit the blocked signals.
class SignalWatcher {
 public:
  SignalWatcher(StopSignal* stop, std::function<void()> reload);
  ~SignalWatcher();
  SignalWatcher(const SignalWatcher&) = delete;
  SignalWatcher& operator=(const SignalWatcher&) = delete;

 private:
  StopSignal* const stop_;
  const std::function<void()> reload_;
  std::thread thread_;
};

}  // namespace elanus::server
