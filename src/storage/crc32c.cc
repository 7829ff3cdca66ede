#include "storage/crc32c.h"

#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace elanus::storage {
namespace {

constexpr uint32_t kPolynomial = 0x82f63b78;  // Castagnoli, bits reversed.

using ByteTable = std::array<uint32_t, 256>;
using SlicingTables = std::array<ByteTable, 8>;

// tables[k][b]: the checksum register after byte b and k zero bytes.
constexpr SlicingTables MakeSlicingTables() {
  SlicingTables tables{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? kPolynomial : 0);
    tables[0][byte] = crc;
  }
  for (size_t k = 1; k < 8; ++k) {
    for (size_t byte = 0; byte < 256; ++byte) {
      const uint32_t previous = tables[k - 1][byte];
      tables[k][byte] = (previous >> 8) ^ tables[0][previous & 0xff];
    }
  }
  return tables;
}
constexpr SlicingTables kSlicing = MakeSlicingTables();

// Eight bytes a step through eight tables, for machines without the instruction.
uint32_t UpdateByTable(uint32_t crc, const char* data, size_t size) {
  while (size >= 8) {
    uint64_t word;
    std::memcpy(&word, data, 8);
    word ^= crc;
    crc = 0;
    for (size_t k = 0; k < 8; ++k) crc ^= kSlicing[7 - k][(word >> (8 * k)) & 0xff];
    data += 8;
    size -= 8;
  }
  for (; size > 0; --size, ++data) {
    crc = (crc >> 8) ^ kSlicing[0][(crc ^ static_cast<uint8_t>(*data)) & 0xff];
  }
  return crc;
}

#if defined(__x86_64__)

// The register after a fixed number of zero bytes is linear in the register before: four look-ups.
using ShiftTables = std::array<ByteTable, 4>;

constexpr uint32_t ApplyMatrix(const std::array<uint32_t, 32>& matrix, uint32_t vector) {
  uint32_t sum = 0;
  for (int bit = 0; vector != 0; vector >>= 1, ++bit) {
    if ((vector & 1) != 0) sum ^= matrix[bit];
  }
  return sum;
}

// `zero_bytes` must be a power of two.
constexpr ShiftTables MakeShiftTables(size_t zero_bytes) {
  std::array<uint32_t, 32> matrix{};  // Column i: what bit i becomes. Begins as one zero bit.
  matrix[0] = kPolynomial;
  for (int bit = 1; bit < 32; ++bit) matrix[bit] = uint32_t{1} << (bit - 1);
  for (size_t bits = 1; bits < zero_bytes * 8; bits *= 2) {
    std::array<uint32_t, 32> square{};
    for (int bit = 0; bit < 32; ++bit) square[bit] = ApplyMatrix(matrix, matrix[bit]);
    matrix = square;
  }
  ShiftTables tables{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    for (uint32_t k = 0; k < 4; ++k) tables[k][byte] = ApplyMatrix(matrix, byte << (8 * k));
  }
  return tables;
}

// The instruction takes three cycles but one can start in each, so three runs go side by side.
// Long runs for blocks, short ones so that records of a few hundred bytes gain too.
constexpr size_t kLongRun = 2048;
constexpr size_t kShortRun = 256;
constexpr ShiftTables kLongShift = MakeShiftTables(kLongRun);
constexpr ShiftTables kShortShift = MakeShiftTables(kShortRun);

inline uint64_t Shift(const ShiftTables& tables, uint64_t crc) {
  return tables[0][crc & 0xff] ^ tables[1][(crc >> 8) & 0xff] ^ tables[2][(crc >> 16) & 0xff] ^
         tables[3][(crc >> 24) & 0xff];
}

inline uint64_t Load(const char* data) {
  uint64_t word;
  std::memcpy(&word, data, 8);
  return word;
}

template <size_t kRun>
__attribute__((target("sse4.2"))) inline uint64_t ThreeRuns(uint64_t crc, const char*& data,
                                                            size_t& size,
                                                            const ShiftTables& shift) {
  while (size >= 3 * kRun) {
    uint64_t second = 0;
    uint64_t third = 0;
    for (size_t i = 0; i < kRun; i += 8) {
      crc = _mm_crc32_u64(crc, Load(data + i));
      second = _mm_crc32_u64(second, Load(data + kRun + i));
      third = _mm_crc32_u64(third, Load(data + 2 * kRun + i));
    }
    crc = Shift(shift, crc) ^ second;
    crc = Shift(shift, crc) ^ third;
    data += 3 * kRun;
    size -= 3 * kRun;
  }
  return crc;
}

__attribute__((target("sse4.2"))) uint32_t UpdateByInstruction(uint32_t seed, const char* data,
                                                               size_t size) {
  uint64_t crc = seed;
  crc = ThreeRuns<kLongRun>(crc, data, size, kLongShift);
  crc = ThreeRuns<kShortRun>(crc, data, size, kShortShift);
  for (; size >= 8; size -= 8, data += 8) crc = _mm_crc32_u64(crc, Load(data));
  auto small = static_cast<uint32_t>(crc);
  for (; size > 0; --size, ++data) small = _mm_crc32_u8(small, static_cast<uint8_t>(*data));
  return small;
}

#endif

using Update = uint32_t (*)(uint32_t, const char*, size_t);

Update ChooseUpdate() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("sse4.2")) return UpdateByInstruction;
#endif
  return UpdateByTable;
}

}  // namespace

uint32_t Crc32c(std::string_view data, uint32_t seed) {
  static const Update update = ChooseUpdate();
  return ~update(~seed, data.data(), data.size());
}

uint32_t Crc32cPortable(std::string_view data, uint32_t seed) {
  return ~UpdateByTable(~seed, data.data(), data.size());
}

}  // namespace elanus::storage
