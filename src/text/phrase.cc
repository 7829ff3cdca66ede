#include "text/phrase.h"

#include <algorithm>

namespace elanus::text {

// For a least shift L each part does best with its first position at L or above that no earlier
// part of the same term has; these choices only move up with L, so each list is walked once.
std::optional<int64_t> LeastSlop(std::span<const PhrasePart> parts,
                                 std::span<const std::vector<int64_t>> positions, int64_t enough,
                                 int64_t most) {
  std::optional<int64_t> least;
  std::vector<size_t> chosen(parts.size(), 0);
  std::vector<int32_t> previous(parts.size(), -1);  // The part before of the same term.
  std::vector<int32_t> last_of(positions.size(), -1);
  for (size_t i = 0; i < parts.size(); ++i) {
    previous[i] = last_of[parts[i].term];
    last_of[parts[i].term] = static_cast<int32_t>(i);
  }
  int64_t shift = std::numeric_limits<int64_t>::min();
  while (true) {
    int64_t lowest = std::numeric_limits<int64_t>::max();
    int64_t highest = std::numeric_limits<int64_t>::min();
    std::optional<int64_t> jump;  // Below it no shift gets better.
    for (size_t i = 0; i < parts.size() && !jump.has_value(); ++i) {
      const std::vector<int64_t>& list = positions[parts[i].term];
      if (previous[i] >= 0) chosen[i] = std::max(chosen[i], chosen[previous[i]] + 1);
      while (chosen[i] < list.size() && list[chosen[i]] - parts[i].offset < shift) ++chosen[i];
      if (chosen[i] >= list.size()) return least;
      const int64_t at = list[chosen[i]] - parts[i].offset;
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

}  // namespace elanus::text
