#include "text/phrase.h"

#include <algorithm>

#include "text/phrase_matcher.h"

namespace elanus::text {

PhraseMatcher::PhraseMatcher(std::span<const PhrasePart> parts, size_t num_terms)
    : parts_(parts), previous_(parts.size(), -1) {
  std::vector<int32_t> last_of(num_terms, -1);
  for (size_t i = 0; i < parts.size(); ++i) {
    previous_[i] = last_of[parts[i].term];
    last_of[parts[i].term] = static_cast<int32_t>(i);
  }
}

// For a least shift L each part does best with its first position at L or above that no earlier
// part of the same term has; these choices only move up with L, so each list is walked once.
std::optional<int64_t> PhraseMatcher::LeastSlop(std::span<const std::vector<int64_t>> positions,
                                                int64_t enough, int64_t most) {
  std::optional<int64_t> least;
  chosen_.assign(parts_.size(), 0);
  int64_t shift = std::numeric_limits<int64_t>::min();
  while (true) {
    int64_t lowest = std::numeric_limits<int64_t>::max();
    int64_t highest = std::numeric_limits<int64_t>::min();
    std::optional<int64_t> jump;  // Below it no shift gets better.
    for (size_t i = 0; i < parts_.size() && !jump.has_value(); ++i) {
      const std::vector<int64_t>& list = positions[parts_[i].term];
      if (previous_[i] >= 0) chosen_[i] = std::max(chosen_[i], chosen_[previous_[i]] + 1);
      while (chosen_[i] < list.size() && list[chosen_[i]] - parts_[i].offset < shift) ++chosen_[i];
      if (chosen_[i] >= list.size()) return least;
      const int64_t at = list[chosen_[i]] - parts_[i].offset;
      lowest = std::min(lowest, at);
      highest = std::max(highest, at);
      if (highest - lowest > most) jump = highest - most;
    }
    if (jump.has_value()) {
      shift = std::max(*jump, shift);
      continue;
    }
    least = highest - lowest;
    if (*least <= enough) return least;
    most = *least - 1;
    shift = lowest + 1;
  }
}

std::optional<int64_t> LeastSlop(std::span<const PhrasePart> parts,
                                 std::span<const std::vector<int64_t>> positions, int64_t enough,
                                 int64_t most) {
  return PhraseMatcher(parts, positions.size()).LeastSlop(positions, enough, most);
}

}  // namespace elanus::text
