// When a request to the store is sent again, and when a slow one is sent twice.
#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <random>

namespace elanus::s3 {

// Tokens that all requests share: a store that fails altogether is not also flooded with retries.
// A success gives a little back. (As in the AWS SDKs' "standard" retry mode.) Threads: any.
class RetryBudget {
 public:
  explicit RetryBudget(double tokens = 500) : max_(tokens), tokens_(tokens) {}

  // Takes `cost`; false if there is too little left.
  bool Take(double cost = 5);
  void NoteSuccess();

 private:
  const double max_;
  std::mutex mutex_;
  double tokens_;  // By mutex_.
};

// Time to wait before the next attempt: uniformly random below a bound that doubles ("Exponential
// Backoff And Jitter", AWS Architecture Blog, 2015: "full jitter"). Threads: any.
class Backoff {
 public:
  Backoff(int64_t first_ms, int64_t max_ms, uint64_t seed)
      : first_ms_(first_ms), max_ms_(max_ms), random_(seed) {}

  // After `attempts` failed ones (1 or more).
  int64_t DelayMs(int attempts);

 private:
  const int64_t first_ms_;
  const int64_t max_ms_;
  std::mutex mutex_;
  std::mt19937_64 random_;  // By mutex_.
};

// After which time a read counts as slow and is sent a second time, the first answer being taken:
// twice what nine of ten recent reads took. At most one read in twenty is doubled.
// J. Dean, L. Barroso, "The Tail at Scale", CACM 2013: hedged requests. Threads: any.
class HedgePolicy {
 public:
  static constexpr int64_t kDelayMsMin = 20;

  // Negative: not now.
  int64_t DelayMs();
  // Whether a second read may be sent now.
  bool Take();
  void NoteMs(int64_t ms);

 private:
  std::mutex mutex_;
  // All by mutex_.
  std::array<int64_t, 64> recent_{};
  uint64_t count_ = 0;
  double allowed_ = 1;
};

}  // namespace elanus::s3
