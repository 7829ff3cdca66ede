// Memory that index builds of this process share.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <utility>

#include "common/cancellation.h"
#include "common/status.h"

namespace elanus::indexnode {

// Threads: any.
class BuildBudget {
 public:
  explicit BuildBudget(int64_t bytes_max) : bytes_max_(bytes_max) {}

  // Gives the memory back when it goes away.
  class Reservation {
   public:
    Reservation() = default;
    Reservation(BuildBudget& budget, int64_t bytes) : budget_(&budget), bytes_(bytes) {}
    Reservation(Reservation&& other) noexcept
        : budget_(std::exchange(other.budget_, nullptr)), bytes_(other.bytes_) {}
    Reservation& operator=(Reservation&&) = delete;
    ~Reservation() {
      if (budget_ != nullptr) budget_->Release(bytes_);
    }

   private:
    BuildBudget* budget_ = nullptr;
    int64_t bytes_ = 0;
  };

  // Waits until so much is free; `waiting` is told why, once. First come, first served, so that a
  // large build is not passed for ever by small ones. More than there is at all: kParameterTooLarge
  // at once, which no waiting would change.
  absl::StatusOr<Reservation> Reserve(int64_t bytes, const Cancellation& cancellation,
                                      const std::function<void(const std::string&)>& waiting);

  int64_t bytes_max() const { return bytes_max_; }
  int64_t reserved() const {
    std::lock_guard lock(mutex_);
    return reserved_;
  }

 private:
  void Release(int64_t bytes);

  const int64_t bytes_max_;
  mutable std::mutex mutex_;
  std::condition_variable freed_;
  int64_t reserved_ = 0;  // By mutex_, as all below.
  uint64_t next_ticket_ = 0;
  std::set<uint64_t> line_;  // Who waits.
};

}  // namespace elanus::indexnode
