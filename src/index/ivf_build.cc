#include <algorithm>

#include "index/index_params.h"
#include "index/ivf.h"
#include "index/ivf_file.h"
#include "index/kmeans.h"
#include "kernels/distance.h"

namespace elanus::index {
namespace {

constexpr int64_t kDefaultNlist = 128;

std::vector<uint32_t> ValidRows(const BuildOptions& options) {
  std::vector<uint32_t> rows;
  rows.reserve(static_cast<size_t>(options.rows.num_rows));
  for (int64_t row = 0; row < options.rows.num_rows; ++row) {
    if (options.valid.empty() || options.valid.Test(row)) rows.push_back(static_cast<uint32_t>(row));
  }
  return rows;
}

}  // namespace

absl::StatusOr<std::string> BuildIvfFlat(const BuildOptions& options) {
  const VectorRows& rows = options.rows;
  const int64_t nlist = IntParam(options.params, "nlist", kDefaultNlist);
  if (rows.dim <= 0 || nlist < 1 ||
      !kernels::DistanceFunctionsFor(ElementTypeOf(rows.type), options.metric).valid() ||
      (!options.valid.empty() && options.valid.size() != rows.num_rows)) {
    return InternalError(ErrorCode::kInternal, "IVF build with unchecked options");
  }
  if (rows.num_rows > UINT32_MAX) {
    return UserError(ErrorCode::kParameterInvalid, "too many rows for one IVF index: {}",
                     rows.num_rows);
  }
  if (options.cancellation != nullptr) ELANUS_RETURN_IF_ERROR(options.cancellation->Check());
  const std::vector<uint32_t> members = ValidRows(options);
  const size_t num_lists = std::min(static_cast<size_t>(nlist), members.size());
  std::vector<uint8_t> centroids;
  std::vector<uint32_t> nearest;
  const auto dim = static_cast<size_t>(rows.dim);
  if (num_lists > 0) {
    const ClusterRows cluster_rows(rows, options.metric);
    KMeansOptions kmeans;
    kmeans.num_clusters = num_lists;
    kmeans.seed = options.seed;
    kmeans.executor = options.executor;
    kmeans.cancellation = options.cancellation;
    ELANUS_ASSIGN_OR_RETURN(centroids, TrainCentroids(cluster_rows, members, kmeans, dim));
    if (options.progress) options.progress(0.5);
    ELANUS_ASSIGN_OR_RETURN(nearest,
                            AssignToCentroids(cluster_rows, members, centroids, kmeans, dim));
  }
  // Sorted by list, by row within each.
  std::vector<uint64_t> begins(num_lists + 1);
  for (const uint32_t list : nearest) ++begins[list + 1];
  for (size_t list = 0; list < num_lists; ++list) begins[list + 1] += begins[list];
  std::vector<uint64_t> next(begins.begin(), begins.end() - 1);
  std::vector<uint32_t> listed(members.size());
  for (size_t i = 0; i < members.size(); ++i) listed[next[nearest[i]]++] = members[i];

  const IvfFacts facts{.type = static_cast<uint32_t>(rows.type),
                       .metric = MetricNumber(options.metric),
                       .dim = static_cast<uint64_t>(rows.dim),
                       .num_rows = static_cast<uint64_t>(rows.num_rows),
                       .num_listed = members.size(),
                       .num_lists = num_lists};
  if (options.progress) options.progress(1);
  return MakeIvfFile(facts, centroids, begins, listed);
}

}  // namespace elanus::index
