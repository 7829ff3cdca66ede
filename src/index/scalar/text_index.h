// Which rows of one text column hold which tokens, and where, in a file: what text::MatchIndex
// knows of rows in memory. Only fences of the tokens stay in memory; lists are read as they are
// asked for.
//
// File: the tokens as keys of a scalar file (scalar_file.h), their rows as packed lists, and
// positions (token_positions.h).
#pragma once

#include <memory>

#include "common/cancellation.h"
#include "index/scalar/row_lists.h"
#include "index/scalar/scalar_file.h"
#include "index/scalar/scalar_keys.h"
#include "text/match_query.h"

namespace elanus::index {

// Threads: any.
class TextIndex {
 public:
  // `file`: borrowed, must outlive the index; every byte is verified. kDataIntegrity for damage and
  // for a file of other than `num_rows` rows.
  static absl::StatusOr<std::unique_ptr<const TextIndex>> Open(Bytes file, int64_t num_rows);
  // Reads and verifies blocks as they are wanted.
  static absl::StatusOr<std::unique_ptr<const TextIndex>> Open(
      std::unique_ptr<storage::BlockReader> file, int64_t num_rows);

  // The rows that pass. kDataIntegrity names a damaged block.
  absl::StatusOr<kernels::RowSet> Match(const text::MatchQuery& query,
                                        const Cancellation& cancellation) const;
  // What Match would find, at most, and take (about nanoseconds).
  struct Estimate {
    int64_t num_rows = 0;
    double cost_ns = 0;
  };
  absl::StatusOr<Estimate> EstimateMatch(const text::MatchQuery& query) const;

  int64_t num_rows() const { return static_cast<int64_t>(file_->facts().num_rows); }
  int64_t num_tokens() const { return static_cast<int64_t>(file_->facts().num_keys); }
  // Null rows. Null: there are none.
  const ScalarFile::Set& absent() const { return file_->absent(); }
  int64_t memory_bytes() const { return file_->memory_bytes() + keys_->memory_bytes(); }

 private:
  using FilePtr = std::unique_ptr<const ScalarFile>;
  struct Token {
    uint64_t key = 0;
    uint64_t num_rows = 0;
  };

  TextIndex(FilePtr file, std::unique_ptr<const ScalarKeys> keys, const RowLists& lists)
      : file_(std::move(file)), keys_(std::move(keys)), lists_(lists) {}
  static absl::StatusOr<std::unique_ptr<const TextIndex>> Of(FilePtr file);

  // Nothing if no row has it.
  absl::StatusOr<std::optional<Token>> Find(const std::string& token, Scratch& scratch) const;
  // Each word of the query that some row has.
  absl::StatusOr<std::vector<Token>> FindTokens(const text::MatchQuery& query,
                                                Scratch& scratch) const;
  absl::StatusOr<kernels::RowSet> RowsOf(std::span<const Token> tokens,
                                         const Cancellation& cancellation) const;
  // The rows that have all of them, of which there is one at least.
  absl::StatusOr<kernels::RowSet> RowsWithAll(std::vector<Token> tokens,
                                              const Cancellation& cancellation) const;
  absl::StatusOr<kernels::RowSet> MatchNear(const text::MatchQuery& query,
                                            const Cancellation& cancellation) const;
  absl::StatusOr<kernels::RowSet> MatchCounted(const text::MatchQuery& query,
                                               const Cancellation& cancellation) const;
  absl::StatusOr<kernels::RowSet> MatchPhrase(const text::MatchQuery& query,
                                              const Cancellation& cancellation) const;

  const FilePtr file_;
  const std::unique_ptr<const ScalarKeys> keys_;
  const RowLists lists_;
};

}  // namespace elanus::index
