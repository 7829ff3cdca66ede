#include "segment/growing_column.h"

#include <algorithm>
#include <cstring>

#include "common/check.h"

namespace elanus::segment {

GrowingColumn::GrowingColumn(schema::ColumnType type) : type_(type), width_(type.width()) {}

GrowingColumn::~GrowingColumn() {
  for (std::atomic<Chunk*>& chunk : chunks_) delete chunk.load();
}

GrowingColumn::Chunk& GrowingColumn::ChunkFor(int number) {
  ELANUS_CHECK(number < kMaxChunks);
  Chunk* chunk = chunks_[number].load(std::memory_order_relaxed);
  if (chunk != nullptr) return *chunk;
  const int64_t size = ChunkSize(number);
  auto made = std::make_unique<Chunk>();
  if (width_ > 0) {
    made->fixed = std::make_unique_for_overwrite<uint8_t[]>(size * width_);
  } else {
    made->offsets = std::make_unique_for_overwrite<uint64_t[]>(size + 1);
    made->offsets[0] = 0;
  }
  made->validity = std::make_unique<uint64_t[]>(size / 64);
  chunk = made.release();
  chunks_[number].store(chunk, std::memory_order_release);
  return *chunk;
}

void GrowingColumn::AppendText(Chunk& chunk, int64_t at, const schema::ColumnView& rows,
                               int64_t begin, int64_t count) {
  const uint64_t from = rows.offsets[begin];
  const size_t length = rows.offsets[begin + count] - from;
  if (chunk.text_size + length > chunk.text_capacity || chunk.buffers.empty()) {
    // Readers may hold the old buffer, so it stays until the segment goes; doubling bounds the
    // waste.
    const size_t capacity =
        std::max<size_t>({chunk.text_capacity * 2, chunk.text_size + length, 256});
    auto buffer = std::make_unique_for_overwrite<char[]>(capacity);
    if (chunk.text_size > 0) std::memcpy(buffer.get(), chunk.buffers.back().get(), chunk.text_size);
    chunk.buffers.push_back(std::move(buffer));
    chunk.text_capacity = capacity;
  }
  char* text = chunk.buffers.back().get();
  if (length > 0) std::memcpy(text + chunk.text_size, rows.bytes + from, length);
  for (int64_t i = 0; i < count; ++i) {
    chunk.offsets[at + i + 1] = chunk.text_size + (rows.offsets[begin + i + 1] - from);
  }
  chunk.text_size += length;
  chunk.text.store(text, std::memory_order_release);
}

void GrowingColumn::AppendValidity(Chunk& chunk, int64_t at, const schema::ColumnView& rows,
                                   int64_t begin, int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    const int64_t row = at + i;
    std::atomic_ref<uint64_t> word(chunk.validity[row >> 6]);
    const uint64_t bit = uint64_t{1} << (row & 63);
    if (rows.IsValid(begin + i)) word.fetch_or(bit, std::memory_order_relaxed);
  }
}

void GrowingColumn::Append(const schema::ColumnView& rows) {
  int64_t begin = 0;
  while (begin < rows.num_rows) {
    const int number = ChunkOf(num_rows_);
    Chunk& chunk = ChunkFor(number);
    const int64_t at = num_rows_ - ChunkBegin(number);
    const int64_t count = std::min(rows.num_rows - begin, ChunkSize(number) - at);
    int64_t added = 0;
    if (width_ > 0) {
      added = count * width_;
      std::memcpy(chunk.fixed.get() + at * width_, rows.fixed + begin * width_, added);
    } else {
      added = static_cast<int64_t>(rows.offsets[begin + count] - rows.offsets[begin]) + count * 8;
      AppendText(chunk, at, rows, begin, count);
    }
    AppendValidity(chunk, at, rows, begin, count);
    bytes_.fetch_add(added, std::memory_order_relaxed);
    num_rows_ += count;
    begin += count;
  }
}

schema::ColumnView GrowingColumn::View(int number, int64_t count,
                                       std::vector<uint64_t>& validity) const {
  const Chunk* chunk = chunks_[number].load(std::memory_order_acquire);
  ELANUS_CHECK(chunk != nullptr);
  schema::ColumnView view;
  view.type = type_;
  view.num_rows = count;
  if (width_ > 0) {
    view.fixed = chunk->fixed.get();
  } else {
    view.offsets = chunk->offsets.get();
    view.bytes = chunk->text.load(std::memory_order_acquire);
  }
  bool all_valid = true;
  validity.resize((count + 63) / 64);
  for (size_t w = 0; w < validity.size(); ++w) {
    validity[w] = std::atomic_ref<uint64_t>(chunk->validity[w]).load(std::memory_order_relaxed);
    const int64_t rows = std::min<int64_t>(64, count - static_cast<int64_t>(w) * 64);
    const uint64_t mask = rows == 64 ? ~uint64_t{0} : (uint64_t{1} << rows) - 1;
    validity[w] &= mask;
    all_valid &= validity[w] == mask;
  }
  if (!all_valid) view.validity = validity.data();
  return view;
}

bool GrowingColumn::IsValid(int64_t row) const {
  const int number = ChunkOf(row);
  const Chunk* chunk = chunks_[number].load(std::memory_order_acquire);
  const int64_t at = row - ChunkBegin(number);
  return std::atomic_ref<uint64_t>(chunk->validity[at >> 6]).load(std::memory_order_relaxed) >>
             (at & 63) &
         1;
}

std::string_view GrowingColumn::Raw(int64_t row) const {
  const int number = ChunkOf(row);
  const Chunk* chunk = chunks_[number].load(std::memory_order_acquire);
  const int64_t at = row - ChunkBegin(number);
  if (width_ > 0) {
    return {reinterpret_cast<const char*>(chunk->fixed.get()) + at * width_,
            static_cast<size_t>(width_)};
  }
  const char* text = chunk->text.load(std::memory_order_acquire);
  return {text + chunk->offsets[at], chunk->offsets[at + 1] - chunk->offsets[at]};
}

void GrowingColumn::AppendRowTo(int64_t row, schema::Column& out) const {
  if (IsValid(row)) {
    out.AppendRaw(Raw(row));
  } else {
    out.AppendNull();
  }
}

}  // namespace elanus::segment
