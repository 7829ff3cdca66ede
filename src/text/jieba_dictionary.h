// Words of Chinese with how often each occurs, and the beginnings of words.
//
// A dictionary may stand on a base whose entries it sees: a list of a few words costs no copy of
// the large one.
//
// Threads: const calls from any.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"

namespace elanus::text {

class JiebaDictionary {
 public:
  // `base` may be null and outlives this.
  explicit JiebaDictionary(const JiebaDictionary* base)
      : base_(base), total_(base == nullptr ? 0 : base->total_) {}
  JiebaDictionary(const JiebaDictionary&) = delete;
  JiebaDictionary& operator=(const JiebaDictionary&) = delete;

  // `word` outlives this.
  void Add(std::string_view word, int64_t frequency);
  // Keeps the word itself.
  void AddCopy(std::string word, int64_t frequency);
  // With a frequency that makes it win over its parts; keeps a copy.
  void AddNew(const std::string& word);

  // -1: no word begins so. 0: the beginning of a word. Above: the frequency of this word.
  int64_t Find(std::string_view text) const;
  // Of all words; at least 1.
  double total() const { return static_cast<double>(total_ < 1 ? 1 : total_); }

 private:
  const JiebaDictionary* const base_;
  int64_t total_;
  std::deque<std::string> copies_;
  absl::flat_hash_map<std::string_view, int64_t, std::hash<std::string_view>, std::equal_to<>>
      entries_;
};

// The dictionary of python3-jieba; made at first use (350,000 words, 30 MB).
const JiebaDictionary& DefaultJiebaDictionary();
// The same and the traditional forms of its words.
const JiebaDictionary& ExtendedJiebaDictionary();

// One character of a text.
struct JiebaRune {
  int32_t rune = 0;
  int32_t begin = 0;  // Bytes.
  int32_t end = 0;
};

// The most probable way to cut `runes` of `text` into words of the dictionary and single
// characters: ends of the pieces. Dynamic programming over the graph of words, from the end.
std::vector<int32_t> BestCut(const JiebaDictionary& dictionary, std::string_view text,
                             const JiebaRune* runes, int32_t num_runes);

}  // namespace elanus::text
