#include "index/svs.h"

#include <algorithm>

#include "index/coded_hnsw.h"
#include "index/hnsw.h"
#include "index/index_params.h"
#include "index/local_codes.h"
#include "index/refiner.h"
#include "index/renamed_index.h"

namespace elanus::index {
namespace {

constexpr int64_t kDegree = 32, kLeanVecDegree = 64, kConstructionWindow = 128, kSearchWindow = 64;

// The same build in HNSW's words. Its lowest level has 2 M links a node.
BuildOptions AsHnsw(const BuildOptions& options, int64_t default_degree) {
  BuildOptions out = options;
  const int64_t degree = IntParam(options.params, "svs_graph_max_degree", default_degree);
  out.params["M"] = std::to_string(std::max<int64_t>(degree / 2, 2));
  out.params["efConstruction"] =
      std::to_string(IntParam(options.params, "svs_construction_window_size", kConstructionWindow));
  return out;
}

std::string KindOf(const Params& params, std::string_view fallback) {
  const auto it = params.find("svs_storage_kind");
  std::string kind(it == params.end() ? fallback : it->second);
  for (char& c : kind) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return kind;
}

CodeSpec Local(uint32_t bits, uint32_t parts = 0) {
  return {.kind = CodeKind::kLocal, .bits = bits, .parts = parts};
}

int64_t LeanVecDim(int64_t dim, const Params& params) {
  const int64_t reduced = IntParam(params, "svs_leanvec_dim", 0);
  return reduced > 0 ? reduced : std::max<int64_t>(dim / 2, 1);
}

Params AsHnswSearch(const SearchRequest& request) {
  static const Params kNone;
  const Params& params = request.params != nullptr ? *request.params : kNone;
  const bool given = params.contains("svs_search_window_size");
  const int64_t window = IntParam(params, "svs_search_window_size", kSearchWindow);
  const int64_t capacity = IntParam(params, "svs_search_buffer_capacity", kSearchWindow);
  Params out;
  // A range wants more than its default.
  if (given || request.range.everything()) {
    out["ef"] = std::to_string(std::max(window, request.k));
  }
  const double factor = static_cast<double>(capacity) / static_cast<double>(request.k);
  out["refine_k"] = fmt::format("{}", std::max(factor, 1.0));
  return out;
}

}  // namespace

absl::StatusOr<std::string> BuildSvsVamana(const BuildOptions& options) {
  const BuildOptions build = AsHnsw(options, kDegree);
  const std::string kind = KindOf(options.params, "fp32");
  if (kind == "fp32") return BuildHnsw(build);
  const auto spec = ScalarSpecOf(kind == "fp16" ? "fp16" : "sq8");
  return BuildCodedHnsw(build, *spec, {});
}

absl::StatusOr<std::string> BuildSvsLvq(const BuildOptions& options) {
  const bool one_level = KindOf(options.params, "lvq4x4") == "lvq4x0";
  return BuildCodedHnsw(AsHnsw(options, kDegree), Local(4),
                        {one_level ? RefineBy::kNothing : RefineBy::kColumn, {}});
}

absl::StatusOr<std::string> BuildSvsLeanVec(const BuildOptions& options) {
  ELANUS_RETURN_IF_ERROR(CheckLeanVec(options.rows.dim, options.params));
  const uint32_t bits = KindOf(options.params, "leanvec4x4") == "leanvec8x8" ? 8 : 4;
  const auto reduced = static_cast<uint32_t>(LeanVecDim(options.rows.dim, options.params));
  return BuildCodedHnsw(AsHnsw(options, kLeanVecDegree), Local(bits, reduced),
                        {RefineBy::kColumn, {}});
}

absl::Status CheckLeanVec(int64_t dim, const Params& params) {
  if (dim > static_cast<int64_t>(kReducedDimMax)) {
    return InvalidIndexParams(
        fmt::format("SVS_VAMANA_LEANVEC takes vectors of at most {} dimensions. Dimension:{}",
                    kReducedDimMax, dim));
  }
  const int64_t reduced = LeanVecDim(dim, params);
  if (reduced <= dim) return absl::OkStatus();
  return InvalidIndexParams(
      fmt::format("svs_leanvec_dim ({}) should not be larger than the dimension of a vector ({})",
                  reduced, dim));
}

absl::StatusOr<std::unique_ptr<VectorIndex>> OpenSvs(std::span<const uint8_t> file,
                                                     const VectorRows& rows, kernels::Metric metric,
                                                     const Params& params) {
  ELANUS_ASSIGN_OR_RETURN(auto index, OpenAnyIndex(file, rows, metric, params));
  return Renamed(std::move(index), &AsHnswSearch);
}

}  // namespace elanus::index
