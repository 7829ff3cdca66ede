#include "kernels/table_codes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "kernels/simd_targets_test.h"

namespace elanus::kernels {
namespace {

std::vector<uint8_t> RandomBytes(size_t count, unsigned below, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<uint8_t> bytes(count);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random() % below);
  return bytes;
}

constexpr size_t kParts[] = {1, 2, 3, 4, 7, 48, 255, 256, 257, 1100};
constexpr size_t kCounts[] = {1, 31, 32, 33, 64, 100, 129};

TEST(TableCodes, SumsOfNibblesAreExactOnEveryTarget) {
  for (const size_t parts : kParts) {
    const size_t padded = PaddedNibbleParts(parts);
    std::vector<uint8_t> tables = RandomBytes(padded * 16, 256, parts);
    std::fill(tables.begin() + static_cast<ptrdiff_t>(parts * 16), tables.end(), 0);
    std::fill(tables.begin(), tables.begin() + 16, 255);
    for (const size_t count : kCounts) {
      const auto codes = RandomBytes(count * parts, 16, count);
      const size_t num_blocks = (count + 31) / 32;
      std::vector<uint8_t> blocks(num_blocks * NibbleBlockBytes(parts));
      PackNibbleBlocks(codes.data(), count, parts, blocks.data());
      ForEachSimdTarget([&] {
        std::vector<float> out(num_blocks * 32);
        SumNibbleBlocks(tables.data(), blocks.data(), parts, num_blocks, out.data());
        for (size_t i = 0; i < count; ++i) {
          uint32_t expected = 0;
          for (size_t p = 0; p < parts; ++p) {
            expected += tables[p * 16 + codes[i * parts + p]];
            ASSERT_EQ(NibbleAt(blocks.data(), parts, i, p), codes[i * parts + p]);
          }
          ASSERT_EQ(out[i], static_cast<float>(expected)) << parts << " parts, code " << i;
        }
      });
    }
  }
}

TEST(TableCodes, SumsOfBytesAreExactOnEveryTarget) {
  for (const size_t parts : kParts) {
    std::vector<uint8_t> tables = RandomBytes(parts * 256, 256, parts);
    std::fill(tables.begin(), tables.begin() + 256, 255);
    for (const size_t count : kCounts) {
      const auto codes = RandomBytes(count * parts, 256, count);
      std::vector<uint8_t> blocks(count * parts);
      PackByteBlocks(codes.data(), count, parts, blocks.data());
      ForEachSimdTarget([&] {
        std::vector<float> out(count + 1, -1);
        SumByteBlocks(tables.data(), blocks.data(), parts, count, out.data());
        for (size_t i = 0; i < count; ++i) {
          uint32_t expected = 0;
          for (size_t p = 0; p < parts; ++p) {
            expected += tables[p * 256 + codes[i * parts + p]];
            ASSERT_EQ(ByteAt(blocks.data(), parts, count, i, p), codes[i * parts + p]);
          }
          ASSERT_EQ(out[i], static_cast<float>(expected)) << parts << " parts, code " << i;
        }
        EXPECT_EQ(out[count], -1) << "wrote behind the last code";
      });
    }
  }
}

TEST(TableCodes, TablesInBytesAreOffByHalfAStepAtMost) {
  std::mt19937_64 random(1);
  std::normal_distribution<float> normal;
  constexpr size_t kPartsHere = 5;
  for (const size_t entries : {size_t{16}, size_t{256}}) {
    std::vector<float> tables(kPartsHere * entries);
    for (float& value : tables) value = normal(random);
    std::vector<uint8_t> bytes(PaddedNibbleParts(kPartsHere) * entries, 7);
    const TableScale scale = QuantizeTables(tables.data(), kPartsHere, entries, bytes.data());
    double offset = 0;
    for (size_t p = 0; p < kPartsHere; ++p) {
      const auto begin = tables.begin() + static_cast<ptrdiff_t>(p * entries);
      const float low = *std::min_element(begin, begin + static_cast<ptrdiff_t>(entries));
      offset += low;
      for (size_t e = 0; e < entries; ++e) {
        EXPECT_NEAR(low + scale.step * bytes[p * entries + e], tables[p * entries + e],
                    scale.step * 0.51);
      }
    }
    EXPECT_NEAR(scale.offset, offset, 1e-5);
    if (entries == 16) {
      EXPECT_EQ(bytes[7 * 16 + 15], 0) << "padding";
    }
  }
}

}  // namespace
}  // namespace elanus::kernels
