#include "index/scalar/packed_rows.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace elanus::index {
namespace {

// A list is a mask of all rows, or blocks of this many rows.
constexpr uint8_t kMask = 0, kBlocks = 1;
constexpr size_t kBlockRows = 128;
constexpr size_t kBlockHead = 5;  // The first row, and the bits of a gap.

size_t GapBytes(size_t rows, int bits) {
  return ((rows - 1) * static_cast<size_t>(bits) + 7) / 8;
}

// Bits for the gaps between neighbours, less one each.
int BitsOf(std::span<const uint32_t> rows) {
  uint32_t all = 0;
  for (size_t i = 1; i < rows.size(); ++i) all |= rows[i] - rows[i - 1] - 1;
  return std::bit_width(all);
}

uint64_t Load64(const uint8_t* at) {
  uint64_t word;
  std::memcpy(&word, at, sizeof(word));
  return word;
}

void AppendBlock(std::span<const uint32_t> rows, std::vector<uint8_t>& out) {
  const int bits = BitsOf(rows);
  const size_t begin = out.size();
  out.resize(begin + kBlockHead + GapBytes(rows.size(), bits));
  std::memcpy(&out[begin], rows.data(), 4);
  out[begin + 4] = static_cast<uint8_t>(bits);
  uint8_t* const gaps = out.data() + begin + kBlockHead;
  for (size_t i = 1; i < rows.size(); ++i) {
    const uint64_t gap = rows[i] - rows[i - 1] - 1;
    const size_t at = (i - 1) * bits;
    for (int bit = 0; bit < bits; bit += 8 - static_cast<int>((at + bit) % 8)) {
      gaps[(at + bit) / 8] |= static_cast<uint8_t>((gap >> bit) << ((at + bit) % 8));
    }
  }
}

uint64_t NumWords(uint64_t num_rows) {
  return (num_rows + 63) / 64;
}

// Calls add(word number, word) for each word of a mask of `num_rows` rows; false for what is none
// of `count` rows.
template <typename Add>
bool ReadMask(Bytes words, uint64_t count, uint64_t num_rows, Add&& add) {
  const uint64_t num_words = NumWords(num_rows);
  if (words.size() != num_words * 8) return false;
  uint64_t found = 0;
  for (uint64_t w = 0; w < num_words; ++w) {
    const uint64_t word = Load64(words.data() + w * 8);
    if (w + 1 == num_words && num_rows % 64 != 0 && word >> (num_rows % 64) != 0) return false;
    found += std::popcount(word);
    add(w, word);
  }
  return found == count;
}

// The block at the front of `list`, of `rows` rows; what it takes, or 0 if it is none.
size_t ReadBlock(Bytes list, size_t rows, uint64_t num_rows, uint64_t (&decoded)[kBlockRows]) {
  if (list.size() < kBlockHead) return 0;
  uint32_t first;
  std::memcpy(&first, list.data(), 4);
  const int bits = list[4];
  if (bits > 32) return 0;
  const size_t bytes = kBlockHead + GapBytes(rows, bits);
  if (list.size() < bytes) return 0;
  decoded[0] = first;
  // Eight bytes are loaded at a time, which may not lie behind the end.
  uint8_t copy[kBlockHead + kBlockRows * 4 + 8];
  const uint8_t* gaps = list.data() + kBlockHead;
  if (list.size() < bytes + 8) {
    std::memcpy(copy, list.data(), bytes);
    std::memset(copy + bytes, 0, 8);
    gaps = copy + kBlockHead;
  }
  const uint64_t mask = (uint64_t{1} << bits) - 1;
  for (size_t i = 1, at = 0; i < rows; ++i, at += bits) {
    decoded[i] = decoded[i - 1] + 1 + (Load64(gaps + at / 8) >> (at % 8) & mask);
  }
  return decoded[rows - 1] < num_rows ? bytes : 0;
}

// Calls add(row) for each row of the blocks.
template <typename Add>
bool ReadBlocks(Bytes list, uint64_t count, uint64_t num_rows, Add&& add) {
  uint64_t decoded[kBlockRows];
  uint64_t next = 0;  // No row comes before.
  for (uint64_t done = 0; done < count;) {
    const size_t rows = std::min<uint64_t>(kBlockRows, count - done);
    const size_t bytes = ReadBlock(list, rows, num_rows, decoded);
    if (bytes == 0 || decoded[0] < next) return false;
    for (size_t i = 0; i < rows; ++i) add(decoded[i]);
    next = decoded[rows - 1] + 1;
    list = list.subspan(bytes);
    done += rows;
  }
  return list.empty();
}

}  // namespace

void AppendPackedRows(std::span<const uint32_t> rows, int64_t num_rows, std::vector<uint8_t>& out) {
  if (rows.empty()) return;
  const size_t begin = out.size();
  out.push_back(kBlocks);
  const size_t mask_bytes = (static_cast<size_t>(num_rows) + 63) / 64 * 8;
  for (size_t i = 0; i < rows.size(); i += kBlockRows) {
    AppendBlock(rows.subspan(i, std::min(kBlockRows, rows.size() - i)), out);
    if (out.size() - begin > mask_bytes + 1) break;
  }
  if (out.size() - begin <= mask_bytes + 1) return;
  out.resize(begin);
  out.push_back(kMask);
  out.resize(begin + 1 + mask_bytes);
  for (const uint32_t row : rows) {
    out[begin + 1 + row / 8] |= static_cast<uint8_t>(1u << (row % 8));
  }
}

bool AddPackedRows(Bytes list, uint64_t count, kernels::Bitset& into) {
  if (list.empty()) return count == 0;
  const auto num_rows = static_cast<uint64_t>(into.size());
  const Bytes rest = list.subspan(1);
  if (list[0] == kMask) {
    return ReadMask(rest, count, num_rows,
                    [&](uint64_t w, uint64_t word) { into.words()[w] |= word; });
  }
  return list[0] == kBlocks && ReadBlocks(rest, count, num_rows, [&](uint64_t row) {
           into.Set(static_cast<int64_t>(row));
         });
}

bool ReadPackedRows(Bytes list, uint64_t count, int64_t num_rows, std::vector<uint32_t>& out) {
  if (list.empty()) return count == 0;
  const Bytes rest = list.subspan(1);
  const auto add = [&](uint64_t row) { out.push_back(static_cast<uint32_t>(row)); };
  if (list[0] == kMask) {
    return ReadMask(rest, count, static_cast<uint64_t>(num_rows), [&](uint64_t w, uint64_t word) {
      for (; word != 0; word &= word - 1) add(w * 64 + std::countr_zero(word));
    });
  }
  return list[0] == kBlocks && ReadBlocks(rest, count, static_cast<uint64_t>(num_rows), add);
}

}  // namespace elanus::index
