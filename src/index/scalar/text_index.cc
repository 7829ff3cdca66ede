#include "index/scalar/text_index.h"

#include <algorithm>
#include <bit>

#include "index/scalar/scalar_structures.h"
#include "index/scalar/token_positions.h"
#include "text/phrase_matcher.h"

namespace elanus::index {
namespace {

constexpr size_t kStepsBetweenChecks = 256;

// How often each row was added, a bit of all counts in one mask.
class RowCounts {
 public:
  RowCounts(int64_t num_rows, uint64_t count_max)
      : num_rows_(num_rows), planes_(std::bit_width(count_max), kernels::Bitset(num_rows)) {}

  void Add(const kernels::Bitset& rows, uint64_t count) {
    for (size_t bit = 0; bit < planes_.size() && count >> bit != 0; ++bit) {
      if ((count >> bit & 1) == 0) continue;
      for (int64_t word = 0; word < rows.num_words(); ++word) {
        uint64_t carry = rows.words()[word];
        for (size_t plane = bit; plane < planes_.size() && carry != 0; ++plane) {
          uint64_t& sum = planes_[plane].words()[word];
          const uint64_t over = sum & carry;
          sum ^= carry;
          carry = over;
        }
      }
    }
  }

  // The rows with at least this many, which is at least 1.
  kernels::Bitset AtLeast(uint64_t count) const {
    kernels::Bitset out(num_rows_);
    if (static_cast<size_t>(std::bit_width(count)) > planes_.size()) return out;
    for (int64_t word = 0; word < out.num_words(); ++word) {
      uint64_t above = 0, equal = ~uint64_t{0};
      for (size_t plane = planes_.size(); plane-- > 0;) {
        const uint64_t bits = planes_[plane].words()[word];
        if ((count >> plane & 1) != 0) {
          equal &= bits;
        } else {
          above |= equal & bits;
          equal &= ~bits;
        }
      }
      out.words()[word] = above | equal;
    }
    out.ClearTail();
    return out;
  }

 private:
  const int64_t num_rows_;
  std::vector<kernels::Bitset> planes_;  // Low bits first.
};

// For each of `rows`, how many rows of `list` lie before it. All rows are in the list.
std::vector<uint32_t> OrdinalsIn(const kernels::RowSet& list, const std::vector<uint32_t>& rows) {
  std::vector<uint32_t> out;
  out.reserve(rows.size());
  if (list.is_list()) {
    auto at = list.list().begin();
    for (const uint32_t row : rows) {
      at = std::lower_bound(at, list.list().end(), row);
      out.push_back(static_cast<uint32_t>(at - list.list().begin()));
    }
    return out;
  }
  const uint64_t* const words = list.bits().words();
  uint32_t before = 0;
  size_t word = 0;
  for (const uint32_t row : rows) {
    for (; word < row / 64; ++word) before += static_cast<uint32_t>(std::popcount(words[word]));
    const uint64_t below = words[word] & ((uint64_t{1} << (row % 64)) - 1);
    out.push_back(before + static_cast<uint32_t>(std::popcount(below)));
  }
  return out;
}

bool NeedsAll(const text::MatchQuery& query) {
  int64_t count = 0;
  for (const text::MatchQuery::Term& term : query.terms) count += term.count;
  return query.min_should_match == count;
}

}  // namespace

absl::StatusOr<std::unique_ptr<const TextIndex>> TextIndex::Of(FilePtr file) {
  const ScalarFacts& facts = file->facts();
  if (facts.key_type != static_cast<uint32_t>(schema::DataType::kVarChar) || facts.packed == 0 ||
      file->section_bytes(kTokenPositionOffsets) != (facts.num_keys + 1) * sizeof(uint64_t)) {
    return ScalarFile::Damaged("the size of its tokens");
  }
  ELANUS_ASSIGN_OR_RETURN(auto keys, ScalarKeys::Open(*file));
  ELANUS_ASSIGN_OR_RETURN(const RowLists lists, RowLists::Open(*file));
  return std::unique_ptr<const TextIndex>(new TextIndex(std::move(file), std::move(keys), lists));
}

absl::StatusOr<std::unique_ptr<const TextIndex>> TextIndex::Open(Bytes file, int64_t num_rows) {
  ELANUS_ASSIGN_OR_RETURN(FilePtr opened,
                          ScalarFile::Open(file, num_rows, ScalarFileKind::kTokens));
  return Of(std::move(opened));
}

absl::StatusOr<std::unique_ptr<const TextIndex>> TextIndex::Open(
    std::unique_ptr<storage::BlockReader> file, int64_t num_rows) {
  ELANUS_ASSIGN_OR_RETURN(FilePtr opened,
                          ScalarFile::Open(std::move(file), num_rows, ScalarFileKind::kTokens));
  return Of(std::move(opened));
}

absl::StatusOr<kernels::RowSet> TextIndex::Match(const text::MatchQuery& query,
                                                 const Cancellation& cancellation) const {
  if (query.matches_nothing()) return kernels::RowSet(num_rows());
  if (!query.phrase.empty()) return MatchPhrase(query, cancellation);
  if (query.min_should_match > 1) return MatchCounted(query, cancellation);
  if (query.max_edits > 0) return MatchNear(query, cancellation);
  Scratch scratch;
  ELANUS_ASSIGN_OR_RETURN(const std::vector<Token> tokens, FindTokens(query, scratch));
  return RowsOf(tokens, cancellation);
}

absl::StatusOr<TextIndex::Estimate> TextIndex::EstimateMatch(const text::MatchQuery& query) const {
  // Telling whether a word is near another, and reading a row's positions (measured).
  constexpr double kNearNs = 100, kPhraseNs = 300;
  const ScalarCosts costs = ScalarCosts::Of(*file_);
  const double mask_ns = costs.mask_row_ns * static_cast<double>(num_rows());
  Estimate out{.num_rows = num_rows()};
  if (query.max_edits > 0 && query.phrase.empty()) {
    out.cost_ns = mask_ns + kNearNs * static_cast<double>(file_->facts().num_keys);
    return out;
  }
  Scratch scratch;
  ELANUS_ASSIGN_OR_RETURN(const std::vector<Token> tokens, FindTokens(query, scratch));
  uint64_t all = 0, fewest = static_cast<uint64_t>(num_rows());
  for (const Token& token : tokens) {
    all += token.num_rows;
    fewest = std::min(fewest, token.num_rows);
  }
  const bool needs_all = !query.phrase.empty() || NeedsAll(query);
  out.num_rows = std::min(static_cast<int64_t>(needs_all ? fewest : all), num_rows());
  if (needs_all && tokens.size() < query.terms.size()) out.num_rows = 0;
  out.cost_ns = costs.locate_ns * static_cast<double>(query.terms.size()) +
                costs.entry_ns * static_cast<double>(all);
  if (!lists_.GiveList({}, all)) out.cost_ns += mask_ns;
  if (!query.phrase.empty()) out.cost_ns += kPhraseNs * static_cast<double>(out.num_rows);
  return out;
}

absl::StatusOr<std::optional<TextIndex::Token>> TextIndex::Find(const std::string& token,
                                                                Scratch& scratch) const {
  ELANUS_ASSIGN_OR_RETURN(const auto place, keys_->Locate(token, scratch));
  if (!place.equal) return std::nullopt;
  ELANUS_ASSIGN_OR_RETURN(const uint64_t before, lists_.EntriesBefore(place.ordinal, scratch));
  ELANUS_ASSIGN_OR_RETURN(const uint64_t after, lists_.EntriesBefore(place.ordinal + 1, scratch));
  return Token{place.ordinal, after - std::min(before, after)};
}

absl::StatusOr<std::vector<TextIndex::Token>> TextIndex::FindTokens(const text::MatchQuery& query,
                                                                    Scratch& scratch) const {
  std::vector<Token> out;
  for (const text::MatchQuery::Term& term : query.terms) {
    ELANUS_ASSIGN_OR_RETURN(const auto token, Find(term.token, scratch));
    if (token.has_value()) out.push_back(*token);
  }
  return out;
}

absl::StatusOr<kernels::RowSet> TextIndex::RowsOf(std::span<const Token> tokens,
                                                  const Cancellation& cancellation) const {
  std::vector<KeyRange> keys;
  uint64_t num_entries = 0;
  for (const Token& token : tokens) {
    keys.push_back({token.key, token.key + 1});
    num_entries += token.num_rows;
  }
  return lists_.Rows(keys, num_entries, cancellation);
}

absl::StatusOr<kernels::RowSet> TextIndex::RowsWithAll(std::vector<Token> tokens,
                                                       const Cancellation& cancellation) const {
  std::sort(tokens.begin(), tokens.end(),
            [](const Token& a, const Token& b) { return a.num_rows < b.num_rows; });
  ELANUS_ASSIGN_OR_RETURN(kernels::RowSet rows, RowsOf({tokens.data(), 1}, cancellation));
  for (size_t i = 1; i < tokens.size(); ++i) {
    ELANUS_ASSIGN_OR_RETURN(const auto more, RowsOf({&tokens[i], 1}, cancellation));
    rows.And(more);
  }
  return rows;
}

absl::StatusOr<kernels::RowSet> TextIndex::MatchNear(const text::MatchQuery& query,
                                                     const Cancellation& cancellation) const {
  kernels::Bitset rows(num_rows());
  Scratch scratch;
  for (const text::MatchQuery::Term& term : query.terms) {
    std::vector<uint64_t> found;
    size_t steps = 0;
    ELANUS_RETURN_IF_ERROR(
        keys_->ForEachText(0, file_->facts().num_keys, [&](uint64_t key, std::string_view token) {
          if (++steps % kStepsBetweenChecks == 0 && cancellation.cancelled()) return false;
          if (text::WithinEdits(term.token, token, query.max_edits)) found.push_back(key);
          return true;
        }));
    for (const uint64_t key : found) {
      ELANUS_RETURN_IF_ERROR(lists_.Add(key, key + 1, scratch, rows));
    }
    ELANUS_RETURN_IF_ERROR(cancellation.Check());
  }
  return kernels::RowSet(std::move(rows));
}

absl::StatusOr<kernels::RowSet> TextIndex::MatchCounted(const text::MatchQuery& query,
                                                        const Cancellation& cancellation) const {
  uint64_t count_max = 0;
  for (const text::MatchQuery::Term& term : query.terms) count_max += term.count;
  const auto wanted = static_cast<uint64_t>(query.min_should_match);
  if (wanted > count_max) return kernels::RowSet(num_rows());
  Scratch scratch;
  if (wanted == count_max) {
    ELANUS_ASSIGN_OR_RETURN(std::vector<Token> tokens, FindTokens(query, scratch));
    if (tokens.size() < query.terms.size()) return kernels::RowSet(num_rows());
    return RowsWithAll(std::move(tokens), cancellation);
  }
  RowCounts counts(num_rows(), count_max);
  for (const text::MatchQuery::Term& term : query.terms) {
    ELANUS_RETURN_IF_ERROR(cancellation.Check());
    ELANUS_ASSIGN_OR_RETURN(const auto token, Find(term.token, scratch));
    if (!token.has_value()) continue;
    kernels::Bitset rows(num_rows());
    ELANUS_RETURN_IF_ERROR(lists_.Add(token->key, token->key + 1, scratch, rows));
    counts.Add(rows, static_cast<uint64_t>(term.count));
  }
  return kernels::RowSet(counts.AtLeast(wanted));
}

absl::StatusOr<kernels::RowSet> TextIndex::MatchPhrase(const text::MatchQuery& query,
                                                       const Cancellation& cancellation) const {
  Scratch scratch;
  ELANUS_ASSIGN_OR_RETURN(const std::vector<Token> tokens, FindTokens(query, scratch));
  if (tokens.size() < query.terms.size()) return kernels::RowSet(num_rows());
  ELANUS_ASSIGN_OR_RETURN(const kernels::RowSet all, RowsWithAll(tokens, cancellation));
  const std::vector<uint32_t> rows = all.Rows();
  // Lists are read again rather than kept: who asks for a thousand words has few rows left.
  std::vector<std::vector<uint32_t>> ordinals;
  std::vector<TokenPositions> places;
  for (const Token& token : tokens) {
    ELANUS_ASSIGN_OR_RETURN(const auto list, RowsOf({&token, 1}, cancellation));
    ordinals.push_back(OrdinalsIn(list, rows));
    ELANUS_ASSIGN_OR_RETURN(TokenPositions of,
                            TokenPositions::Open(*file_, token.key, token.num_rows));
    places.push_back(std::move(of));
  }
  std::vector<uint32_t> out;
  std::vector<std::vector<int64_t>> positions(tokens.size());
  text::PhraseMatcher matcher(query.phrase, tokens.size());
  for (size_t candidate = 0; candidate < rows.size(); ++candidate) {
    if (candidate % kStepsBetweenChecks == 0) ELANUS_RETURN_IF_ERROR(cancellation.Check());
    for (size_t t = 0; t < tokens.size(); ++t) {
      ELANUS_RETURN_IF_ERROR(places[t].Read(ordinals[t][candidate], positions[t]));
    }
    if (matcher.LeastSlop(positions, query.slop, query.slop).has_value()) {
      out.push_back(rows[candidate]);
    }
  }
  return kernels::RowSet(num_rows(), std::move(out));
}

}  // namespace elanus::index
