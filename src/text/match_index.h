// Which rows hold which tokens, and where: an inverted index with positions over one text column.
//
// Memory: the distinct tokens, and for each a list of bytes; see match_index.cc.
//
// Threads: const calls from any; Add from one, while nobody reads.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "common/cancellation.h"
#include "text/match_query.h"
#include "text/string_table.h"
#include "text/token.h"

namespace elanus::text {

class MatchIndex {
 public:
  // Rows come in ascending order; those without tokens (null ones) may be left out.
  void Add(int64_t row, const Tokens& tokens);
  // Gives spare memory back, when no more rows come.
  void Shrink();

  // Sets the bit of each row below `num_rows` that passes: (num_rows + 63) / 64 words, LSB first.
  // Stops early, with some bits missing, when cancelled.
  void Match(const MatchQuery& query, int64_t num_rows, const Cancellation& cancellation,
             std::span<uint64_t> words) const;

  // Calls token(text) for each token, ascending, and after it row(row, positions) for each of its
  // rows.
  void Visit(const std::function<void(std::string_view)>& token,
             const std::function<void(int64_t, std::span<const int64_t>)>& row) const;

  int64_t num_tokens() const { return static_cast<int64_t>(postings_.size()); }  // Distinct.
  int64_t memory_bytes() const { return memory_bytes_; }

 private:
  struct Postings {
    std::vector<uint8_t> bytes;
    int64_t last_row = -1;
  };
  class Cursor;

  const Postings* Find(std::string_view token) const;
  void MatchAny(const MatchQuery& query, int64_t num_rows, const Cancellation& cancellation,
                std::span<uint64_t> words) const;
  void MatchCounted(const MatchQuery& query, int64_t num_rows, const Cancellation& cancellation,
                    std::span<uint64_t> words) const;
  void MatchPhrase(const MatchQuery& query, int64_t num_rows, const Cancellation& cancellation,
                   std::span<uint64_t> words) const;

  StringMap<uint32_t> tokens_;  // Into postings_.
  std::vector<Postings> postings_;
  std::vector<std::pair<uint32_t, int64_t>> places_;  // Of the row being added: token, position.
  int64_t memory_bytes_ = 0;
};

}  // namespace elanus::text
