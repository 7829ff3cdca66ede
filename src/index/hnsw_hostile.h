// Opens bytes as an HNSW file and searches what opens: the body of the fuzz target and of its test.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "index/hnsw.h"
#include "index/hostile_search.h"
#include "storage/crc32c.h"

namespace elanus::index {

// Makes the checksums of a file of our layout right again after its bytes were changed, so that
// hostile content gets as far as the structural checks. Leaves other bytes alone.
inline void RepairHnswChecksums(std::string& file) {
  constexpr uint64_t kHeader = 128, kBlock = 64 << 10, kChecksumsAt = 80;
  if (file.size() < kHeader) return;
  uint64_t checksums;
  std::memcpy(&checksums, file.data() + kChecksumsAt, 8);
  if (checksums < kHeader || checksums > file.size()) checksums = file.size();
  uint64_t at = checksums;
  for (uint64_t begin = kHeader; begin < checksums && at + 4 <= file.size(); begin += kBlock) {
    const uint64_t size = std::min(kBlock, checksums - begin);
    const uint32_t crc = storage::Crc32c({file.data() + begin, size});
    std::memcpy(file.data() + at, &crc, 4);
    at += 4;
  }
  const uint32_t table = storage::Crc32c({file.data() + checksums, file.size() - checksums});
  std::memcpy(file.data() + 120, &table, 4);
  const uint32_t header = storage::Crc32c({file.data(), 124});
  std::memcpy(file.data() + 124, &header, 4);
}

// Whether it opened. Searches must then keep their promises whatever the graph is.
inline bool OpenAndSearch(const std::string& file, const VectorRows& rows, kernels::Metric metric) {
  const auto index =
      OpenHnsw({reinterpret_cast<const uint8_t*>(file.data()), file.size()}, rows, metric, {});
  if (!index.ok()) return false;
  SearchHostile(**index, rows, 2, {{"ef", "4"}});
  return true;
}

}  // namespace elanus::index
