// The bytes of an inverted file; docs/formats/ivf.md has them one by one.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "index/index_file.h"
#include "index/vector_index.h"

namespace elanus::index {

// What a file is for, as it lies in its first section.
struct IvfFacts {
  uint32_t type = 0;    // schema::DataType as on the wire.
  uint32_t metric = 0;  // MetricNumber.
  uint64_t dim = 0;
  uint64_t num_rows = 0;
  uint64_t num_listed = 0;  // Rows that are not null.
  uint64_t num_lists = 0;
};
static_assert(sizeof(IvfFacts) == 40);

// Pointers into a file.
struct IvfLists {
  IvfFacts facts;
  const uint8_t* centroids = nullptr;  // (num_lists, dim): float32, or bits for binary vectors.
  const uint64_t* begins = nullptr;    // num_lists + 1 positions in `rows`.
  const uint32_t* rows = nullptr;      // Ascending within each list.

  std::span<const uint32_t> List(uint64_t list) const {
    return {rows + begins[list], rows + begins[list + 1]};
  }
};

std::string MakeIvfFile(const IvfFacts& facts, const std::vector<uint8_t>& centroids,
                        const std::vector<uint64_t>& begins, const std::vector<uint32_t>& rows);

// Reads and verifies everything: checksums, counts, that each row is listed at most once.
// kDataIntegrity says what is wrong. `file` must be aligned to 8 bytes.
absl::StatusOr<IvfLists> OpenIvfFile(Bytes file);

}  // namespace elanus::index
