#include "index/build_memory.h"

#include <algorithm>
#include <cmath>

#include "index/codes.h"
#include "index/encoded_lists.h"
#include "index/faiss_factory.h"
#include "index/index_params.h"
#include "index/lemur.h"
#include "index/max_sim.h"
#include "index/refiner.h"
#include "index/turned_codes.h"

namespace elanus::index {
namespace {

constexpr int64_t kFixed = 16 << 20;  // Scratch of threads, tables, what the allocator holds back.

// One build's sizes. All in bytes.
class Sizes {
 public:
  Sizes(const BuildShape& shape, const Params& params)
      : n_(static_cast<double>(shape.num_rows)),
        dim_(static_cast<double>(shape.dim)),
        width_(static_cast<double>(schema::FixedWidth(shape.type, shape.dim))),
        type_(shape.type),
        params_(params) {}

  double vectors() const { return n_ * width_; }

  // A graph while it is built, and its file: links of all levels and codes of 4 bits in both.
  double Graph(double m) const {
    const double links = n_ * (2 * m * 4 * 1.1 + 24);
    const double codes = n_ * (std::ceil(dim_ / 32) * 16 + 8);
    return 2 * (links + codes);
  }
  double Links(double m) const { return n_ * 2 * m * 4 * 1.1; }

  // Codes of all rows, what they are trained on, and once more in the file.
  double Codes(const CodeSpec& spec) const {
    double bytes = dim_;  // A row.
    switch (spec.kind) {
      case CodeKind::kScalar:
      case CodeKind::kUniform:
      case CodeKind::kHalf:
      case CodeKind::kLocal:
        bytes = dim_ * std::min<double>(spec.bits, 16) / 8;
        break;
      case CodeKind::kProduct:
        bytes = static_cast<double>(spec.parts) * spec.levels * spec.bits / 8;
        break;
      case CodeKind::kSign:
        bytes = dim_ * (spec.bits > 1 ? 9 : 1) / 8;
        break;
    }
    // The axes that vectors are turned to, and the covariance that they come from.
    const double axes = spec.axes > 0 ? 8 * dim_ * (spec.axes + dim_) : 0;
    const double sample = std::min(n_, static_cast<double>(TrainingRows(spec)));
    return 2 * n_ * (bytes + 8) + (axes > 0 ? 4 : 2) * sample * dim_ * 4 + axes;
  }
  double Refinement() const {
    const RefineChoice choice = RefineChoiceOf(params_, type_);
    return choice.by == RefineBy::kCodes ? Codes(choice.codes) : 0;
  }

  // Centroids, what they are trained on, and the list of each row.
  double Lists() const {
    const double nlist = std::min(n_, static_cast<double>(IntParam(params_, "nlist", 128)));
    return nlist * (width_ + 4 * dim_) * 3 + n_ * 24;
  }

  CodeSpec Product(int64_t default_m, int64_t default_levels = 1) const {
    return {.kind = CodeKind::kProduct,
            .bits = static_cast<uint32_t>(IntParam(params_, "nbits", 8)),
            .parts = static_cast<uint32_t>(IntParam(params_, "m", default_m)),
            .levels = static_cast<uint32_t>(IntParam(params_, "nrq", default_levels)),
            .axes = AxesOf(params_, static_cast<int64_t>(dim_), IntParam(params_, "m", default_m))};
  }
  CodeSpec Scalar() const {
    const auto type = params_.find("sq_type");
    return ScalarSpecOf(type == params_.end() ? "sq8" : type->second)
        .value_or(CodeSpec{.kind = CodeKind::kScalar, .bits = 8});
  }
  double Int(const char* key, int64_t otherwise) const {
    return static_cast<double>(IntParam(params_, key, otherwise));
  }

 private:
  const double n_, dim_, width_;
  const schema::DataType type_;
  const Params& params_;
};

// The sample, what the network is to tell of it, its features; the network with its gradient and
// their means; and what a batch goes through.
double LemurMemoryFloats(const LemurShape& shape, const Params& params, const BuildShape& vectors) {
  const auto dim = static_cast<double>(vectors.dim), hidden = static_cast<double>(shape.hidden);
  const double samples =
      std::min(static_cast<double>(IntParam(params, "lemur_num_train_samples", 20'000)),
               static_cast<double>(vectors.num_rows));
  const double targets = std::min(1024.0, 2 * hidden);
  const double batch = static_cast<double>(IntParam(params, "lemur_batch_size", 512));
  const auto network = static_cast<double>(shape.NumFloats(static_cast<size_t>(vectors.dim)));
  return samples * (2 * dim + targets + 4 * hidden) + 7 * (network + targets * hidden) +
         batch * (4 * dim + 4 * targets + 2 * shape.num_layers * hidden);
}

double Estimate(std::string_view kind, const Sizes& sizes) {
  const double m = sizes.Int("M", 30);
  if (kind == "HNSW") return sizes.Graph(m);
  if (kind == "HNSW_SQ") {
    return sizes.Graph(m) + sizes.Codes(sizes.Scalar()) + sizes.Refinement();
  }
  if (kind == "HNSW_PQ") {
    return sizes.Graph(m) + sizes.Codes(sizes.Product(32)) + sizes.Refinement();
  }
  if (kind == "HNSW_PRQ") {
    return sizes.Graph(m) + sizes.Codes(sizes.Product(2, 2)) + sizes.Refinement();
  }
  if (kind == "IVF_FLAT" || kind == "BIN_IVF_FLAT") return sizes.Lists();
  if (kind == "IVF_SQ8") {
    return sizes.Lists() + sizes.Codes(sizes.Scalar()) + sizes.Refinement();
  }
  if (kind == "IVF_PQ") {
    return sizes.Lists() + sizes.Codes(sizes.Product(1)) + sizes.Refinement();
  }
  if (kind == "IVF_RABITQ" || kind == "IVF_RABITQ_FASTSCAN") {
    const CodeSpec spec{.kind = CodeKind::kSign,
                        .bits = static_cast<uint32_t>(sizes.Int("rbq_bits", 1))};
    return sizes.Lists() + sizes.Codes(spec) + sizes.Refinement();
  }
  if (kind == "SCANN") {
    return sizes.Lists() + sizes.Codes({.kind = CodeKind::kUniform, .bits = 4});
  }
  if (kind == "DISKANN" || kind == "AISAQ") {
    const double degree = sizes.Int("max_degree", 56);
    const CodeSpec codes{.kind = CodeKind::kScalar, .bits = 8};  // More than most have.
    // Records go to disk as they are made (IndexKind::build_into).
    return std::max(sizes.Graph(degree / 2), sizes.Links(degree / 2) + sizes.Codes(codes));
  }
  if (kind.starts_with("SVS_")) {
    const CodeSpec codes{.kind = CodeKind::kHalf, .bits = 16};  // More than most have.
    const int64_t degree = kind == "SVS_VAMANA_LEANVEC" ? 64 : 32;
    return sizes.Graph(sizes.Int("svs_graph_max_degree", degree) / 2) + sizes.Codes(codes);
  }
  return 2 * sizes.vectors();  // A kind that says nothing of itself.
}

}  // namespace

int64_t BuildMemoryBytes(const IndexKind& kind, const BuildShape& shape, const Params& params) {
  if (!kind.builds_files || shape.num_rows == 0) return 0;
  if (const auto factory = params.find("faiss_index_name"); factory != params.end()) {
    const bool binary = shape.type == schema::DataType::kBinaryVector;
    const absl::StatusOr<FactoryPlan> plan = ParseFactory(factory->second, binary);
    if (plan.ok() && FindIndexKind(plan->type) != nullptr) {
      return BuildMemoryBytes(*FindIndexKind(plan->type), shape, plan->params);
    }
  }
  return kFixed + static_cast<int64_t>(std::min(Estimate(kind.name, {shape, params}), 9e18));
}

int64_t ListBuildMemoryBytes(const IndexKind& kind, const BuildShape& shape, int64_t num_rows,
                             std::string_view metric, const Params& params) {
  const ListStrategy strategy = ListStrategyOf(metric, params);
  if (strategy == ListStrategy::kTokenAnn || shape.num_rows == 0) {
    return BuildMemoryBytes(kind, shape, params);
  }
  const int64_t dim =
      EncodedDim(params, strategy, shape.dim, ElementMetric(metric).value_or(kernels::Metric::kIp));
  const BuildShape encoded{schema::DataType::kBFloat16Vector, dim, num_rows};
  // The encodings and the index over them, and both once more in the file.
  double bytes = 2.0 * static_cast<double>(num_rows) * static_cast<double>(2 * dim) +
                 2.0 * static_cast<double>(BuildMemoryBytes(kind, encoded, params)) +
                 4.0 * static_cast<double>(shape.num_rows);
  if (strategy == ListStrategy::kLemur) {
    const double floats = LemurMemoryFloats(LemurShapeOf(params), params, shape);
    bytes += floats * sizeof(float);
  }
  return static_cast<int64_t>(std::min(bytes, 9e18));
}

}  // namespace elanus::index
