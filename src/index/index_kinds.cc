#include "index/index_kinds.h"

#include <algorithm>
#include <charconv>

#include "index/coded_hnsw.h"
#include "index/disk_graph.h"
#include "index/faiss_factory.h"
#include "index/hnsw.h"
#include "index/ivf.h"
#include "index/minhash.h"
#include "index/param_specs.h"
#include "index/scalar_kinds.h"
#include "index/svs.h"

namespace elanus::index {
namespace {

using namespace std::literals;
using schema::DataType;
using schema::FieldSchema;

// The type of one vector of the field: that of its elements for an array of vectors.
DataType VectorType(const FieldSchema& field) {
  return field.type == DataType::kArrayOfVector ? field.element_type : field.type;
}
bool IsFloat(DataType type) {
  return type == DataType::kFloatVector || type == DataType::kFloat16Vector ||
         type == DataType::kBFloat16Vector;
}

// Which vector types an index takes.
bool Floats(const FieldSchema& field) {
  return IsFloat(VectorType(field));
}
bool FloatsAndInt8(const FieldSchema& field) {
  return Floats(field) || VectorType(field) == DataType::kInt8Vector;
}
bool AnyDense(const FieldSchema& field) {
  return schema::IsDenseVector(VectorType(field));
}
bool Binary(const FieldSchema& field) {
  return VectorType(field) == DataType::kBinaryVector;
}
bool Sparse(const FieldSchema& field) {
  return field.type == DataType::kSparseFloatVector;
}
bool Float32Or16(const FieldSchema& field) {
  return VectorType(field) == DataType::kFloatVector ||
         VectorType(field) == DataType::kFloat16Vector;
}
bool Float32Or16OrInt8(const FieldSchema& field) {
  return Float32Or16(field) || VectorType(field) == DataType::kInt8Vector;
}
bool Float32Or16OrInt8OrBinary(const FieldSchema& field) {
  return Float32Or16OrInt8(field) || Binary(field);
}
bool Float32OrBinary(const FieldSchema& field) {
  return VectorType(field) == DataType::kFloatVector || Binary(field);
}

constexpr std::string_view kFloatMetrics[] = {"L2", "IP", "COSINE"};
constexpr std::string_view kHnswMetrics[] = {"L2", "IP", "COSINE", "HAMMING", "JACCARD"};
constexpr std::string_view kBinFlatMetrics[] = {"HAMMING", "JACCARD", "SUBSTRUCTURE",
                                                "SUPERSTRUCTURE"};
constexpr std::string_view kBinIvfMetrics[] = {"HAMMING", "JACCARD"};
constexpr std::string_view kCagraMetrics[] = {"L2", "IP", "COSINE", "HAMMING"};
constexpr std::string_view kSparseMetrics[] = {"IP", "BM25"};
constexpr std::string_view kMinHashMetrics[] = {"MHJACCARD"};

// The metrics of `names` that vectors of `type` have.
template <const auto& names>
std::vector<kernels::Metric> MetricsOf(DataType type) {
  std::vector<kernels::Metric> out;
  for (const std::string_view name : names) {
    const auto metric = kernels::MetricFromName(name);
    const bool of_floats = std::ranges::count(kFloatMetrics, name) > 0;
    if (metric && of_floats == (type != DataType::kBinaryVector)) out.push_back(*metric);
  }
  return out;
}

template <const auto& specs>
absl::Status CheckBuildOf(const FieldSchema&, Params& params) {
  return CheckBuildParams(specs, params);
}
template <const auto& specs>
absl::Status CheckSearchOf(const Params& params, int64_t k) {
  return CheckSearchParams(specs, params, k);
}

// Vectors are cut into parts: the parameter `key` must divide the dimension.
absl::Status CheckDivides(const FieldSchema& field, const Params& params, const char* key,
                          std::string_view what) {
  const std::string& text = params.at(key);
  int64_t parts = 1;
  std::from_chars(text.data(), text.data() + text.size(), parts);
  if (field.dim() % parts == 0) return absl::OkStatus();
  return InvalidIndexParams(
      fmt::format("The dimension of a vector (dim) should be a multiple of {}. Dimension:{}, {}:{}",
                  what, field.dim(), key, parts));
}
template <const auto& specs>
absl::Status CheckQuantized(const FieldSchema& field, Params& params) {
  ELANUS_RETURN_IF_ERROR(CheckBuildParams(specs, params));
  return CheckDivides(field, params, "m", "the number of subquantizers (m)");
}
absl::Status CheckScann(const FieldSchema& field, Params& params) {
  ELANUS_RETURN_IF_ERROR(CheckBuildParams(kScannParams, params));
  return CheckDivides(field, params, "sub_dim", "the dimension of a part (sub_dim)");
}
absl::Status CheckHnsw(const FieldSchema&, Params& params) {
  if (params.contains("refine") || params.contains("refine_type")) {
    return InvalidIndexParams("refine is not supported for this index");
  }
  return CheckBuildParams(kHnswParams, params);
}
absl::Status CheckSvsLeanVec(const FieldSchema& field, Params& params) {
  ELANUS_RETURN_IF_ERROR(CheckBuildParams(kSvsLeanVecParams, params));
  return CheckLeanVec(field.dim(), params);
}
absl::Status CheckFaiss(const FieldSchema& field, Params& params) {
  ELANUS_RETURN_IF_ERROR(CheckBuildParams(kFaissParams, params));
  return CheckFactory(field, params);
}
absl::Status CheckMinHash(const FieldSchema& field, Params& params) {
  ELANUS_RETURN_IF_ERROR(CheckBuildParams(kMinHashParams, params));
  return CheckSignature(field.dim(), params);
}
// The server's configuration decides what the client may not (AutoIndexRules::disk_build); see
// kDiskAnnParams.
absl::Status CheckDiskAnn(const FieldSchema&, Params& params) {
  params["max_degree"] = "56";
  params["search_list_size"] = "100";
  params["pq_code_budget_gb_ratio"] = "0.125";
  params["search_cache_budget_gb_ratio"] = "0.10";
  params["num_build_thread_ratio"] = "1";
  return absl::OkStatus();
}

// Rows of the table. A macro because the checks are instantiated for the arrays' addresses.
#define ELANUS_VECTOR_KIND(kind, types, names, specs, check, ...)                       \
  IndexKind {                                                                           \
    .name = kind, .is_vector = true, .admits = types, .metrics = &MetricsOf<names>,     \
    .check_build = check, .check_search = &CheckSearchOf<specs>, .metric_names = names, \
    .param_specs = specs __VA_OPT__(, ) __VA_ARGS__                                     \
  }

IndexKind Make(IndexKind kind, bool builds_files, bool available, bool supports_mmap,
               bool offered = true) {
  kind.builds_files = builds_files;
  kind.available = available;
  kind.supports_mmap = supports_mmap;
  kind.offered = offered;
  return kind;
}
// Known to the protocol, not in this version.
IndexKind Later(IndexKind kind, bool supports_mmap) {
  return Make(kind, true, false, supports_mmap);
}
// Needs a GPU.
IndexKind Gpu(IndexKind kind) {
  return Make(kind, true, false, false, false);
}

IndexKind Hnsw(IndexKind kind) {
  kind.build = &BuildHnsw;
  kind.open = &OpenHnsw;
  return Make(kind, true, true, true);
}
// A graph over codes.
IndexKind HnswCodes(IndexKind kind, decltype(IndexKind::build) build) {
  kind.build = build;
  kind.open = &OpenCodedHnsw;
  return Make(kind, true, true, true);
}
// Inverted lists over codes.
IndexKind IvfCodes(IndexKind kind, decltype(IndexKind::build) build) {
  kind.build = build;
  kind.open = &OpenIvfCodes;
  kind.open_blocks = &OpenIvfCodesBlocks;
  return Make(kind, true, true, true);
}
IndexKind IvfFlat(IndexKind kind) {
  kind.build = &BuildIvfFlat;
  kind.open = &OpenIvfFlat;
  kind.open_blocks = &OpenIvfFlatBlocks;
  return Make(kind, true, true, true);
}

IndexKind Svs(IndexKind kind, decltype(IndexKind::build) build) {
  kind.build = build;
  kind.open = &OpenSvs;
  return Make(kind, true, true, false);
}
IndexKind Faiss(IndexKind kind) {
  kind.build = &BuildFaiss;
  kind.open = &OpenFaiss;
  return Make(kind, true, true, true);
}
IndexKind MinHash(IndexKind kind) {
  kind.build = &BuildMinHash;
  kind.open = &OpenMinHash;
  return Make(kind, true, true, false);
}

template <bool kInlineCodes>
absl::Status BuildDiskGraphOf(const BuildOptions& options, const FileSink& sink) {
  return BuildDiskGraph(options, kInlineCodes, sink);
}
template <bool kInlineCodes>
absl::StatusOr<std::string> CollectDiskGraphOf(const BuildOptions& options) {
  std::string file;
  ELANUS_RETURN_IF_ERROR(BuildDiskGraph(options, kInlineCodes, [&](std::string_view bytes) {
    file += bytes;
    return absl::OkStatus();
  }));
  return file;
}
IndexKind DiskGraph(IndexKind kind, bool inline_codes) {
  kind.build_into = inline_codes ? &BuildDiskGraphOf<true> : &BuildDiskGraphOf<false>;
  kind.build = inline_codes ? &CollectDiskGraphOf<true> : &CollectDiskGraphOf<false>;
  kind.open = &OpenDiskGraphBytes;
  kind.open_blocks = &OpenDiskGraph;
  kind.stays_on_disk = true;
  return Make(kind, true, true, false);
}

// Every index type this server knows. The order is the order in messages and docs.
const std::vector<IndexKind>& Table() {
  static const std::vector<IndexKind> table = [] {
    std::vector<IndexKind> kinds = {
    // clang-format off
#define ROW ELANUS_VECTOR_KIND
#define PLAIN(specs) &CheckBuildOf<specs>
        Make(ROW("FLAT", &Floats, kFloatMetrics, kNoParams, PLAIN(kNoParams)), false, true, true),
        IvfFlat(ROW("IVF_FLAT", &Floats, kFloatMetrics, kIvfParams, PLAIN(kIvfParams))),
        IvfCodes(ROW("IVF_SQ8", &Floats, kFloatMetrics, kIvfSqParams, PLAIN(kIvfSqParams)), &BuildIvfSq),
        IvfCodes(ROW("IVF_PQ", &Floats, kFloatMetrics, kIvfPqParams, &CheckQuantized<kIvfPqParams>), &BuildIvfPq),
        IvfCodes(ROW("IVF_RABITQ", &Floats, kFloatMetrics, kIvfRabitqParams, PLAIN(kIvfRabitqParams)), &BuildIvfRabitq),
        IvfCodes(ROW("SCANN", &Floats, kFloatMetrics, kScannParams, &CheckScann), &BuildScann),
        Hnsw(ROW("HNSW", &AnyDense, kHnswMetrics, kHnswParams, &CheckHnsw)),
        HnswCodes(ROW("HNSW_SQ", &FloatsAndInt8, kFloatMetrics, kHnswSqParams, PLAIN(kHnswSqParams)), &BuildHnswSq),
        HnswCodes(ROW("HNSW_PQ", &FloatsAndInt8, kFloatMetrics, kHnswPqParams, &CheckQuantized<kHnswPqParams>), &BuildHnswPq),
        HnswCodes(ROW("HNSW_PRQ", &FloatsAndInt8, kFloatMetrics, kHnswPrqParams, &CheckQuantized<kHnswPrqParams>), &BuildHnswPrq),
        DiskGraph(ROW("DISKANN", &Floats, kFloatMetrics, kDiskAnnParams, &CheckDiskAnn), false),
        DiskGraph(ROW("AISAQ", &Floats, kFloatMetrics, kAisaqParams, PLAIN(kAisaqParams)), true),
        Make(ROW("BIN_FLAT", &Binary, kBinFlatMetrics, kNoParams, PLAIN(kNoParams)), false, true, true),
        IvfFlat(ROW("BIN_IVF_FLAT", &Binary, kBinIvfMetrics, kIvfParams, PLAIN(kIvfParams))),
        MinHash(ROW("MINHASH_LSH", &Binary, kMinHashMetrics, kMinHashParams, &CheckMinHash)),
        Later(ROW("SPARSE_INVERTED_INDEX", &Sparse, kSparseMetrics, kSparseParams, PLAIN(kSparseParams)), true),
        Later(ROW("SPARSE_WAND", &Sparse, kSparseMetrics, kSparseParams, PLAIN(kSparseParams)), true),
        Gpu(ROW("GPU_BRUTE_FORCE", &Float32Or16, kFloatMetrics, kNoParams, PLAIN(kNoParams))),
        Gpu(ROW("GPU_IVF_FLAT", &Float32Or16OrInt8, kFloatMetrics, kGpuIvfParams, PLAIN(kGpuIvfParams))),
        Gpu(ROW("GPU_IVF_PQ", &Float32Or16OrInt8, kFloatMetrics, kGpuIvfPqParams, PLAIN(kGpuIvfPqParams))),
        Gpu(ROW("GPU_CAGRA", &Float32Or16OrInt8OrBinary, kCagraMetrics, kGpuCagraParams, PLAIN(kGpuCagraParams))),
        IvfCodes(ROW("IVF_RABITQ_FASTSCAN", &Floats, kFloatMetrics, kIvfRabitqFastScanParams, PLAIN(kIvfRabitqFastScanParams)), &BuildIvfRabitq),
        Faiss(ROW("FAISS", &Float32OrBinary, kHnswMetrics, kFaissParams, &CheckFaiss)),
        Make(ROW("SVS_FLAT", &Floats, kFloatMetrics, kNoParams, PLAIN(kNoParams)), false, true, false),
        Svs(ROW("SVS_VAMANA", &Floats, kFloatMetrics, kSvsVamanaParams, PLAIN(kSvsVamanaParams)), &BuildSvsVamana),
        Svs(ROW("SVS_VAMANA_LVQ", &Floats, kFloatMetrics, kSvsLvqParams, PLAIN(kSvsLvqParams)), &BuildSvsLvq),
        Svs(ROW("SVS_VAMANA_LEANVEC", &Floats, kFloatMetrics, kSvsLeanVecParams, &CheckSvsLeanVec), &BuildSvsLeanVec),
#undef PLAIN
#undef ROW
        // clang-format on
    };
    const auto scalars = ScalarKinds();
    kinds.insert(kinds.end(), scalars.begin(), scalars.end());
    return kinds;
  }();
  return table;
}
#undef ELANUS_VECTOR_KIND

constexpr std::pair<std::string_view, std::string_view> kAliases[] = {
    {"IVFFLAT", "IVF_FLAT"},
    {"IVFPQ", "IVF_PQ"},
    {"IVF_SQ", "IVF_SQ8"},
    {"IVFSQ", "IVF_SQ8"},
    {"IVFBIN", "BIN_IVF_FLAT"},
    {"BINFLAT", "BIN_FLAT"},
    {"IVFRABITQ", "IVF_RABITQ"},
    {"GPU_CUVS_BRUTE_FORCE", "GPU_BRUTE_FORCE"},
    {"GPU_CUVS_IVF_FLAT", "GPU_IVF_FLAT"},
    {"GPU_CUVS_IVF_PQ", "GPU_IVF_PQ"},
    {"GPU_CUVS_CAGRA", "GPU_CAGRA"},
    {"Asceneding", "STL_SORT"},  // So spelled by clients.
    {"Trie", "TRIE"},
    {"marisa-trie", "TRIE"},
};

}  // namespace

std::span<const IndexKind> IndexKinds() {
  return Table();
}

const IndexKind* FindIndexKind(std::string_view name) {
  for (const auto& [alias, meant] : kAliases) {
    if (name == alias) name = meant;
  }
  for (const IndexKind& kind : Table()) {
    if (kind.name == name) return &kind;
  }
  return nullptr;
}

absl::Status CheckIndexProperty(std::string_view index_type, std::string_view key,
                                std::string_view value) {
  const IndexKind* kind = FindIndexKind(index_type);
  if (key == "mmap.enabled") {
    const auto enabled = ParseSettingBool(value);
    if (!enabled.has_value()) {
      return InvalidIndexParams(
          fmt::format("invalid mmap.enabled value: {}, expected: true, false", value));
    }
    // Of the spellings of a trie only this one was ever given memory maps.
    const bool supports =
        kind != nullptr && (kind->name == "TRIE" ? index_type == "Trie" : kind->supports_mmap);
    if (*enabled && !supports) {
      return InvalidIndexParams(
          fmt::format("invalid mmap type params: index type {} does not support mmap", index_type));
    }
    return absl::OkStatus();
  }
  if (key == "indexoffsetcache.enabled") {
    if (kind == nullptr || kind->name != "BITMAP") {
      return InvalidIndexParams("only bitmap index support indexoffsetcache.enabled now");
    }
    if (!ParseSettingBool(value).has_value()) {
      return InvalidIndexParams(
          fmt::format("invalid indexoffsetcache.enabled value: {}, expected: true, false", value));
    }
    return absl::OkStatus();
  }
  if (key == "warmup") {
    if (value == "sync" || value == "disable" || value == "async") return absl::OkStatus();
    return InvalidIndexParams(
        fmt::format("invalid warmup value: {}, expected: sync, disable, async", value));
  }
  return UserError(ErrorCode::kParameterInvalid, "{} is not a configable index property", key);
}

absl::StatusOr<Params> ParseSearchParams(std::string_view json) {
  Params params;
  ELANUS_RETURN_IF_ERROR(FlattenJson(json, params));
  return params;
}

}  // namespace elanus::index
