#include "text/match_query.h"

#include <algorithm>
#include <numeric>

#include "text/string_table.h"
#include "text/unicode.h"

namespace elanus::text {
namespace {

std::vector<MatchQuery::Term> TermsOf(const Tokens& query) {
  std::vector<MatchQuery::Term> terms;
  StringMap<size_t> places;
  for (const Token& token : query) {
    const auto [found, added] = places.try_emplace(token.text, terms.size());
    if (added) {
      terms.push_back({token.text, 1});
    } else {
      ++terms[found->second].count;
    }
  }
  return terms;
}

// The positions of each term in a text.
std::vector<std::vector<int64_t>> PositionsOf(const std::vector<MatchQuery::Term>& terms,
                                              const Tokens& tokens) {
  std::vector<std::vector<int64_t>> positions(terms.size());
  StringMap<size_t> places;
  for (size_t i = 0; i < terms.size(); ++i) places[terms[i].token] = i;
  for (const Token& token : tokens) {
    const auto found = places.find(token.text);
    if (found != places.end()) positions[found->second].push_back(token.position);
  }
  for (std::vector<int64_t>& list : positions) {
    std::sort(list.begin(), list.end());
    list.erase(std::unique(list.begin(), list.end()), list.end());
  }
  return positions;
}

}  // namespace

MatchQuery MatchTokens(const Tokens& query, int64_t min_should_match) {
  MatchQuery match;
  match.terms = TermsOf(query);
  match.min_should_match = min_should_match;
  return match;
}

MatchQuery MatchFuzzy(const Tokens& query, int max_edits) {
  MatchQuery match = MatchTokens(query, 1);
  match.max_edits = max_edits;
  return match;
}

MatchQuery MatchPhrase(const Tokens& query, int64_t slop) {
  MatchQuery match = MatchTokens(query, 1);
  match.slop = slop;
  StringMap<int32_t> places;
  for (size_t i = 0; i < match.terms.size(); ++i) {
    places[match.terms[i].token] = static_cast<int32_t>(i);
  }
  int64_t first = std::numeric_limits<int64_t>::max();
  for (const Token& token : query) first = std::min(first, token.position);
  for (const Token& token : query) {
    match.phrase.push_back({places.find(token.text)->second, token.position - first});
  }
  const auto key = [](const PhrasePart& part) { return std::pair(part.offset, part.term); };
  std::sort(match.phrase.begin(), match.phrase.end(),
            [&](const PhrasePart& a, const PhrasePart& b) { return key(a) < key(b); });
  // A token twice at one place asks for it once.
  match.phrase.erase(
      std::unique(match.phrase.begin(), match.phrase.end(),
                  [&](const PhrasePart& a, const PhrasePart& b) { return key(a) == key(b); }),
      match.phrase.end());
  return match;
}

bool Matches(const MatchQuery& query, const Tokens& tokens) {
  if (query.matches_nothing()) return false;
  if (!query.phrase.empty()) {
    return LeastSlop(query.phrase, PositionsOf(query.terms, tokens), query.slop, query.slop)
        .has_value();
  }
  StringSet words;
  for (const Token& token : tokens) words.insert(token.text);
  int64_t count = 0;
  for (const MatchQuery::Term& term : query.terms) {
    const bool found = query.max_edits == 0
                           ? words.contains(term.token)
                           : std::any_of(words.begin(), words.end(), [&](const std::string& word) {
                               return WithinEdits(term.token, word, query.max_edits);
                             });
    if (found) count += term.count;
  }
  return count >= query.min_should_match;
}

std::optional<int64_t> LeastSlop(const Tokens& query, const Tokens& tokens) {
  const MatchQuery match = MatchPhrase(query, 0);
  if (match.matches_nothing()) return std::nullopt;
  return LeastSlop(match.phrase, PositionsOf(match.terms, tokens));
}

bool WithinEdits(std::string_view a, std::string_view b, int max) {
  // A character has at most four bytes, so far different sizes need no look.
  const size_t longer = std::max(a.size(), b.size()), shorter = std::min(a.size(), b.size());
  if (longer - shorter > static_cast<size_t>(max) * U8_MAX_LENGTH) return false;
  const auto runes_of = [](std::string_view text) {
    std::vector<Rune> runes;
    for (int32_t at = 0; at < static_cast<int32_t>(text.size());) {
      runes.push_back(NextRune(text, &at));
    }
    return runes;
  };
  const std::vector<Rune> x = runes_of(a), y = runes_of(b);
  std::vector<int> before, last(y.size() + 1), now(y.size() + 1);
  std::iota(last.begin(), last.end(), 0);
  for (size_t i = 1; i <= x.size(); ++i) {
    now[0] = static_cast<int>(i);
    int best = now[0];
    for (size_t j = 1; j <= y.size(); ++j) {
      now[j] = std::min({last[j] + 1, now[j - 1] + 1, last[j - 1] + (x[i - 1] != y[j - 1])});
      if (i > 1 && j > 1 && x[i - 1] == y[j - 2] && x[i - 2] == y[j - 1]) {
        now[j] = std::min(now[j], before[j - 2] + 1);
      }
      best = std::min(best, now[j]);
    }
    // A swap reaches back over one row, so two rows must be beyond.
    if (best > max + 1) return false;
    before = last;
    last = now;
  }
  return last.back() <= max;
}

}  // namespace elanus::text
