#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace elanus {

// A fixed pool of threads over a bounded queue. Threads: any may submit.
class Executor {
 public:
  struct Options {
    std::string name;             // Thread name prefix, at most 12 characters.
    int num_threads = 1;
    size_t queue_max = 1 << 16;   // Tasks waiting; more are refused.
    int nice = 0;                 // Added to each thread's niceness (background work: 10).
  };
  explicit Executor(Options options);
  ~Executor();  // Runs what is queued, then joins.

  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  // False when the queue is full or the executor is stopping.
  [[nodiscard]] bool Submit(std::function<void()> task);

  // Calls body(i) for i in [0, count), the calling thread taking part; returns when all are done.
  // Safe to call from a task of this executor.
  void ParallelFor(size_t count, const std::function<void(size_t)>& body);

  int num_threads() const { return static_cast<int>(threads_.size()); }
  size_t QueueLength() const;

  // Drops no queued task: runs them, then joins. Later Submit calls return false.
  void Stop();

 private:
  void Run(int index);

  const Options options_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> queue_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

// Cores that this process may use: affinity and cgroup quota, at least 1.
int AvailableCores();

}  // namespace elanus
