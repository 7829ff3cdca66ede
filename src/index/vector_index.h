// What every vector index can do. An index refers to the vectors of its segment's column; it holds
// no second copy of them.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "common/cancellation.h"
#include "common/executor.h"
#include "common/status.h"
#include "kernels/bitset.h"
#include "kernels/element_type.h"
#include "kernels/metric.h"
#include "kernels/top_k.h"
#include "schema/data_type.h"

namespace elanus::index {

// Rows of one dense vector field, contiguous, row-major; borrowed.
struct VectorRows {
  schema::DataType type = schema::DataType::kNone;
  int64_t dim = 0;
  int64_t num_rows = 0;
  const uint8_t* data = nullptr;

  int64_t width() const { return schema::FixedWidth(type, dim); }
  const uint8_t* Row(int64_t row) const { return data + row * width(); }
};

// A hit: distance (smaller is nearer) and row.
using kernels::Neighbor;

// How the kernels call a dense vector type. Not for other types.
kernels::ElementType ElementTypeOf(schema::DataType type);

// Which distances make a hit: nearest <= distance < farthest. What range search and the pages of
// iterators are made of. Without a bound every distance is one, +infinity too.
struct DistanceRange {
  float nearest = -std::numeric_limits<float>::infinity();
  float farthest = std::numeric_limits<float>::infinity();

  bool everything() const {
    return nearest == -std::numeric_limits<float>::infinity() &&
           farthest == std::numeric_limits<float>::infinity();
  }
  bool Contains(float distance) const {
    return distance >= nearest &&
           (distance < farthest || farthest == std::numeric_limits<float>::infinity());
  }
};

// Parameters by name, as text ("ef" -> "64"), after the client's JSON was flattened.
using Params = std::map<std::string, std::string>;

struct SearchRequest {
  const uint8_t* query = nullptr;  // One vector of the field's type, or float32 where noted.
  int64_t k = 0;
  const Params* params = nullptr;  // Checked by IndexKind::check_search.
  kernels::BitView allowed;        // One bit a row; empty view = all rows allowed.
  int64_t num_allowed = 0;         // Set bits of `allowed` (num_rows if it is empty).
  DistanceRange range;             // Other rows are no hits.
  const Cancellation* cancellation = nullptr;
};

struct SearchStatistics {
  int64_t distances = 0;
  int64_t hops = 0;
};

class VectorIndex {
 public:
  virtual ~VectorIndex() = default;
  // The min(k, num_allowed) nearest allowed rows (approximately), nearest first; equal distances by
  // ascending row. With a range: the nearest k of the allowed rows in it, also when many rows are
  // nearer than the range. A row has the same distance in every search with the same query,
  // whatever k, filter and range are: pages of an iterator neither repeat nor lose it. Threads: any
  // number at once.
  virtual absl::StatusOr<std::vector<Neighbor>> Search(const SearchRequest& request,
                                                       SearchStatistics* statistics) const = 0;
  virtual int64_t memory_bytes() const = 0;
};

struct BuildOptions {
  VectorRows rows;         // Null rows hold zeros; `valid` says which.
  kernels::BitView valid;  // Empty = all rows valid.
  kernels::Metric metric = kernels::Metric::kL2;
  Params params;                 // Resolved build parameters.
  Executor* executor = nullptr;  // Null: build in the calling thread.
  uint64_t seed = 0;
  const Cancellation* cancellation = nullptr;
  std::function<void(double)> progress;  // 0...1; may be empty; any thread.
};

}  // namespace elanus::index
