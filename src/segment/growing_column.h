// One field of a growing segment: chunks that never move, appended to by one thread while others
// read.
//
// Chunk sizes double from 64 rows to 32,768, then stay at 65,536, so that a tiny collection is
// cheap and a large one has few pieces:
//   chunk 0: rows [0, 64), chunk c (1...10): [64 << (c - 1), 64 << c), then 65,536 rows each.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstdint>
#include <memory>
#include <vector>

#include "schema/column.h"

namespace elanus::segment {

inline constexpr int kMaxChunks = 80;
inline constexpr int64_t kMaxGrowingRows = 4 << 20;  // A growing segment is sealed before this.

constexpr int ChunkOf(int64_t row) {
  if (row < 64) return 0;
  if (row < 65536) return std::bit_width(static_cast<uint64_t>(row >> 6));
  return 11 + static_cast<int>((row - 65536) >> 16);
}
constexpr int64_t ChunkBegin(int chunk) {
  if (chunk == 0) return 0;
  if (chunk <= 11) return int64_t{64} << (chunk - 1);
  return 65536 + (int64_t{chunk - 11} << 16);
}
constexpr int64_t ChunkSize(int chunk) {
  return chunk == 0 ? 64 : chunk <= 10 ? int64_t{64} << (chunk - 1) : 65536;
}

// Threads: one appender; readers may view rows whose number was published to them (release/acquire
// on the segment's row count) at any time.
class GrowingColumn {
 public:
  explicit GrowingColumn(schema::ColumnType type);
  ~GrowingColumn();
  GrowingColumn(const GrowingColumn&) = delete;
  GrowingColumn& operator=(const GrowingColumn&) = delete;

  const schema::ColumnType& type() const { return type_; }
  int64_t num_rows() const { return num_rows_; }  // Appender only.
  int64_t byte_size() const { return bytes_.load(std::memory_order_relaxed); }

  void Append(const schema::ColumnView& rows);  // Appender only.

  // Rows [0, count) of a chunk. Validity words are shared with the appender, so they are copied
  // into `validity` (atomically, word by word) when the column has nulls; the view then points
  // there.
  schema::ColumnView View(int chunk, int64_t count, std::vector<uint64_t>& validity) const;
  // One row of it.
  bool IsValid(int64_t row) const;
  void AppendRowTo(int64_t row, schema::Column& out) const;
  std::string_view Raw(int64_t row) const;

 private:
  struct Chunk {
    std::unique_ptr<uint8_t[]> fixed;
    std::unique_ptr<uint64_t[]> offsets;
    std::atomic<const char*> text{nullptr};
    std::unique_ptr<uint64_t[]> validity;          // Words accessed through atomic_ref.
    std::vector<std::unique_ptr<char[]>> buffers;  // Text buffers; readers may still use old ones.
    size_t text_size = 0;
    size_t text_capacity = 0;
  };
  Chunk& ChunkFor(int chunk);
  void AppendText(Chunk& chunk, int64_t at, const schema::ColumnView& rows, int64_t begin,
                  int64_t count);
  void AppendValidity(Chunk& chunk, int64_t at, const schema::ColumnView& rows, int64_t begin,
                      int64_t count);

  const schema::ColumnType type_;
  const int64_t width_;
  int64_t num_rows_ = 0;
  std::atomic<int64_t> bytes_{0};
  std::array<std::atomic<Chunk*>, kMaxChunks> chunks_{};
};

}  // namespace elanus::segment
