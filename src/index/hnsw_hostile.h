// Opens bytes as an HNSW file and searches what opens: the body of the fuzz target and of its test.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "common/check.h"
#include "index/hnsw.h"
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
  kernels::Bitset allowed(rows.num_rows, true);
  for (int64_t row = 0; row < rows.num_rows; row += 7) allowed.Reset(row);
  const Params params = {{"ef", "4"}};
  for (const bool filtered : {false, true}) {
    for (int64_t row = 0; row < rows.num_rows; row += 5) {
      SearchRequest request{.query = rows.Row(row), .k = 2, .params = &params};
      if (filtered) {
        request.allowed = allowed.view();
        request.num_allowed = allowed.Count();
      }
      const auto hits = (*index)->Search(request, nullptr);
      ELANUS_CHECK(hits.ok());
      for (const Neighbor& hit : *hits) {
        ELANUS_CHECK(hit.row >= 0 && hit.row < rows.num_rows);
        ELANUS_CHECK(!filtered || allowed.Test(hit.row));
      }
    }
  }
  return true;
}

}  // namespace elanus::index
