#include "common/executor.h"

#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <memory>

namespace elanus {

Executor::Executor(Options options) : options_(std::move(options)) {
  threads_.reserve(options_.num_threads);
  for (int i = 0; i < options_.num_threads; ++i) threads_.emplace_back([this, i] { Run(i); });
}

Executor::~Executor() { Stop(); }

void Executor::Stop() {
  {
    std::lock_guard lock(mutex_);
    if (stopping_) return;
    stopping_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

bool Executor::Submit(std::function<void()> task) {
  {
    std::lock_guard lock(mutex_);
    if (stopping_ || queue_.size() >= options_.queue_max) return false;
    queue_.push_back(std::move(task));
  }
  wake_.notify_one();
  return true;
}

size_t Executor::QueueLength() const {
  std::lock_guard lock(mutex_);
  return queue_.size();
}

void Executor::Run(int index) {
  const std::string name = options_.name.substr(0, 12) + std::to_string(index);
  pthread_setname_np(pthread_self(), name.c_str());
  if (options_.nice != 0) {
    // Best effort: a container may forbid it, and the work is the same.
    (void)setpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid)), options_.nice);
  }
  for (;;) {
    std::function<void()> task;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (queue_.empty()) return;
      task = std::move(queue_.front());
      queue_.pop_front();
    }
    task();
  }
}

void Executor::ParallelFor(size_t count, const std::function<void(size_t)>& body) {
  if (count == 0) return;
  struct State {
    std::atomic<size_t> next{0};
    std::atomic<size_t> done{0};
    std::mutex mutex;
    std::condition_variable finished;
  };
  // Helpers that start after the caller has finished find nothing to do, so they may outlive `body`:
  // they touch only the shared state then.
  auto state = std::make_shared<State>();
  const auto work = [count, &body](State& s) {
    for (size_t i; (i = s.next.fetch_add(1)) < count;) {
      body(i);
      if (s.done.fetch_add(1) + 1 == count) {
        std::lock_guard lock(s.mutex);
        s.finished.notify_all();
      }
    }
  };
  const size_t helpers = std::min<size_t>(count - 1, threads_.size());
  for (size_t i = 0; i < helpers; ++i) {
    if (!Submit([state, work] { work(*state); })) break;
  }
  work(*state);
  std::unique_lock lock(state->mutex);
  state->finished.wait(lock, [&] { return state->done.load() == count; });
}

int AvailableCores() {
  int cores = static_cast<int>(std::thread::hardware_concurrency());
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof(set), &set) == 0) cores = std::min(cores, CPU_COUNT(&set));
  if (FILE* file = std::fopen("/sys/fs/cgroup/cpu.max", "r")) {
    long quota = 0, period = 0;
    if (std::fscanf(file, "%ld %ld", &quota, &period) == 2 && quota > 0 && period > 0) {
      cores = std::min<int>(cores, static_cast<int>((quota + period - 1) / period));
    }
    std::fclose(file);
  }
  return std::max(cores, 1);
}

}  // namespace elanus
