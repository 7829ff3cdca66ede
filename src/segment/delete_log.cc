#include "segment/delete_log.h"

#include <algorithm>

namespace elanus::segment {

bool DeleteLog::Add(int64_t row, Timestamp at) {
  absl::MutexLock lock(&mutex_);
  const auto [it, added] = deleted_at_.try_emplace(row, at);
  if (!added && it->second <= at) return false;
  it->second = at;
  newest_ = std::max(newest_, at);
  const size_t word = static_cast<size_t>(row) / 64;
  if (word >= hidden_.size()) hidden_.resize(std::max(word + 1, hidden_.size() * 2), 0);
  hidden_[word] |= uint64_t{1} << (row % 64);
  return true;
}

void DeleteLog::Hide(Timestamp at, kernels::Bitset& visible) const {
  absl::MutexLock lock(&mutex_);
  if (deleted_at_.empty()) return;
  if (at >= newest_) {
    const size_t words = std::min(hidden_.size(), static_cast<size_t>(visible.num_words()));
    for (size_t w = 0; w < words; ++w) visible.words()[w] &= ~hidden_[w];
    return;
  }
  for (const auto& [row, deleted_at] : deleted_at_) {
    if (deleted_at <= at && row < visible.size()) visible.Reset(row);
  }
}

int64_t DeleteLog::size() const {
  absl::MutexLock lock(&mutex_);
  return static_cast<int64_t>(deleted_at_.size());
}

std::vector<std::pair<int64_t, Timestamp>> DeleteLog::Entries() const {
  absl::MutexLock lock(&mutex_);
  return {deleted_at_.begin(), deleted_at_.end()};
}

}  // namespace elanus::segment
