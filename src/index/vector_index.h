// What every vector index can do. An index refers to the vectors of its segment's column; it holds
// no second copy of them.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/cancellation.h"
#include "common/executor.h"
#include "common/status.h"
#include "kernels/bitset.h"
#include "kernels/distance_range.h"
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

// Which distances make a hit.
using kernels::DistanceRange;

// How the kernels call a dense vector type. Not for other types.
kernels::ElementType ElementTypeOf(schema::DataType type);

// Rows of a column of which only parts are here. Threads: one.
class RowPins {
 public:
  virtual ~RowPins() = default;
  // These rows (any order) may be read from here on, for as long as this lives.
  virtual absl::Status Pin(std::span<const uint32_t> rows) = 0;
  virtual absl::Status PinAll() = 0;
};

// Parameters by name, as text ("ef" -> "64"), after the client's JSON was flattened.
using Params = std::map<std::string, std::string>;

struct SearchRequest {
  const uint8_t* query = nullptr;  // One vector of the field's type, or float32 where noted.
  int64_t query_width = 0;         // SearchMany: bytes from one query to the next.
  int64_t k = 0;
  const Params* params = nullptr;  // Checked by IndexKind::check_search.
  kernels::BitView allowed;        // One bit a row; empty view = all rows allowed.
  int64_t num_allowed = 0;         // Set bits of `allowed` (num_rows if it is empty).
  DistanceRange range;             // Other rows are no hits.
  const Cancellation* cancellation = nullptr;
  // Null: all rows of the column may be read. Else only those that were pinned; for indexes that
  // read few rows.
  RowPins* pins = nullptr;
};

// What every search begins with: a filter that does not fit the rows, a call that was cancelled.
absl::Status CheckRequest(const SearchRequest& request, int64_t num_rows);

// How an index found its hits.
enum class SearchStrategy : uint8_t {
  kNone,         // There was nothing to find.
  kScanRows,     // Compared all allowed rows.
  kScanCodes,    // Compared the codes of all allowed rows, and the rows of the nearest.
  kWalk,         // Walked the graph; rows that are not allowed led on but were no hits.
  kWalkAllowed,  // Walked from allowed row to allowed row.
  kProbeLists,   // Read the lists nearest to the query.
};
inline constexpr size_t kNumSearchStrategies = 6;
// "none", "scan rows", "scan codes", "walk", "walk allowed", "probe lists".
std::string_view SearchStrategyName(SearchStrategy strategy);

// What each strategy was expected to cost, by SearchStrategy: about nanoseconds. Infinite: the
// index cannot search so; all zero: there was no choice.
using SearchCosts = std::array<float, kNumSearchStrategies>;

// Counts add up over searches that are given the same statistics; strategy and costs are those of
// the last one.
struct SearchStatistics {
  int64_t distances = 0;
  int64_t hops = 0;
  int64_t reads = 0;  // Of blocks, from disk.
  int64_t bytes_read = 0;
  int64_t given_up = 0;  // Walks that ended when a scan had turned out to be cheaper.
  SearchStrategy strategy = SearchStrategy::kNone;
  SearchCosts costs = {};

  void Add(const SearchStatistics& other);
};

class VectorIndex {
 public:
  virtual ~VectorIndex() = default;
  // The min(k, num_allowed) nearest allowed rows (approximately), nearest first; equal distances by
  // ascending row. With a range: the nearest k of the allowed rows in it, also when many rows are
  // nearer than the range. A row has the same distance in every search with the same query,
  // whatever k, filter and range are: pages of an iterator neither repeat nor lose it. With k at
  // least num_allowed no row is missed. Threads: any number at once.
  virtual absl::StatusOr<std::vector<Neighbor>> Search(const SearchRequest& request,
                                                       SearchStatistics* statistics) const = 0;
  // The hits of each of several queries, which lie one after the other from request.query on. They
  // may share what is read: then the last bit of a distance may depend on the company, and with it
  // the order of rows that are equally far. The default asks them one by one.
  virtual absl::StatusOr<std::vector<std::vector<Neighbor>>> SearchMany(
      const SearchRequest& request, int64_t num_queries, SearchStatistics* statistics) const;
  // Searches read few rows of the column, those that candidates are ranked by in the end, and pin
  // them before if there is SearchRequest::pins. Opening reads none, whatever the index.
  virtual bool reads_few_rows() const { return false; }
  virtual int64_t memory_bytes() const = 0;
};

// Takes the bytes of a file, one piece after the other.
using FileSink = std::function<absl::Status(std::string_view)>;

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

// The rows that are not null, ascending.
std::vector<uint32_t> ValidRows(const BuildOptions& options);

}  // namespace elanus::index
