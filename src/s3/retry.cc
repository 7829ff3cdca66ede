#include "s3/retry.h"

#include <algorithm>

namespace elanus::s3 {
namespace {

constexpr uint64_t kReadsBeforeHedging = 16;
constexpr double kHedgedShare = 0.05;
constexpr double kHedgesInARow = 5;

}  // namespace

bool RetryBudget::Take(double cost) {
  std::lock_guard lock(mutex_);
  if (tokens_ < cost) return false;
  tokens_ -= cost;
  return true;
}

void RetryBudget::NoteSuccess() {
  std::lock_guard lock(mutex_);
  tokens_ = std::min(tokens_ + 1, max_);
}

int64_t Backoff::DelayMs(int attempts) {
  const int64_t bound = std::min(max_ms_, first_ms_ << std::clamp(attempts - 1, 0, 20));
  std::lock_guard lock(mutex_);
  return std::uniform_int_distribution<int64_t>(0, bound)(random_);
}

int64_t HedgePolicy::DelayMs() {
  std::lock_guard lock(mutex_);
  if (count_ < kReadsBeforeHedging) return -1;
  std::array<int64_t, 64> sorted = recent_;
  const auto end = sorted.begin() + static_cast<long>(std::min<uint64_t>(count_, sorted.size()));
  const auto ninth = sorted.begin() + (end - sorted.begin()) * 9 / 10;
  std::nth_element(sorted.begin(), ninth, end);
  return std::max(2 * *ninth, kDelayMsMin);
}

bool HedgePolicy::Take() {
  std::lock_guard lock(mutex_);
  if (allowed_ < 1) return false;
  allowed_ -= 1;
  return true;
}

void HedgePolicy::NoteMs(int64_t ms) {
  std::lock_guard lock(mutex_);
  recent_[count_++ % recent_.size()] = ms;
  allowed_ = std::min(allowed_ + kHedgedShare, kHedgesInARow);
}

}  // namespace elanus::s3
