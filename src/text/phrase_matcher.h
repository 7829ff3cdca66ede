// LeastSlop (phrase.h) of one phrase in many texts.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "text/phrase.h"

namespace elanus::text {

// Threads: one.
class PhraseMatcher {
 public:
  // Parts name the terms 0 ... num_terms - 1. `parts` outlive this.
  PhraseMatcher(std::span<const PhrasePart> parts, size_t num_terms);

  std::optional<int64_t> LeastSlop(std::span<const std::vector<int64_t>> positions, int64_t enough,
                                   int64_t most);

 private:
  const std::span<const PhrasePart> parts_;
  std::vector<int32_t> previous_;  // The part before of the same term; -1: none.
  std::vector<size_t> chosen_;     // Of a text: into the positions of each part's term.
};

}  // namespace elanus::text
