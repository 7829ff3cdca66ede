#include "index/scalar/text_index.h"

#include <algorithm>
#include <bit>

#include "index/scalar/token_positions.h"
#include "text/phrase_matcher.h"

namespace elanus::index {
namespace {

constexpr int64_t kStepsBetweenChecks = 256;

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
std::vector<uint32_t> OrdinalsIn(const kernels::Bitset& list, const kernels::Bitset& rows,
                                 int64_t num_rows) {
  std::vector<uint32_t> out;
  out.reserve(static_cast<size_t>(num_rows));
  uint32_t before = 0;
  for (int64_t word = 0; word < rows.num_words(); ++word) {
    const uint64_t all = list.words()[word];
    for (uint64_t some = rows.words()[word]; some != 0; some &= some - 1) {
      const uint64_t below = (some & -some) - 1;
      out.push_back(before + static_cast<uint32_t>(std::popcount(all & below)));
    }
    before += static_cast<uint32_t>(std::popcount(all));
  }
  return out;
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

absl::StatusOr<kernels::Bitset> TextIndex::Match(const text::MatchQuery& query,
                                                 const Cancellation& cancellation) const {
  if (query.matches_nothing()) return kernels::Bitset(num_rows());
  if (!query.phrase.empty()) return MatchPhrase(query, cancellation);
  if (query.min_should_match > 1) return MatchCounted(query, cancellation);
  return MatchAny(query, cancellation);
}

absl::StatusOr<std::optional<TextIndex::Token>> TextIndex::Find(const std::string& token,
                                                                Scratch& scratch) const {
  ELANUS_ASSIGN_OR_RETURN(const auto place, keys_->Locate(token, scratch));
  if (!place.equal) return std::nullopt;
  ELANUS_ASSIGN_OR_RETURN(const uint64_t before, lists_.EntriesBefore(place.ordinal, scratch));
  ELANUS_ASSIGN_OR_RETURN(const uint64_t after, lists_.EntriesBefore(place.ordinal + 1, scratch));
  return Token{place.ordinal, after - std::min(before, after)};
}

absl::StatusOr<kernels::Bitset> TextIndex::MatchAny(const text::MatchQuery& query,
                                                    const Cancellation& cancellation) const {
  kernels::Bitset rows(num_rows());
  Scratch scratch;
  for (const text::MatchQuery::Term& term : query.terms) {
    ELANUS_RETURN_IF_ERROR(cancellation.Check());
    if (query.max_edits > 0) {
      ELANUS_RETURN_IF_ERROR(AddNear(term, query.max_edits, cancellation, scratch, rows));
      continue;
    }
    ELANUS_ASSIGN_OR_RETURN(const auto token, Find(term.token, scratch));
    if (!token.has_value()) continue;
    ELANUS_RETURN_IF_ERROR(lists_.Add(token->key, token->key + 1, scratch, rows));
  }
  return rows;
}

absl::Status TextIndex::AddNear(const text::MatchQuery::Term& term, int max_edits,
                                const Cancellation& cancellation, Scratch& scratch,
                                kernels::Bitset& rows) const {
  std::vector<uint64_t> found;
  int64_t steps = 0;
  ELANUS_RETURN_IF_ERROR(
      keys_->ForEachText(0, file_->facts().num_keys, [&](uint64_t key, std::string_view token) {
        if (++steps % kStepsBetweenChecks == 0 && cancellation.cancelled()) return false;
        if (text::WithinEdits(term.token, token, max_edits)) found.push_back(key);
        return true;
      }));
  for (const uint64_t key : found) {
    ELANUS_RETURN_IF_ERROR(lists_.Add(key, key + 1, scratch, rows));
  }
  return cancellation.Check();
}

absl::StatusOr<kernels::Bitset> TextIndex::MatchCounted(const text::MatchQuery& query,
                                                        const Cancellation& cancellation) const {
  uint64_t count_max = 0;
  for (const text::MatchQuery::Term& term : query.terms) count_max += term.count;
  const auto wanted = static_cast<uint64_t>(query.min_should_match);
  if (wanted > count_max) return kernels::Bitset(num_rows());
  RowCounts counts(num_rows(), count_max);
  Scratch scratch;
  for (const text::MatchQuery::Term& term : query.terms) {
    ELANUS_RETURN_IF_ERROR(cancellation.Check());
    ELANUS_ASSIGN_OR_RETURN(const auto token, Find(term.token, scratch));
    if (!token.has_value()) continue;
    kernels::Bitset rows(num_rows());
    ELANUS_RETURN_IF_ERROR(lists_.Add(token->key, token->key + 1, scratch, rows));
    counts.Add(rows, static_cast<uint64_t>(term.count));
  }
  return counts.AtLeast(wanted);
}

absl::StatusOr<kernels::Bitset> TextIndex::MatchPhrase(const text::MatchQuery& query,
                                                       const Cancellation& cancellation) const {
  kernels::Bitset out(num_rows());
  Scratch scratch;
  std::vector<Token> tokens;
  for (const text::MatchQuery::Term& term : query.terms) {
    ELANUS_ASSIGN_OR_RETURN(const auto token, Find(term.token, scratch));
    if (!token.has_value()) return out;
    tokens.push_back(*token);
  }
  // The rows that have all of them, the rarest first.
  std::vector<Token> order = tokens;
  std::sort(order.begin(), order.end(),
            [](const Token& a, const Token& b) { return a.num_rows < b.num_rows; });
  kernels::Bitset rows(num_rows(), true);
  for (const Token& token : order) {
    ELANUS_RETURN_IF_ERROR(cancellation.Check());
    kernels::Bitset list(num_rows());
    ELANUS_RETURN_IF_ERROR(lists_.Add(token.key, token.key + 1, scratch, list));
    rows.And(list.view());
  }
  const int64_t num_candidates = rows.Count();
  if (num_candidates == 0) return out;
  // Lists are read again rather than kept: who asks for a thousand words has few rows left.
  std::vector<std::vector<uint32_t>> ordinals;
  std::vector<TokenPositions> places;
  for (const Token& token : tokens) {
    ELANUS_RETURN_IF_ERROR(cancellation.Check());
    kernels::Bitset list(num_rows());
    ELANUS_RETURN_IF_ERROR(lists_.Add(token.key, token.key + 1, scratch, list));
    ordinals.push_back(OrdinalsIn(list, rows, num_candidates));
    ELANUS_ASSIGN_OR_RETURN(TokenPositions of,
                            TokenPositions::Open(*file_, token.key, token.num_rows));
    places.push_back(std::move(of));
  }
  std::vector<std::vector<int64_t>> positions(tokens.size());
  text::PhraseMatcher matcher(query.phrase, tokens.size());
  absl::Status status;
  int64_t candidate = 0;
  rows.view().ForEach([&](int64_t row) {
    if (!status.ok()) return;
    if (candidate % kStepsBetweenChecks == 0) status = cancellation.Check();
    for (size_t t = 0; t < tokens.size() && status.ok(); ++t) {
      status = places[t].Read(ordinals[t][candidate], positions[t]);
    }
    ++candidate;
    if (!status.ok()) return;
    if (matcher.LeastSlop(positions, query.slop, query.slop).has_value()) out.Set(row);
  });
  ELANUS_RETURN_IF_ERROR(status);
  return out;
}

}  // namespace elanus::index
