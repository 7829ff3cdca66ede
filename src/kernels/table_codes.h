// Sums of table look-ups: the inner loop of product quantisers (H. Jégou, M. Douze & C. Schmid,
// "Product quantization for nearest neighbor search", TPAMI 2011, section 3) and of sign codes.
//
// Codes lie in blocks, so that one register holds the same part of many codes and looks all of them
// up at once: F. André, A.-M. Kermarrec & N. Le Scouarnec, "Cache locality is not enough", VLDB
// 2015; "Quicker ADC", TPAMI 2021. Tables hold bytes; see TableScale.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace elanus::kernels {

// Four bits a part: blocks of 32 codes. The parts are padded to a multiple of 4; part p of a block
// is 16 bytes, byte i of which holds code i in its low half and code 16 + i in its high one.
inline constexpr size_t kNibbleBlock = 32;
inline size_t PaddedNibbleParts(size_t parts) {
  return (parts + 3) / 4 * 4;
}
inline size_t NibbleBlockBytes(size_t parts) {
  return PaddedNibbleParts(parts) * kNibbleBlock / 2;
}
// codes: (count, parts), a byte each. out: ceil(count / 32) blocks.
void PackNibbleBlocks(const uint8_t* codes, size_t count, size_t parts, uint8_t* out);
uint8_t NibbleAt(const uint8_t* blocks, size_t parts, size_t code, size_t part);

// Eight bits a part: blocks of 64 codes, the last one of as many as are left. Part p of a block of
// n codes is n bytes.
inline constexpr size_t kByteBlock = 64;
void PackByteBlocks(const uint8_t* codes, size_t count, size_t parts, uint8_t* out);
uint8_t ByteAt(const uint8_t* blocks, size_t parts, size_t count, size_t code, size_t part);

// Tables of a query in bytes: entry e of part p is about smallest(p) + step * byte.
struct TableScale {
  float step = 0;
  float offset = 0;  // Sum of the smallest entries of all parts.
};
// tables: (parts, entries), entries 16 or 256. out: (parts, entries), for 16 entries (padded parts,
// 16) with zeros.
TableScale QuantizeTables(const float* tables, size_t parts, size_t entries, uint8_t* out);

// out[i] = sum over p of tables[p][part p of code i], for the codes of whole blocks: 32 *
// num_blocks values. tables: (padded parts, 16).
void SumNibbleBlocks(const uint8_t* tables, const uint8_t* blocks, size_t parts, size_t num_blocks,
                     float* out);

// out[i] for `count` codes, of which the first begins a block. tables: (parts, 256). Reads nothing
// behind the blocks.
void SumByteBlocks(const uint8_t* tables, const uint8_t* blocks, size_t parts, size_t count,
                   float* out);

}  // namespace elanus::kernels
