// What text_match, text_match_fuzzy and phrase_match ask of a text.
//
// Plain values. Threads: const calls from any.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "text/phrase.h"
#include "text/token.h"

namespace elanus::text {

struct MatchQuery {
  // A token of the query, once.
  struct Term {
    std::string token;
    int64_t count = 1;  // How often the query has it.
  };

  std::vector<Term> terms;
  // Texts with at least this many of the query's tokens pass. More than it has: none does.
  int64_t min_should_match = 1;
  // A token of the text is one of the query's if this many edits make them equal.
  int max_edits = 0;
  // Not empty: `terms` must stand like this, up to `slop`; the two above have no meaning.
  std::vector<PhrasePart> phrase;
  int64_t slop = 0;

  // Without terms nothing passes.
  bool matches_nothing() const { return terms.empty(); }
};

MatchQuery MatchTokens(const Tokens& query, int64_t min_should_match);
MatchQuery MatchFuzzy(const Tokens& query, int max_edits);
MatchQuery MatchPhrase(const Tokens& query, int64_t slop);

// Whether a text with these tokens passes. An index gives the same answer sooner.
bool Matches(const MatchQuery& query, const Tokens& tokens);

// The least slop with which the query's phrase is in the text; nothing if a token of it is missing.
std::optional<int64_t> LeastSlop(const Tokens& query, const Tokens& tokens);

// Whether at most `max` insertions, deletions, replacements of a character or swaps of two
// neighbours turn `a` into `b` (optimal string alignment: no piece is edited twice).
bool WithinEdits(std::string_view a, std::string_view b, int max);

}  // namespace elanus::text
