// Layout of the bytes of one token, integers as LEB128:
//
//   postings  = entry*                        ascending rows
//   entry     = row - previous row (first: row + 1)
//               size of what follows, bytes
//               position - previous position (first: position), ascending
#include "text/match_index.h"

#include <algorithm>

#include "common/check.h"
#include "text/phrase_matcher.h"

namespace elanus::text {
namespace {

constexpr int64_t kStepsBetweenChecks = 256;

void AppendVarint(uint64_t value, std::vector<uint8_t>& out) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<uint8_t>(value | 0x80));
  out.push_back(static_cast<uint8_t>(value));
}

uint64_t ReadVarint(const uint8_t** at) {
  uint64_t value = 0;
  for (int shift = 0;; shift += 7) {
    const uint8_t byte = *(*at)++;
    value |= static_cast<uint64_t>(byte & 0x7F) << shift;
    if (byte < 0x80) return value;
  }
}

int64_t VarintSize(uint64_t value) {
  int64_t size = 1;
  for (; value >= 0x80; value >>= 7) ++size;
  return size;
}

void SetBit(std::span<uint64_t> words, int64_t row) {
  words[row >> 6] |= uint64_t{1} << (row & 63);
}

}  // namespace

// Walks the rows of a token.
class MatchIndex::Cursor {
 public:
  explicit Cursor(const Postings& postings)
      : next_(postings.bytes.data()),
        end_(next_ + postings.bytes.size()),
        size_(postings.bytes.size()) {}

  // False behind the last row.
  bool Next() {
    if (next_ == end_) return false;
    row_ += static_cast<int64_t>(ReadVarint(&next_));
    const auto size = static_cast<int64_t>(ReadVarint(&next_));
    positions_ = next_;
    next_ += size;
    return true;
  }
  // The first row that is not below `row`.
  bool Seek(int64_t row) {
    while (row_ < row) {
      if (!Next()) return false;
    }
    return true;
  }
  int64_t row() const { return row_; }
  size_t size() const { return size_; }  // Of all rows, in bytes.
  void ReadPositions(std::vector<int64_t>& out) const {
    out.clear();
    int64_t position = 0;
    for (const uint8_t* at = positions_; at < next_;) {
      position += static_cast<int64_t>(ReadVarint(&at));
      out.push_back(position);
    }
  }

 private:
  const uint8_t* next_;
  const uint8_t* end_;
  const uint8_t* positions_ = nullptr;
  size_t size_;
  int64_t row_ = -1;
};

void MatchIndex::Add(int64_t row, const Tokens& tokens) {
  places_.clear();
  for (const Token& token : tokens) {
    const auto [found, added] =
        tokens_.try_emplace(token.text, static_cast<uint32_t>(postings_.size()));
    if (added) {
      postings_.emplace_back();
      memory_bytes_ += static_cast<int64_t>(sizeof(*found) + sizeof(Postings) + token.text.size());
    }
    places_.emplace_back(found->second, token.position);
  }
  std::sort(places_.begin(), places_.end());
  places_.erase(std::unique(places_.begin(), places_.end()), places_.end());
  for (size_t begin = 0, end = 0; begin < places_.size(); begin = end) {
    Postings& postings = postings_[places_[begin].first];
    int64_t size = 0, position = 0;
    for (end = begin; end < places_.size() && places_[end].first == places_[begin].first; ++end) {
      size += VarintSize(places_[end].second - position);
      position = places_[end].second;
    }
    ELANUS_CHECK(row > postings.last_row);
    const size_t before = postings.bytes.size();
    AppendVarint(row - postings.last_row, postings.bytes);
    AppendVarint(size, postings.bytes);
    position = 0;
    for (size_t i = begin; i < end; ++i) {
      AppendVarint(places_[i].second - position, postings.bytes);
      position = places_[i].second;
    }
    postings.last_row = row;
    memory_bytes_ += static_cast<int64_t>(postings.bytes.size() - before);
  }
}

void MatchIndex::Shrink() {
  for (Postings& postings : postings_) postings.bytes.shrink_to_fit();
  postings_.shrink_to_fit();
}

const MatchIndex::Postings* MatchIndex::Find(std::string_view token) const {
  const auto found = tokens_.find(token);
  return found == tokens_.end() ? nullptr : &postings_[found->second];
}

void MatchIndex::Visit(const std::function<void(std::string_view)>& token,
                       const std::function<void(int64_t, std::span<const int64_t>)>& row) const {
  std::vector<std::pair<std::string_view, uint32_t>> order(tokens_.begin(), tokens_.end());
  std::sort(order.begin(), order.end());
  std::vector<int64_t> positions;
  for (const auto& [text, place] : order) {
    token(text);
    Cursor cursor(postings_[place]);
    while (cursor.Next()) {
      cursor.ReadPositions(positions);
      row(cursor.row(), positions);
    }
  }
}

void MatchIndex::Match(const MatchQuery& query, int64_t num_rows, const Cancellation& cancellation,
                       std::span<uint64_t> words) const {
  if (query.matches_nothing()) return;
  if (!query.phrase.empty()) return MatchPhrase(query, num_rows, cancellation, words);
  if (query.min_should_match > 1) return MatchCounted(query, num_rows, cancellation, words);
  MatchAny(query, num_rows, cancellation, words);
}

void MatchIndex::MatchAny(const MatchQuery& query, int64_t num_rows,
                          const Cancellation& cancellation, std::span<uint64_t> words) const {
  const auto add = [&](const Postings& postings) {
    Cursor cursor(postings);
    while (cursor.Next() && cursor.row() < num_rows) SetBit(words, cursor.row());
  };
  for (const MatchQuery::Term& term : query.terms) {
    if (cancellation.cancelled()) return;
    if (query.max_edits == 0) {
      if (const Postings* postings = Find(term.token)) add(*postings);
      continue;
    }
    int64_t steps = 0;
    for (const auto& [token, place] : tokens_) {
      if (++steps % 1024 == 0 && cancellation.cancelled()) return;
      if (WithinEdits(term.token, token, query.max_edits)) add(postings_[place]);
    }
  }
}

void MatchIndex::MatchCounted(const MatchQuery& query, int64_t num_rows,
                              const Cancellation& cancellation, std::span<uint64_t> words) const {
  std::vector<uint32_t> counts(num_rows, 0);
  for (const MatchQuery::Term& term : query.terms) {
    if (cancellation.cancelled()) return;
    const Postings* postings = Find(term.token);
    if (postings == nullptr) continue;
    Cursor cursor(*postings);
    while (cursor.Next() && cursor.row() < num_rows) {
      counts[cursor.row()] += static_cast<uint32_t>(term.count);
    }
  }
  for (int64_t row = 0; row < num_rows; ++row) {
    if (counts[row] >= query.min_should_match) SetBit(words, row);
  }
}

void MatchIndex::MatchPhrase(const MatchQuery& query, int64_t num_rows,
                             const Cancellation& cancellation, std::span<uint64_t> words) const {
  std::vector<Cursor> cursors;
  for (const MatchQuery::Term& term : query.terms) {
    const Postings* postings = Find(term.token);
    if (postings == nullptr) return;
    cursors.emplace_back(*postings);
  }
  // The rarest token leads, the others follow to its rows.
  std::vector<Cursor*> order;
  for (Cursor& cursor : cursors) order.push_back(&cursor);
  std::sort(order.begin(), order.end(),
            [](const Cursor* a, const Cursor* b) { return a->size() < b->size(); });
  std::vector<std::vector<int64_t>> positions(cursors.size());
  PhraseMatcher matcher(query.phrase, cursors.size());
  int64_t row = 0, steps = 0;
  while (row < num_rows) {
    if (++steps % kStepsBetweenChecks == 0 && cancellation.cancelled()) return;
    const int64_t wanted = row;
    for (Cursor* cursor : order) {
      if (!cursor->Seek(row)) return;
      row = cursor->row();
      if (row != wanted) break;
    }
    if (row != wanted || row >= num_rows) continue;
    for (size_t i = 0; i < cursors.size(); ++i) cursors[i].ReadPositions(positions[i]);
    if (matcher.LeastSlop(positions, query.slop, query.slop).has_value()) {
      SetBit(words, row);
    }
    ++row;
  }
}

}  // namespace elanus::text
