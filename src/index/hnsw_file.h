// The bytes of an HNSW index file; docs/formats/hnsw.md has them one by one.
//
// The file is used in place, from memory or from a map: link lists have a fixed stride, and the
// upper levels, which few rows reach, are packed. Links of level 0 are words of 32 bits or, where
// these would be much beside short vectors, of as many bits as a row number needs. Vectors are not
// in it; they stay in the field's column.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "index/hnsw_measure.h"
#include "index/vector_index.h"

namespace elanus::index {

inline constexpr uint32_t kNoNode = 0xFFFFFFFF;  // Ends a link list that is not full.
inline constexpr int kHnswLevelMax = 31;
inline constexpr int64_t kHnswRowsMax = 0x7FFFFFFE;

// The header's facts.
struct HnswHeader {
  schema::DataType type = schema::DataType::kNone;
  kernels::Metric metric = kernels::Metric::kL2;
  uint64_t dim = 0;
  uint64_t num_rows = 0;
  uint64_t num_linked = 0;  // Rows in the graph: those that are not null.
  uint32_t m = 0;           // Links of a node above level 0; level 0 has twice as many.
  uint32_t ef_construction = 0;
  uint32_t max_level = 0;
  uint32_t entry_row = kNoNode;    // Where a search begins; kNoNode: the graph is empty.
  uint32_t entry_upper = kNoNode;  // The same as an upper node; kNoNode: there is level 0 only.
  uint32_t num_upper = 0;          // Nodes that reach level 1 or above.
  uint64_t num_upper_lists = 0;    // Their link lists, one for each level of each.
  bool has_codes = false;          // Since version 2.
  uint32_t link_bits = 32;         // Of a link at level 0; other than 32 since version 3.
};

// 32, or NarrowLinkBits where links of 32 bits would take more than an eighth of the vectors.
uint32_t LinkBitsFor(const HnswHeader& header);
// Enough for the rows' numbers and for one that ends a list.
uint32_t NarrowLinkBits(uint64_t num_rows);

// Where the sections lie, from the counts alone.
struct HnswLayout {
  explicit HnswLayout(const HnswHeader& header);
  uint64_t linked = 0;       // Bitmap of the rows in the graph; empty if all are.
  uint64_t level0 = 0;       // num_rows lists of 2 * m rows; 8 zeros behind narrow ones.
  uint64_t upper_rows = 0;   // The row of each upper node, ascending.
  uint64_t upper_first = 0;  // The first list of each upper node, and the end.
  uint64_t upper_links = 0;  // num_upper_lists lists of m upper nodes.
  uint64_t codes = 0;        // num_rows codes; this and the next two only with codes.
  uint64_t terms = 0;        // A float a row; for L2 only.
  uint64_t scale = 0;        // The centers of all components, then the steps.
  uint64_t checksums = 0;    // CRC32C of each block between header and here.
  uint64_t file_bytes = 0;
};

// The file as a graph. Pointers into the file.
struct HnswGraph {
  HnswHeader header;
  const uint64_t* linked = nullptr;  // Null: every row.
  const uint8_t* level0 = nullptr;
  uint64_t level0_stride = 0;  // Bytes of a list.
  const uint32_t* upper_rows = nullptr;
  const uint32_t* upper_first = nullptr;
  const uint32_t* upper_links = nullptr;
  HnswCodes codes;

  uint32_t degree(uint32_t level) const { return level == 0 ? 2 * header.m : header.m; }
  // The list of a node: rows at level 0, upper nodes above; without what ends it. Lies in the file
  // or, where it has to be unpacked, in `buffer`.
  std::span<const uint32_t> Links(uint32_t level, uint32_t node,
                                  std::vector<uint32_t>& buffer) const {
    const uint32_t length = degree(level);
    const uint32_t* list;
    if (level > 0) {
      list = UpperList(level, node);
    } else if (header.link_bits == 32) {
      list = WordsOf(node);
    } else {
      if (buffer.size() < length) buffer.resize(length);
      UnpackLinks(node, buffer.data());
      list = buffer.data();
    }
    uint32_t count = 0;
    while (count < length && list[count] != kNoNode) ++count;
    return {list, count};
  }
  // Where the list of a row at level 0 begins: to fetch it ahead.
  const uint8_t* PlaceOf(uint32_t row) const { return level0 + uint64_t{row} * level0_stride; }
  // The same where link_bits is 32.
  const uint32_t* WordsOf(uint32_t row) const {
    return reinterpret_cast<const uint32_t*>(PlaceOf(row));
  }
  // m words; kNoNode ends them.
  const uint32_t* UpperList(uint32_t level, uint32_t node) const {
    return upper_links + (uint64_t{upper_first[node]} + level - 1) * header.m;
  }
  // All degree(0) places of a list of narrow links, those behind its end as kNoNode.
  void UnpackLinks(uint32_t row, uint32_t* out) const {
    const uint8_t* list = PlaceOf(row);
    const uint32_t bits = header.link_bits, none = (1u << bits) - 1;
    uint32_t at = 0;
    for (uint32_t i = 0, length = degree(0); i < length; ++i, at += bits) {
      uint64_t word;
      std::memcpy(&word, list + (at >> 3), 8);
      const uint32_t link = static_cast<uint32_t>(word >> (at & 7)) & none;
      out[i] = link == none ? kNoNode : link;
    }
  }
  uint32_t UpperLevels(uint32_t upper) const { return upper_first[upper + 1] - upper_first[upper]; }
  uint32_t RowOf(uint32_t level, uint32_t node) const {
    return level == 0 ? node : upper_rows[node];
  }
};

// A graph on `file`, whose sections lie as HnswLayout says. Checks nothing.
HnswGraph HnswGraphOn(const HnswHeader& header, const uint8_t* file);

// Writes (num_rows, 2 * m) links, kNoNode ending lists, into the zeros of their section.
void WriteLevel0(const HnswHeader& header, std::span<const uint32_t> links, std::string& file);

// Writes header and checksums around finished sections.
void SealHnswFile(const HnswHeader& header, std::string& file);

// Reads and verifies everything: checksums, counts, that every link leads to a node of its level.
// kDataIntegrity says what is wrong and where. `file` must be aligned to 8 bytes.
absl::StatusOr<HnswGraph> OpenHnswFile(std::span<const uint8_t> file);

}  // namespace elanus::index
