// The bytes of an inverted file; docs/formats/ivf.md has them one by one.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "index/codes.h"
#include "index/index_blocks.h"
#include "index/index_file.h"
#include "index/refiner.h"
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

  size_t ListSize(uint64_t list) const { return begins[list + 1] - begins[list]; }
  std::span<const uint32_t> List(uint64_t list) const {
    return {rows + begins[list], rows + begins[list + 1]};
  }
};

// What a file of codes has beside its lists. Sections; borrowed.
struct IvfCodeFacts {
  CodeSpec spec;
  RefineBy refine = RefineBy::kNothing;
  uint32_t reserved = 0;
};
static_assert(sizeof(IvfCodeFacts) == 32);

struct IvfCodes {
  IvfCodeFacts facts;
  Bytes parameters;                                    // Of the store.
  Bytes codes;                                         // A run for each list, one after the other.
  Bytes refine_head, refine_parameters, refine_codes;  // RowCodes; empty unless kCodes.
};

// `codes` null: a file of IVF_FLAT or BIN_IVF_FLAT.
std::string MakeIvfFile(const IvfFacts& facts, const std::vector<uint8_t>& centroids,
                        const std::vector<uint64_t>& begins, const std::vector<uint32_t>& rows,
                        const IvfCodes* codes = nullptr);

// Reads and verifies everything: checksums, counts, that each row is listed at most once.
// kDataIntegrity says what is wrong. `file` must be aligned to 8 bytes. With `codes` the file must
// have some; whether these fit its store is the caller's to check.
absl::StatusOr<IvfLists> OpenIvfFile(Bytes file, IvfCodes* codes = nullptr);

// A file of which lists are read as they are wanted: what stays in memory.
struct IvfBlocks {
  std::unique_ptr<const IndexBlocks> file;
  std::vector<uint8_t> centroids;
  std::vector<uint64_t> begins;
  std::vector<uint8_t> parameters, refine_head, refine_parameters, refine_codes;
  IvfLists lists;  // Into the above; without `rows`.
  IvfCodes codes;  // The same; of `codes` there is the size alone.
};
inline constexpr size_t kIvfRowsSection = 3, kIvfCodesSection = 6;

// Reads and verifies everything but the lists and their codes. `with_codes`: as `codes` above.
absl::StatusOr<std::unique_ptr<IvfBlocks>> OpenIvfBlocks(std::unique_ptr<storage::BlockReader> file,
                                                         bool with_codes);

}  // namespace elanus::index
