// Words that no dictionary has, found by how often each character begins, continues, ends or is a
// word: a hidden Markov model of four states, decoded by Viterbi's algorithm.
#pragma once

#include <cstdint>
#include <vector>

#include "text/jieba_dictionary.h"

namespace elanus::text {

// Cuts Han characters: ends of the pieces. Threads: any.
std::vector<int32_t> CutByModel(const JiebaRune* runes, int32_t num_runes);

}  // namespace elanus::text
