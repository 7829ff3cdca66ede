#include "index/vector_index.h"

#include "common/check.h"

namespace elanus::index {

kernels::ElementType ElementTypeOf(schema::DataType type) {
  using schema::DataType;
  switch (type) {
    case DataType::kFloatVector:
      return kernels::ElementType::kFloat32;
    case DataType::kFloat16Vector:
      return kernels::ElementType::kFloat16;
    case DataType::kBFloat16Vector:
      return kernels::ElementType::kBFloat16;
    case DataType::kInt8Vector:
      return kernels::ElementType::kInt8;
    default:  // Every other type is not a dense vector.
      ELANUS_CHECK(type == DataType::kBinaryVector);
      return kernels::ElementType::kBinary;
  }
}

absl::Status CheckRequest(const SearchRequest& request, int64_t num_rows) {
  if (!request.allowed.empty() && request.allowed.size() != num_rows) {
    return InternalError(ErrorCode::kInternal, "filter of {} rows over an index of {} rows",
                         request.allowed.size(), num_rows);
  }
  return request.cancellation != nullptr ? request.cancellation->Check() : absl::OkStatus();
}

absl::StatusOr<std::vector<std::vector<Neighbor>>> VectorIndex::SearchMany(
    const SearchRequest& request, int64_t num_queries, SearchStatistics* statistics) const {
  std::vector<std::vector<Neighbor>> hits(static_cast<size_t>(num_queries));
  SearchRequest one = request;
  for (std::vector<Neighbor>& list : hits) {
    ELANUS_ASSIGN_OR_RETURN(list, Search(one, statistics));
    one.query += request.query_width;
  }
  return hits;
}

void SearchStatistics::Add(const SearchStatistics& other) {
  distances += other.distances;
  hops += other.hops;
  reads += other.reads;
  bytes_read += other.bytes_read;
  given_up += other.given_up;
  strategy = other.strategy;
  costs = other.costs;
}

std::string_view SearchStrategyName(SearchStrategy strategy) {
  switch (strategy) {
    case SearchStrategy::kNone:
      return "none";
    case SearchStrategy::kScanRows:
      return "scan rows";
    case SearchStrategy::kScanCodes:
      return "scan codes";
    case SearchStrategy::kWalk:
      return "walk";
    case SearchStrategy::kWalkAllowed:
      return "walk allowed";
    case SearchStrategy::kProbeLists:
      return "probe lists";
  }
  return "none";
}

std::vector<uint32_t> ValidRows(const BuildOptions& options) {
  std::vector<uint32_t> rows;
  rows.reserve(static_cast<size_t>(options.rows.num_rows));
  for (int64_t row = 0; row < options.rows.num_rows; ++row) {
    if (options.valid.empty() || options.valid.Test(row)) {
      rows.push_back(static_cast<uint32_t>(row));
    }
  }
  return rows;
}

}  // namespace elanus::index
