// The codes that inverted lists are searched by, list after list.
#pragma once

#include <memory>
#include <vector>

#include "index/codes.h"
#include "index/ivf_file.h"
#include "index/refiner.h"

namespace elanus::index {

struct IvfListCodes {
  std::unique_ptr<CodeStore> store;
  const uint8_t* codes = nullptr;
  std::vector<uint64_t> runs;  // Where the run of each list begins.
  RefineBy refine = RefineBy::kNothing;
  std::unique_ptr<RowCodes> finer;  // RefineBy::kCodes.

  int64_t memory_bytes() const;
};

// The codes of an opened file, which is borrowed. kDataIntegrity if they do not fit its lists.
absl::StatusOr<IvfListCodes> OpenListCodes(const IvfLists& lists, const IvfCodes& codes,
                                           const VectorRows& rows, kernels::Metric metric);

}  // namespace elanus::index
