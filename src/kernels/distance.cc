#include "kernels/distance.h"

// Compiles AVX3_DL (Ice Lake, Zen 4) too: it counts bits in one instruction.
#define HWY_WANT_AVX3_DL 1
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/distance.cc"
#include "hwy/foreach_target.h"  // Must come before highway.h: includes this file once per target.
#include "hwy/highway.h"
#include "kernels/distance_common-inl.h"
#include "kernels/distance_float-inl.h"
#include "kernels/distance_int-inl.h"

HWY_BEFORE_NAMESPACE();
namespace elanus::kernels {
namespace HWY_NAMESPACE {

DistanceFunctions FunctionsOfTarget(ElementType type, Metric metric) {
  switch (type) {
    case ElementType::kFloat32:
      return FloatFunctions<float>(type, metric);
    case ElementType::kFloat16:
      return FloatFunctions<hwy::float16_t>(type, metric);
    case ElementType::kBFloat16:
      return FloatFunctions<hwy::bfloat16_t>(type, metric);
    case ElementType::kInt8:
      return Int8Functions(metric);
    case ElementType::kBinary:
      return BinaryFunctions(metric);
  }
  return {};
}

}  // namespace HWY_NAMESPACE
}  // namespace elanus::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "kernels/half.h"

namespace elanus::kernels {

HWY_EXPORT(FunctionsOfTarget);

DistanceFunctions DistanceFunctionsFor(ElementType type, Metric metric) {
  return HWY_DYNAMIC_DISPATCH(FunctionsOfTarget)(type, metric);
}

QueryVector PrepareQuery(const DistanceFunctions& functions, size_t dim, const uint8_t* vector,
                         float* buffer) {
  QueryVector query{vector, 0};
  if (functions.type == ElementType::kFloat16 || functions.type == ElementType::kBFloat16) {
    HalfToFloat(functions.type, vector, dim, buffer);
    query.vector = buffer;
  }
  query.inverse_norm = functions.inverse_norm(query.vector, dim);
  query.signature = functions.signature;
  return query;
}

PreparedQueries::PreparedQueries(const DistanceFunctions& functions, size_t dim,
                                 const uint8_t* vectors, size_t num_queries) {
  const bool converts =
      functions.type == ElementType::kFloat16 || functions.type == ElementType::kBFloat16;
  if (converts) converted_.resize(dim * num_queries);
  const size_t bytes = VectorBytes(functions.type, dim);
  queries_.reserve(num_queries);
  for (size_t i = 0; i < num_queries; ++i) {
    float* buffer = converts ? converted_.data() + i * dim : nullptr;
    queries_.push_back(PrepareQuery(functions, dim, vectors + i * bytes, buffer));
  }
}

bool LimitSimd(std::string_view simd_type) {
  // Bits of Highway's targets: a better target has the lower bit (hwy/detect_targets.h).
  int64_t best = 0;
  if (simd_type == "auto" || simd_type == "avx512") {
    best = 1;
#if HWY_ARCH_X86
  } else if (simd_type == "avx2") {
    best = HWY_AVX2;
  } else if (simd_type == "avx" || simd_type == "sse4_2") {
    best = HWY_SSE4;  // There is no target between the two.
#else
  } else if (simd_type == "avx2" || simd_type == "avx" || simd_type == "sse4_2") {
    best = 1;  // Names of x86 instruction sets say nothing on other machines.
#endif
  } else if (simd_type == "scalar") {
    best = HWY_EMU128;  // Or the plainer one that stands in for it with older compilers.
  } else {
    return false;
  }
  hwy::DisableTargets(best - 1);
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  return true;
}

std::string_view SimdTargetName() {
  const int64_t usable = hwy::SupportedTargets() & HWY_TARGETS;
  return hwy::TargetName(usable & -usable);
}

}  // namespace elanus::kernels
#endif  // HWY_ONCE
