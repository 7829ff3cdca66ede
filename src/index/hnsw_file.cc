#include "index/hnsw_file.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <string_view>
#include <vector>

#include "common/check.h"
#include "index/index_file.h"
#include "storage/crc32c.h"

namespace elanus::index {
namespace {

static_assert(std::endian::native == std::endian::little, "files are little-endian, used in place");

constexpr std::string_view kMagic = "ELNSHNSW";
constexpr uint32_t kVersion = 3;  // 1 had no codes, 2 no narrow links.
constexpr uint64_t kHeaderBytes = 128;
constexpr uint64_t kBlockBytes = 64 << 10;  // A checksum covers this much.
constexpr uint64_t kAlignment = 64;         // Of sections: a cache line.

uint64_t AlignUp(uint64_t offset) {
  return (offset + kAlignment - 1) / kAlignment * kAlignment;
}

// The header as it lies in the file.
struct RawHeader {
  char magic[8];
  uint32_t version;
  uint32_t header_bytes;
  uint32_t type;
  uint32_t metric;
  uint64_t dim;
  uint64_t num_rows;
  uint64_t num_linked;
  uint32_t m;
  uint32_t ef_construction;
  uint32_t max_level;
  uint32_t entry_row;
  uint32_t entry_upper;
  uint32_t num_upper;
  uint64_t num_upper_lists;
  uint64_t checksums;
  uint64_t file_bytes;
  uint32_t block_bytes;
  uint32_t code_bits;  // 4 or, without codes, 0.
  uint32_t link_bits;  // 0 before version 3.
  uint32_t reserved[3];
  uint32_t checksums_crc;
  uint32_t header_crc;  // Of all bytes before.
};
static_assert(sizeof(RawHeader) == kHeaderBytes);

std::string_view Text(const void* data, uint64_t size) {
  return {static_cast<const char*>(data), size};
}

template <typename... Args>
absl::Status Damaged(fmt::format_string<Args...> format, Args&&... args) {
  return InternalError(ErrorCode::kDataIntegrity, "HNSW index file is damaged: {}",
                       fmt::format(format, std::forward<Args>(args)...));
}

// Bytes of a list of level 0.
uint64_t Level0Stride(const HnswHeader& header) {
  return (uint64_t{2} * header.m * header.link_bits + 7) / 8;
}

uint64_t NumBlocks(const HnswLayout& layout) {
  return (layout.checksums - kHeaderBytes + kBlockBytes - 1) / kBlockBytes;
}

absl::StatusOr<HnswHeader> ReadHeader(std::span<const uint8_t> file, RawHeader& raw) {
  if (file.size() < kHeaderBytes) return Damaged("{} bytes are too few", file.size());
  std::memcpy(&raw, file.data(), sizeof(raw));
  if (Text(raw.magic, 8) != kMagic) return Damaged("it does not begin as one");
  if (storage::Crc32c(Text(&raw, kHeaderBytes - 4)) != raw.header_crc) {
    return Damaged("checksum of the header at offset 0");
  }
  if (raw.version < 1 || raw.version > kVersion) {
    return InternalError(ErrorCode::kDataIntegrity,
                         "HNSW index file has version {}, this server reads versions 1 to {}",
                         raw.version, kVersion);
  }
  const auto metric = MetricOfNumber(raw.metric);
  const auto type = schema::DataTypeFromWire(static_cast<int32_t>(raw.type));
  if (!metric.has_value() || !type.has_value() || !schema::IsDenseVector(*type)) {
    return Damaged("metric {} or data type {} unknown", raw.metric, raw.type);
  }
  if (raw.header_bytes != kHeaderBytes || raw.block_bytes != kBlockBytes || raw.m < 2 ||
      raw.m > 2048 || raw.dim == 0 || raw.dim > (1u << 20) ||
      raw.num_rows > static_cast<uint64_t>(kHnswRowsMax) || raw.num_linked > raw.num_rows ||
      raw.num_upper > raw.num_linked || raw.max_level > kHnswLevelMax ||
      raw.num_upper_lists > uint64_t{raw.num_upper} * kHnswLevelMax ||
      raw.num_upper_lists < raw.num_upper || (raw.code_bits != 0 && raw.code_bits != 4) ||
      (raw.code_bits != 0 && (raw.version < 2 || *type == schema::DataType::kBinaryVector)) ||
      (raw.version < 3 ? raw.link_bits != 0
                       : raw.link_bits != 32 && raw.link_bits != NarrowLinkBits(raw.num_rows))) {
    return Damaged("counts in the header contradict each other");
  }
  const HnswHeader header{*type,
                          *metric,
                          raw.dim,
                          raw.num_rows,
                          raw.num_linked,
                          raw.m,
                          raw.ef_construction,
                          raw.max_level,
                          raw.entry_row,
                          raw.entry_upper,
                          raw.num_upper,
                          raw.num_upper_lists,
                          raw.code_bits != 0,
                          raw.version < 3 ? 32 : raw.link_bits};
  const HnswLayout layout(header);
  if (layout.file_bytes != raw.file_bytes || layout.checksums != raw.checksums ||
      file.size() != raw.file_bytes) {
    return Damaged("{} bytes, expected {}", file.size(), layout.file_bytes);
  }
  return header;
}

absl::Status CheckSums(std::span<const uint8_t> file, const RawHeader& raw,
                       const HnswLayout& layout) {
  const uint8_t* table = file.data() + layout.checksums;
  if (storage::Crc32c(Text(table, layout.file_bytes - layout.checksums)) != raw.checksums_crc) {
    return Damaged("checksum of the checksums at offset {}", layout.checksums);
  }
  for (uint64_t b = 0; b < NumBlocks(layout); ++b) {
    const uint64_t begin = kHeaderBytes + b * kBlockBytes;
    const uint64_t size = std::min(kBlockBytes, layout.checksums - begin);
    uint32_t expected;
    std::memcpy(&expected, table + 4 * b, 4);
    if (storage::Crc32c(Text(file.data() + begin, size)) != expected) {
      return Damaged("checksum of the block at offset {}", begin);
    }
  }
  return absl::OkStatus();
}

// A list: nodes below `limit` that `admits`, then kNoNode to its end.
template <typename Admits>
bool GoodList(const uint32_t* list, uint32_t degree, uint64_t limit, Admits&& admits) {
  bool ended = false;
  for (uint32_t i = 0; i < degree; ++i) {
    if (list[i] == kNoNode) {
      ended = true;
    } else if (ended || list[i] >= limit || !admits(list[i])) {
      return false;
    }
  }
  return true;
}

absl::Status CheckLinked(const HnswGraph& graph) {
  const HnswHeader& header = graph.header;
  if (graph.linked == nullptr) return absl::OkStatus();
  const uint64_t num_words = (header.num_rows + 63) / 64;
  uint64_t count = 0;
  for (uint64_t w = 0; w < num_words; ++w) count += std::popcount(graph.linked[w]);
  const uint64_t tail = header.num_rows % 64;
  if (count != header.num_linked || (tail != 0 && graph.linked[num_words - 1] >> tail != 0)) {
    return Damaged("bitmap of the rows in the graph");
  }
  return absl::OkStatus();
}

absl::Status CheckLinks(const HnswGraph& graph) {
  const HnswHeader& header = graph.header;
  const auto in_graph = [&](uint64_t row) {
    return graph.linked == nullptr || (graph.linked[row / 64] >> (row % 64) & 1) != 0;
  };
  std::vector<uint32_t> unpacked(graph.degree(0));
  for (uint64_t row = 0; row < header.num_rows; ++row) {
    const uint32_t* list = unpacked.data();
    if (header.link_bits == 32) {
      list = graph.WordsOf(static_cast<uint32_t>(row));
    } else {
      graph.UnpackLinks(static_cast<uint32_t>(row), unpacked.data());
    }
    if (!GoodList(list, graph.degree(0), header.num_rows, in_graph) ||
        (!in_graph(row) && list[0] != kNoNode)) {
      return Damaged("links of row {}", row);
    }
  }
  // Positions first: lists may only be looked at when all of them lie in the file.
  uint64_t at = 0;
  for (uint32_t u = 0; u < header.num_upper; ++u) {
    const uint32_t first = graph.upper_first[u], end = graph.upper_first[u + 1];
    const uint32_t row = graph.upper_rows[u];
    if (first != at || end <= first || end - first > header.max_level || row >= header.num_rows ||
        (u > 0 && row <= graph.upper_rows[u - 1]) || !in_graph(row)) {
      return Damaged("upper node {}", u);
    }
    at = end;
  }
  if (at != header.num_upper_lists) return Damaged("number of upper lists");
  for (uint32_t u = 0; u < header.num_upper; ++u) {
    for (uint32_t level = 1; level <= graph.UpperLevels(u); ++level) {
      const bool good = GoodList(graph.UpperList(level, u), header.m, header.num_upper,
                                 [&](uint32_t other) { return graph.UpperLevels(other) >= level; });
      if (!good) return Damaged("links of upper node {} at level {}", u, level);
    }
  }
  return absl::OkStatus();
}

absl::Status CheckEntry(const HnswGraph& graph) {
  const HnswHeader& header = graph.header;
  bool good;
  if (header.num_linked == 0) {
    good = header.entry_row == kNoNode && header.entry_upper == kNoNode;
  } else if (header.num_upper == 0) {
    good = header.entry_row < header.num_rows && header.entry_upper == kNoNode &&
           header.max_level == 0 &&
           (graph.linked == nullptr ||
            (graph.linked[header.entry_row / 64] >> (header.entry_row % 64) & 1) != 0);
  } else {
    good = header.entry_upper < header.num_upper &&
           header.entry_row == graph.upper_rows[header.entry_upper] &&
           header.max_level == graph.UpperLevels(header.entry_upper);
  }
  return good ? absl::OkStatus() : Damaged("entry point");
}

// Numbers that walks reckon with: none may make a distance NaN.
absl::Status CheckCodes(const HnswGraph& graph) {
  const HnswHeader& header = graph.header;
  if (graph.codes.empty()) return absl::OkStatus();
  const auto all_good = [](const float* values, uint64_t count, float limit) {
    uint64_t good = 0;
    for (uint64_t i = 0; i < count; ++i) good += std::abs(values[i]) < limit ? 1 : 0;
    return good == count;
  };
  if (graph.codes.terms != nullptr && !all_good(graph.codes.terms, header.num_rows, 1e36f)) {
    return Damaged("terms of the codes");
  }
  return all_good(graph.codes.centers, 2 * header.dim, 1e16f) ? absl::OkStatus()
                                                              : Damaged("scale of the codes");
}

}  // namespace

HnswLayout::HnswLayout(const HnswHeader& header) {
  linked = kHeaderBytes;
  const bool has_bitmap = header.num_linked < header.num_rows;
  level0 = AlignUp(linked + (has_bitmap ? (header.num_rows + 63) / 64 * 8 : 0));
  // Unpacking reads eight bytes at a time.
  upper_rows = AlignUp(level0 + header.num_rows * Level0Stride(header) +
                       (header.link_bits == 32 ? 0 : sizeof(uint64_t)));
  upper_first = AlignUp(upper_rows + uint64_t{header.num_upper} * 4);
  upper_links = AlignUp(upper_first + (uint64_t{header.num_upper} + 1) * 4);
  codes = AlignUp(upper_links + header.num_upper_lists * header.m * 4);
  terms = scale = checksums = codes;
  if (header.has_codes) {
    terms = AlignUp(codes + header.num_rows * kernels::NibbleCodeBytes(header.dim));
    const bool has_terms = header.metric == kernels::Metric::kL2;
    scale = AlignUp(terms + (has_terms ? header.num_rows * 4 : 0));
    checksums = AlignUp(scale + header.dim * 8);
  }
  file_bytes = checksums + (checksums - kHeaderBytes + kBlockBytes - 1) / kBlockBytes * 4;
}

HnswGraph HnswGraphOn(const HnswHeader& header, const uint8_t* file) {
  const HnswLayout layout(header);
  const auto words = [&](uint64_t offset) {
    return reinterpret_cast<const uint32_t*>(file + offset);
  };
  HnswGraph graph;
  graph.header = header;
  if (header.num_linked < header.num_rows) {
    graph.linked = reinterpret_cast<const uint64_t*>(file + layout.linked);
  }
  graph.level0 = file + layout.level0;
  graph.level0_stride = Level0Stride(header);
  graph.upper_rows = words(layout.upper_rows);
  graph.upper_first = words(layout.upper_first);
  graph.upper_links = words(layout.upper_links);
  if (header.has_codes) {
    const auto floats = [&](uint64_t offset) {
      return reinterpret_cast<const float*>(file + offset);
    };
    graph.codes.codes = file + layout.codes;
    if (layout.scale > layout.terms) graph.codes.terms = floats(layout.terms);
    graph.codes.centers = floats(layout.scale);
    graph.codes.steps = graph.codes.centers + header.dim;
  }
  return graph;
}

uint32_t NarrowLinkBits(uint64_t num_rows) {
  return static_cast<uint32_t>(std::bit_width(num_rows));
}

uint32_t LinkBitsFor(const HnswHeader& header) {
  const auto width =
      static_cast<uint64_t>(schema::FixedWidth(header.type, static_cast<int64_t>(header.dim)));
  return uint64_t{2} * header.m * sizeof(uint32_t) * 8 > width ? NarrowLinkBits(header.num_rows)
                                                               : 32;
}

void WriteLevel0(const HnswHeader& header, std::span<const uint32_t> links, std::string& file) {
  char* const section = file.data() + HnswLayout(header).level0;
  if (header.link_bits == 32) {
    std::memcpy(section, links.data(), links.size_bytes());
    return;
  }
  const uint64_t degree = uint64_t{2} * header.m, bits = header.link_bits;
  const uint64_t none = (uint64_t{1} << bits) - 1, stride = Level0Stride(header);
  for (uint64_t i = 0; i < links.size(); ++i) {
    const uint64_t link = links[i] == kNoNode ? none : links[i];
    const uint64_t at = i % degree * bits;
    char* const to = section + i / degree * stride + at / 8;
    uint64_t word;
    std::memcpy(&word, to, sizeof(word));
    word |= link << at % 8;
    std::memcpy(to, &word, sizeof(word));
  }
}

void SealHnswFile(const HnswHeader& header, std::string& file) {
  const HnswLayout layout(header);
  ELANUS_CHECK(file.size() == layout.file_bytes);
  for (uint64_t b = 0; b < NumBlocks(layout); ++b) {
    const uint64_t begin = kHeaderBytes + b * kBlockBytes;
    const uint64_t size = std::min(kBlockBytes, layout.checksums - begin);
    const uint32_t crc = storage::Crc32c(Text(file.data() + begin, size));
    std::memcpy(file.data() + layout.checksums + 4 * b, &crc, 4);
  }
  RawHeader raw{};
  std::memcpy(raw.magic, kMagic.data(), kMagic.size());
  raw.version = kVersion;
  raw.header_bytes = kHeaderBytes;
  raw.type = static_cast<uint32_t>(header.type);
  raw.metric = MetricNumber(header.metric);
  raw.dim = header.dim;
  raw.num_rows = header.num_rows;
  raw.num_linked = header.num_linked;
  raw.m = header.m;
  raw.ef_construction = header.ef_construction;
  raw.max_level = header.max_level;
  raw.entry_row = header.entry_row;
  raw.entry_upper = header.entry_upper;
  raw.num_upper = header.num_upper;
  raw.num_upper_lists = header.num_upper_lists;
  raw.checksums = layout.checksums;
  raw.file_bytes = layout.file_bytes;
  raw.block_bytes = kBlockBytes;
  raw.code_bits = header.has_codes ? 4 : 0;
  raw.link_bits = header.link_bits;
  raw.checksums_crc =
      storage::Crc32c(Text(file.data() + layout.checksums, layout.file_bytes - layout.checksums));
  raw.header_crc = storage::Crc32c(Text(&raw, kHeaderBytes - 4));
  std::memcpy(file.data(), &raw, sizeof(raw));
}

absl::StatusOr<HnswGraph> OpenHnswFile(std::span<const uint8_t> file) {
  RawHeader raw;
  ELANUS_ASSIGN_OR_RETURN(const HnswHeader header, ReadHeader(file, raw));
  const HnswLayout layout(header);
  ELANUS_RETURN_IF_ERROR(CheckSums(file, raw, layout));
  const HnswGraph graph = HnswGraphOn(header, file.data());
  ELANUS_RETURN_IF_ERROR(CheckLinked(graph));
  ELANUS_RETURN_IF_ERROR(CheckLinks(graph));
  ELANUS_RETURN_IF_ERROR(CheckEntry(graph));
  ELANUS_RETURN_IF_ERROR(CheckCodes(graph));
  return graph;
}

}  // namespace elanus::index
