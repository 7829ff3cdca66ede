#include "index/codes.h"

#include <algorithm>

#include "index/half_codes.h"
#include "index/local_codes.h"
#include "index/product_codes.h"
#include "index/scalar_codes.h"
#include "index/sign_codes.h"
#include "index/turned_codes.h"

namespace elanus::index {
namespace {

bool FitsDim(const CodeSpec& spec, size_t dim) {
  switch (spec.kind) {
    case CodeKind::kScalar:
    case CodeKind::kUniform:
      return spec.bits == 4 || spec.bits == 6 || spec.bits == 8;
    case CodeKind::kHalf:
      return spec.bits == 16 || spec.bits == 17;
    case CodeKind::kProduct:
      if (spec.axes > dim || (spec.axes > 0 && dim > kTurnedDimMax)) return false;
      return spec.bits >= 1 && spec.bits <= 24 && spec.parts >= 1 &&
             (spec.axes > 0 ? spec.axes : dim) % spec.parts == 0 && spec.levels >= 1 &&
             spec.levels <= 16 && (spec.in_blocks == 0 || (spec.in_blocks == 1 && spec.bits <= 8));
    case CodeKind::kLocal:
      return (spec.bits == 4 || spec.bits == 8) && spec.levels == 1 && spec.parts <= dim &&
             (spec.parts == 0 || dim <= kReducedDimMax) && spec.in_blocks == 0;
    case CodeKind::kSign:
      return spec.bits >= 1 && spec.bits <= 9 && spec.in_blocks == 1 &&
             (spec.levels == 1 || (spec.levels == 2 && spec.bits > 1));
  }
  return false;
}

}  // namespace

CodeShift ShiftTo(kernels::Metric metric, float base, float centre_norm) {
  if (metric == kernels::Metric::kL2) return {base, 1};
  return {base, centre_norm > 0 ? -base / centre_norm : 0};
}

size_t TrainingRows(const CodeSpec& spec) {
  if (spec.kind == CodeKind::kHalf || spec.kind == CodeKind::kSign) return 0;
  if (spec.kind == CodeKind::kLocal && spec.parts == 0) return 0;
  if (spec.kind != CodeKind::kProduct) return 4096;
  return std::max<size_t>(4096, (size_t{1} << spec.bits) * 64);
}

absl::StatusOr<std::unique_ptr<CodeStore>> TrainCodes(const CodeSpec& spec,
                                                      const CodeTraining& training) {
  if (!FitsDim(spec, training.dim)) {
    return InternalError(ErrorCode::kInternal, "codes with unchecked parameters");
  }
  switch (spec.kind) {
    case CodeKind::kScalar:
    case CodeKind::kUniform:
      return TrainScalarCodes(spec, training);
    case CodeKind::kHalf:
      return MakeHalfCodes(spec, training.dim, training.metric);
    case CodeKind::kProduct:
      return spec.axes > 0 ? TrainTurnedCodes(spec, training) : TrainProductCodes(spec, training);
    case CodeKind::kLocal:
      return TrainLocalCodes(spec, training);
    case CodeKind::kSign:
      return MakeSignCodes(spec, training.dim, training.metric, training.seed);
  }
  return InternalError(ErrorCode::kInternal, "unknown kind of codes");
}

absl::StatusOr<std::unique_ptr<CodeStore>> OpenCodes(const CodeSpec& spec, size_t dim,
                                                     kernels::Metric metric, Bytes parameters) {
  std::unique_ptr<CodeStore> store;
  if (FitsDim(spec, dim)) {
    switch (spec.kind) {
      case CodeKind::kScalar:
      case CodeKind::kUniform:
        store = OpenScalarCodes(spec, dim, metric, parameters);
        break;
      case CodeKind::kHalf:
        if (parameters.empty()) store = MakeHalfCodes(spec, dim, metric);
        break;
      case CodeKind::kProduct:
        store = spec.axes > 0 ? OpenTurnedCodes(spec, dim, metric, parameters)
                              : OpenProductCodes(spec, dim, metric, parameters);
        break;
      case CodeKind::kLocal:
        store = OpenLocalCodes(spec, dim, metric, parameters);
        break;
      case CodeKind::kSign:
        store = OpenSignCodes(spec, dim, metric, parameters);
        break;
    }
  }
  if (store == nullptr) {
    return InternalError(ErrorCode::kDataIntegrity,
                         "index file is damaged: parameters of its codes");
  }
  return store;
}

}  // namespace elanus::index
