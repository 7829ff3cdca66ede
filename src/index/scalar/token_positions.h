// Where in their rows the tokens of a text index stand, for phrases.
// docs/formats/scalar_index.md has the bytes.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "index/scalar/scalar_file.h"

namespace elanus::index {

// Makes the sections of positions.
class TokenPositionWriter {
 public:
  // The positions in the token's next row: ascending, each once, not none.
  void AddRow(std::span<const int64_t> positions);
  void EndToken();
  // After the last one.
  void Finish() { offsets_.push_back(bytes_.size()); }

  Bytes offsets() const { return BytesOf(offsets_); }
  Bytes bytes() const { return BytesOf(bytes_); }

 private:
  uint64_t num_rows_ = 0;                // Of the token.
  std::vector<uint64_t> block_offsets_;  // Of its blocks but the first.
  std::vector<uint8_t> token_;           // Its blocks.
  std::vector<uint64_t> offsets_;
  std::vector<uint8_t> bytes_;
};

// The positions of one token, read row by row. Threads: one.
class TokenPositions {
 public:
  // `num_rows`: of the token. `file` outlives this.
  static absl::StatusOr<TokenPositions> Open(const ScalarFile& file, uint64_t token,
                                             uint64_t num_rows);

  // Of the token's row number `ordinal`: at least that of the call before.
  absl::Status Read(uint64_t ordinal, std::vector<int64_t>& out);

 private:
  explicit TokenPositions(const ScalarFile& file) : file_(&file) {}
  uint64_t BeginOf(uint64_t block) const;
  absl::Status MoveTo(uint64_t block);

  const ScalarFile* file_;
  uint64_t num_rows_ = 0;
  uint64_t begin_ = 0, end_ = 0;  // Of the token's blocks in the section.
  std::vector<uint64_t> block_offsets_;
  // What was read of the section.
  Scratch scratch_;
  Bytes window_;
  uint64_t window_begin_ = 0;
  size_t at_ = 0;      // In the window: row `next_` begins there.
  uint64_t next_ = 0;  // Only in the block of the row read last; 0 before the first.
  bool placed_ = false;
};

}  // namespace elanus::index
