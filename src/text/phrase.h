// How far the words of a text are from being a phrase.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

namespace elanus::text {

// A token of a phrase.
struct PhrasePart {
  int32_t term = 0;    // Into the positions below; parts of one term need places of their own.
  int64_t offset = 0;  // From the phrase's first position; ascending.
};

inline constexpr int64_t kAnySlop = std::numeric_limits<int64_t>::max();

// Parts put on positions of the text lie `position - offset` away from a phrase that begins at 0.
// The slop of a choice of positions is the largest of these minus the smallest: 0 for the phrase
// itself, 1 for one word between, 2 for two neighbours swapped (Lucene's sloppy phrases).
//
//   positions  of each term in the text, ascending, each once
//   enough     any slop up to this will do, so the search may end
//   most       nothing is returned if the least is above
std::optional<int64_t> LeastSlop(std::span<const PhrasePart> parts,
                                 std::span<const std::vector<int64_t>> positions,
                                 int64_t enough = 0, int64_t most = kAnySlop);

}  // namespace elanus::text
