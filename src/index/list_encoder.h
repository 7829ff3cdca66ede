// Lists of vectors as single vectors: the larger the inner product of two, the nearer the lists are
// by MaxSim, about. An index over the lists of a column then has one vector a row (encoded_lists.h)
// instead of one for each vector in it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "index/index_params.h"

namespace elanus::index {

// How the first stage of a list search finds its rows: `emb_list_strategy`. Numbers are in files.
enum class ListStrategy : uint32_t {
  kTokenAnn = 0,  // An index over the vectors of all lists; no encoding.
  kMuvera = 1,    // muvera.h
  kLemur = 2,     // lemur.h
};
// Of an index with these resolved parameters; kTokenAnn also for metrics that rank no lists.
ListStrategy ListStrategyOf(std::string_view metric, const Params& params);

// Checks the strategy and its parameters, and fills in defaults. `index_type`: DISKANN takes
// tokenann only.
absl::Status CheckListStrategy(std::string_view index_type, Params& params);

// Threads: any.
class ListEncoder {
 public:
  // A list of a query. MaxSim's distance to a row is about offset + scale * (distance of the
  // encodings by inner product).
  struct Query {
    std::vector<float> vector;
    double offset = 0;
    double scale = 1;
  };

  virtual ~ListEncoder() = default;
  virtual size_t dim() const = 0;
  // list: (num_vectors, dim) of the column's type.
  virtual Query Encode(const uint8_t* list, int64_t num_vectors) const = 0;
  virtual int64_t memory_bytes() const = 0;
};

}  // namespace elanus::index
