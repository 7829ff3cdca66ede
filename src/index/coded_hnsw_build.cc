#include "index/coded_hnsw.h"
#include "index/hnsw.h"
#include "index/index_params.h"
#include "index/refiner.h"
#include "index/turned_codes.h"

namespace elanus::index {
namespace {

constexpr double kGraphShare = 0.9;  // Of the build's time.

CodeSpec ProductSpec(const Params& params, int64_t default_m) {
  return {.kind = CodeKind::kProduct,
          .bits = static_cast<uint32_t>(IntParam(params, "nbits", 8)),
          .parts = static_cast<uint32_t>(IntParam(params, "m", default_m))};
}

}  // namespace

absl::StatusOr<std::string> BuildCodedHnsw(const BuildOptions& options, const CodeSpec& spec,
                                           const RefineChoice& refine) {
  BuildOptions graph_options = options;
  if (options.progress) {
    graph_options.progress = [&](double done) { options.progress(kGraphShare * done); };
  }
  ELANUS_ASSIGN_OR_RETURN(const std::string graph, BuildHnswLinks(graph_options));
  const std::vector<uint32_t> members = ValidRows(options);
  ELANUS_ASSIGN_OR_RETURN(const RowCodesBytes codes, BuildRowCodes(options, spec, members));
  RowCodesBytes finer;
  if (refine.by == RefineBy::kCodes) {
    ELANUS_ASSIGN_OR_RETURN(finer, BuildRowCodes(options, refine.codes, members));
  }
  std::string file = MakeCodedHnswFile(
      static_cast<uint32_t>(refine.by),
      {reinterpret_cast<const uint8_t*>(graph.data()), graph.size()}, codes, finer);
  if (options.progress) options.progress(1);
  return file;
}

absl::StatusOr<std::string> BuildHnswSq(const BuildOptions& options) {
  const auto type = options.params.find("sq_type");
  const auto spec = ScalarSpecOf(type == options.params.end() ? "sq8" : type->second);
  if (!spec.has_value()) return InternalError(ErrorCode::kInternal, "unchecked sq_type");
  return BuildCodedHnsw(options, *spec, RefineChoiceOf(options.params, options.rows.type));
}

absl::StatusOr<std::string> BuildHnswPq(const BuildOptions& options) {
  CodeSpec spec = ProductSpec(options.params, 32);
  spec.axes = AxesOf(options.params, options.rows.dim, spec.parts);
  return BuildCodedHnsw(options, spec, RefineChoiceOf(options.params, options.rows.type));
}

absl::StatusOr<std::string> BuildHnswPrq(const BuildOptions& options) {
  CodeSpec spec = ProductSpec(options.params, 2);
  spec.levels = static_cast<uint32_t>(IntParam(options.params, "nrq", 2));
  return BuildCodedHnsw(options, spec, RefineChoiceOf(options.params, options.rows.type));
}

}  // namespace elanus::index
