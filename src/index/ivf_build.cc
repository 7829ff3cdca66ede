#include <algorithm>
#include <atomic>

#include "index/index_params.h"
#include "index/ivf.h"
#include "index/ivf_file.h"
#include "index/kmeans.h"
#include "index/row_codes.h"
#include "index/turned_codes.h"
#include "kernels/distance.h"

namespace elanus::index {
namespace {

constexpr int64_t kDefaultNlist = 128;
constexpr size_t kChunkRows = 512;  // Coded at a time; a multiple of kCodeBlock.

absl::Status CheckOptions(const BuildOptions& options, int64_t nlist) {
  const VectorRows& rows = options.rows;
  if (rows.dim <= 0 || nlist < 1 ||
      !kernels::DistanceFunctionsFor(ElementTypeOf(rows.type), options.metric).valid() ||
      (!options.valid.empty() && options.valid.size() != rows.num_rows)) {
    return InternalError(ErrorCode::kInternal, "IVF build with unchecked options");
  }
  if (rows.num_rows > UINT32_MAX) {
    return UserError(ErrorCode::kParameterInvalid, "too many rows for one IVF index: {}",
                     rows.num_rows);
  }
  return options.cancellation != nullptr ? options.cancellation->Check() : absl::OkStatus();
}

// Rows by list.
struct Lists {
  std::vector<uint32_t> members;  // Rows that are not null, ascending,
  std::vector<uint32_t> nearest;  // and the list of each.
  std::vector<uint8_t> centroids;
  std::vector<uint64_t> begins;  // num_lists + 1 positions in `rows`.
  std::vector<uint32_t> rows;    // Sorted by list, by row within each.

  size_t num_lists() const { return begins.size() - 1; }
  const float* Centroid(size_t list, size_t dim) const {
    return reinterpret_cast<const float*>(centroids.data()) + list * dim;
  }
};

absl::StatusOr<Lists> MakeLists(const BuildOptions& options) {
  const int64_t nlist = IntParam(options.params, "nlist", kDefaultNlist);
  ELANUS_RETURN_IF_ERROR(CheckOptions(options, nlist));
  Lists lists;
  lists.members = ValidRows(options);
  const size_t num_lists = std::min(static_cast<size_t>(nlist), lists.members.size());
  const auto dim = static_cast<size_t>(options.rows.dim);
  if (num_lists > 0) {
    const ClusterRows cluster_rows(options.rows, options.metric);
    KMeansOptions kmeans;
    kmeans.num_clusters = num_lists;
    kmeans.seed = options.seed;
    kmeans.by_direction =
        options.metric == kernels::Metric::kIp || options.metric == kernels::Metric::kCosine;
    kmeans.executor = options.executor;
    kmeans.cancellation = options.cancellation;
    ELANUS_ASSIGN_OR_RETURN(lists.centroids,
                            TrainCentroids(cluster_rows, lists.members, kmeans, dim));
    if (options.progress) options.progress(0.4);
    ELANUS_ASSIGN_OR_RETURN(lists.nearest, AssignToCentroids(cluster_rows, lists.members,
                                                             lists.centroids, kmeans, dim));
    if (options.progress) options.progress(0.6);
  }
  lists.begins.resize(num_lists + 1);
  for (const uint32_t list : lists.nearest) ++lists.begins[list + 1];
  for (size_t list = 0; list < num_lists; ++list) lists.begins[list + 1] += lists.begins[list];
  std::vector<uint64_t> next(lists.begins.begin(), lists.begins.end() - 1);
  lists.rows.resize(lists.members.size());
  for (size_t i = 0; i < lists.members.size(); ++i) {
    lists.rows[next[lists.nearest[i]]++] = lists.members[i];
  }
  return lists;
}

IvfFacts FactsOf(const BuildOptions& options, const Lists& lists) {
  return {.type = static_cast<uint32_t>(options.rows.type),
          .metric = MetricNumber(options.metric),
          .dim = static_cast<uint64_t>(options.rows.dim),
          .num_rows = static_cast<uint64_t>(options.rows.num_rows),
          .num_listed = lists.members.size(),
          .num_lists = lists.num_lists()};
}

absl::StatusOr<std::unique_ptr<CodeStore>> TrainStore(const BuildOptions& options,
                                                      const Lists& lists, const CodeSpec& spec) {
  const FloatRows rows(options.rows, options.metric);
  const size_t dim = rows.dim();
  std::vector<uint32_t> places(lists.members.size());
  for (size_t i = 0; i < places.size(); ++i) places[i] = static_cast<uint32_t>(i);
  const auto sample = SampleOf(places, TrainingRows(spec), options.seed);
  std::vector<float> residuals(sample.size() * dim);
  for (size_t i = 0; i < sample.size(); ++i) {
    float* to = &residuals[i * dim];
    rows.Get(lists.members[sample[i]], to);
    const float* centroid = lists.Centroid(lists.nearest[sample[i]], dim);
    for (size_t d = 0; d < dim; ++d) to[d] -= centroid[d];
  }
  return TrainCodes(spec, {dim, options.metric, &residuals, options.seed, options.executor,
                           options.cancellation});
}

// The run of every list, one after the other.
absl::StatusOr<std::vector<uint8_t>> EncodeLists(const BuildOptions& options, const Lists& lists,
                                                 const CodeStore& store) {
  const FloatRows rows(options.rows, options.metric);
  const size_t dim = rows.dim();
  // Lists may be of any length: shared out by chunks.
  struct Chunk {
    size_t list, begin, run;
  };
  std::vector<Chunk> chunks;
  size_t bytes = 0;
  for (size_t list = 0; list < lists.num_lists(); ++list) {
    const size_t size = lists.begins[list + 1] - lists.begins[list];
    for (size_t begin = 0; begin < size; begin += kChunkRows)
      chunks.push_back({list, begin, bytes});
    bytes += store.RunBytes(size);
  }
  std::vector<uint8_t> codes(bytes);
  std::atomic<size_t> done{0};
  const auto encode = [&](size_t at) {
    if (options.cancellation != nullptr && options.cancellation->cancelled()) return;
    const Chunk& chunk = chunks[at];
    const size_t first = lists.begins[chunk.list];
    const size_t size = lists.begins[chunk.list + 1] - first;
    const size_t count = std::min(kChunkRows, size - chunk.begin);
    const float* centroid = lists.Centroid(chunk.list, dim);
    std::vector<float> residuals(count * dim);
    for (size_t i = 0; i < count; ++i) {
      rows.Get(lists.rows[first + chunk.begin + i], &residuals[i * dim]);
      for (size_t d = 0; d < dim; ++d) residuals[i * dim + d] -= centroid[d];
    }
    store.Encode(residuals.data(), centroid, count, chunk.begin, size, codes.data() + chunk.run);
    const size_t finished = done.fetch_add(1) + 1;
    if (options.progress && finished % 16 == 0) {
      options.progress(0.7 +
                       0.3 * static_cast<double>(finished) / static_cast<double>(chunks.size()));
    }
  };
  if (options.executor != nullptr) {
    options.executor->ParallelFor(chunks.size(), encode);
  } else {
    for (size_t at = 0; at < chunks.size(); ++at) encode(at);
  }
  if (options.cancellation != nullptr) ELANUS_RETURN_IF_ERROR(options.cancellation->Check());
  return codes;
}

absl::StatusOr<std::string> BuildIvfCodes(const BuildOptions& options, CodeSpec spec,
                                          const RefineChoice& refine) {
  spec.in_blocks =
      spec.kind == CodeKind::kSign || (spec.kind == CodeKind::kProduct && spec.bits <= 8);
  ELANUS_ASSIGN_OR_RETURN(const Lists lists, MakeLists(options));
  ELANUS_ASSIGN_OR_RETURN(const auto store, TrainStore(options, lists, spec));
  if (options.progress) options.progress(0.7);
  RowCodesBytes refined;
  if (refine.by == RefineBy::kCodes) {
    ELANUS_ASSIGN_OR_RETURN(refined, BuildRowCodes(options, refine.codes, lists.members));
  }
  ELANUS_ASSIGN_OR_RETURN(const std::vector<uint8_t> codes, EncodeLists(options, lists, *store));
  const std::vector<uint8_t> parameters = store->Parameters();
  const IvfCodes parts{{spec, refine.by},     BytesOf(parameters),         BytesOf(codes),
                       BytesOf(refined.head), BytesOf(refined.parameters), BytesOf(refined.codes)};
  std::string file =
      MakeIvfFile(FactsOf(options, lists), lists.centroids, lists.begins, lists.rows, &parts);
  if (options.progress) options.progress(1);
  return file;
}

}  // namespace

absl::StatusOr<std::string> BuildIvfFlat(const BuildOptions& options) {
  ELANUS_ASSIGN_OR_RETURN(const Lists lists, MakeLists(options));
  if (options.progress) options.progress(1);
  return MakeIvfFile(FactsOf(options, lists), lists.centroids, lists.begins, lists.rows);
}

absl::StatusOr<std::string> BuildIvfSq(const BuildOptions& options) {
  const auto type = options.params.find("sq_type");
  const auto spec = ScalarSpecOf(type == options.params.end() ? "sq8" : type->second);
  if (!spec.has_value()) return InternalError(ErrorCode::kInternal, "unchecked sq_type");
  return BuildIvfCodes(options, *spec, RefineChoiceOf(options.params, options.rows.type));
}

absl::StatusOr<std::string> BuildIvfPq(const BuildOptions& options) {
  CodeSpec spec{.kind = CodeKind::kProduct,
                .bits = static_cast<uint32_t>(IntParam(options.params, "nbits", 8)),
                .parts = static_cast<uint32_t>(IntParam(options.params, "m", 1))};
  spec.axes = AxesOf(options.params, options.rows.dim, spec.parts);
  return BuildIvfCodes(options, spec, RefineChoiceOf(options.params, options.rows.type));
}

absl::StatusOr<std::string> BuildIvfRabitq(const BuildOptions& options) {
  CodeSpec spec{.kind = CodeKind::kSign,
                .bits = static_cast<uint32_t>(IntParam(options.params, "rbq_bits", 1))};
  if (spec.bits > 1) spec.levels = 2;
  return BuildIvfCodes(options, spec, RefineChoiceOf(options.params, options.rows.type));
}

absl::StatusOr<std::string> BuildScann(const BuildOptions& options) {
  const int64_t sub_dim = std::max<int64_t>(IntParam(options.params, "sub_dim", 2), 1);
  const CodeSpec spec{.kind = CodeKind::kProduct,
                      .bits = 4,
                      .parts = static_cast<uint32_t>(options.rows.dim / sub_dim)};
  const auto raw = options.params.find("with_raw_data");
  const bool refine = raw == options.params.end() || ParseSettingBool(raw->second).value_or(true);
  return BuildIvfCodes(options, spec,
                       {refine ? RefineBy::kColumn : RefineBy::kNothing, CodeSpec{}});
}

}  // namespace elanus::index
