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

bool AddMask(Bytes words, uint64_t count, kernels::Bitset& into) {
  if (words.size() != static_cast<size_t>(into.num_words()) * 8) return false;
  uint64_t found = 0;
  for (int64_t w = 0; w < into.num_words(); ++w) {
    const uint64_t word = Load64(words.data() + w * 8);
    found += std::popcount(word);
    into.words()[w] |= word;
  }
  const int64_t tail = into.size() & 63;
  const bool fits = tail == 0 || (into.words()[into.num_words() - 1] >> tail) == 0;
  into.ClearTail();
  return fits && found == count;
}

// The block at the front of `list`, of `rows` rows; what it takes, or 0 if it is none.
size_t AddBlock(Bytes list, size_t rows, uint32_t* last, kernels::Bitset& into) {
  if (list.size() < kBlockHead) return 0;
  uint32_t first;
  std::memcpy(&first, list.data(), 4);
  const int bits = list[4];
  if (bits > 32) return 0;
  const size_t bytes = kBlockHead + GapBytes(rows, bits);
  if (list.size() < bytes) return 0;
  uint64_t decoded[kBlockRows];
  decoded[0] = first;
  // Eight bytes are loaded at a time, which may not lie behind the end.
  uint8_t copy[kBlockHead + kBlockRows * 4 + 8] = {};
  const uint8_t* gaps = list.data() + kBlockHead;
  if (list.size() < bytes + 8) {
    std::memcpy(copy, list.data(), bytes);
    gaps = copy + kBlockHead;
  }
  const uint64_t mask = (uint64_t{1} << bits) - 1;
  for (size_t i = 1, at = 0; i < rows; ++i, at += bits) {
    decoded[i] = decoded[i - 1] + 1 + (Load64(gaps + at / 8) >> (at % 8) & mask);
  }
  if (decoded[rows - 1] >= static_cast<uint64_t>(into.size())) return 0;
  for (size_t i = 0; i < rows; ++i) into.Set(static_cast<int64_t>(decoded[i]));
  *last = static_cast<uint32_t>(decoded[rows - 1]);
  return bytes;
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
  const uint8_t form = list[0];
  list = list.subspan(1);
  if (form == kMask) return AddMask(list, count, into);
  if (form != kBlocks) return false;
  uint32_t last = 0;
  for (uint64_t done = 0; done < count;) {
    const size_t rows = std::min<uint64_t>(kBlockRows, count - done);
    const uint32_t before = last;
    const size_t bytes = AddBlock(list, rows, &last, into);
    if (bytes == 0 || (done > 0 && last <= before)) return false;
    list = list.subspan(bytes);
    done += rows;
  }
  return list.empty();
}

}  // namespace elanus::index
