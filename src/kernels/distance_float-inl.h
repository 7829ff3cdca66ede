// Kernels over float32, float16 and bfloat16 rows. Included once per target by distance.cc.
#if defined(ELANUS_KERNELS_DISTANCE_FLOAT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef ELANUS_KERNELS_DISTANCE_FLOAT_INL_H_
#undef ELANUS_KERNELS_DISTANCE_FLOAT_INL_H_
#else
#define ELANUS_KERNELS_DISTANCE_FLOAT_INL_H_
#endif

#include <cmath>

#include "hwy/highway.h"
#include "kernels/distance.h"
#include "kernels/distance_common-inl.h"
#include "kernels/half.h"

HWY_BEFORE_NAMESPACE();
namespace elanus::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

HWY_INLINE float ToScalarFloat(float value) {
  return value;
}
HWY_INLINE float ToScalarFloat(hwy::float16_t value) {
  return Float16ToFloat(value.bits);
}
HWY_INLINE float ToScalarFloat(hwy::bfloat16_t value) {
  return BFloat16ToFloat(value.bits);
}

template <class DF>
HWY_INLINE hn::Vec<DF> LoadFloats(DF df, const float* HWY_RESTRICT from) {
  return hn::LoadU(df, from);
}
template <class DF, typename T>
HWY_INLINE hn::Vec<DF> LoadFloats(DF df, const T* HWY_RESTRICT from) {
  const hn::Rebind<T, DF> dh;
  return hn::PromoteTo(df, hn::LoadU(dh, from));
}

// The last, incomplete group of a vector: components [begin, dim), zeros in the other lanes. Reads
// back over components already seen where the vector is long enough, since reading past its end
// might leave the mapping.
template <class DF, typename T>
HWY_INLINE hn::Vec<DF> LoadRest(DF df, const T* HWY_RESTRICT from, size_t begin, size_t dim) {
  const size_t lanes = hn::Lanes(df);
  if (dim >= lanes) {
    const auto seen = hn::FirstN(df, lanes - (dim - begin));
    return hn::IfThenZeroElse(seen, LoadFloats(df, from + dim - lanes));
  }
  HWY_ALIGN T buffer[HWY_MAX_BYTES / sizeof(float)] = {};
  __builtin_memcpy(buffer, from + begin, (dim - begin) * sizeof(T));
  return LoadFloats(df, buffer);
}

struct DotStep {
  template <class V>
  static HWY_INLINE V Add(V sum, V q, V r) {
    return hn::MulAdd(q, r, sum);
  }
};
struct L2Step {
  template <class V>
  static HWY_INLINE V Add(V sum, V q, V r) {
    const V difference = hn::Sub(q, r);
    return hn::MulAdd(difference, difference, sum);
  }
};

// One query, one row. Four sums hide the latency of fused multiply-add.
template <class Step, typename T>
HWY_INLINE float SumOver(const float* HWY_RESTRICT q, const T* HWY_RESTRICT r, size_t dim) {
  const hn::ScalableTag<float> df;
  const size_t lanes = hn::Lanes(df);
  auto sum0 = hn::Zero(df), sum1 = hn::Zero(df), sum2 = hn::Zero(df), sum3 = hn::Zero(df);
  size_t i = 0;
  for (; i + 4 * lanes <= dim; i += 4 * lanes) {
    sum0 = Step::Add(sum0, LoadFloats(df, q + i), LoadFloats(df, r + i));
    sum1 = Step::Add(sum1, LoadFloats(df, q + i + lanes), LoadFloats(df, r + i + lanes));
    sum2 = Step::Add(sum2, LoadFloats(df, q + i + 2 * lanes), LoadFloats(df, r + i + 2 * lanes));
    sum3 = Step::Add(sum3, LoadFloats(df, q + i + 3 * lanes), LoadFloats(df, r + i + 3 * lanes));
  }
  for (; i + lanes <= dim; i += lanes) {
    sum0 = Step::Add(sum0, LoadFloats(df, q + i), LoadFloats(df, r + i));
  }
  if (i < dim) sum1 = Step::Add(sum1, LoadRest(df, q, i, dim), LoadRest(df, r, i, dim));
  return hn::GetLane(hn::SumOfLanes(df, hn::Add(hn::Add(sum0, sum1), hn::Add(sum2, sum3))));
}

struct DotAndNorm {
  float dot;
  float squared_norm;  // Of the row.
};

// Both in one pass: it is bound by loads, so the norm costs next to nothing.
template <typename T>
HWY_INLINE DotAndNorm SumDotAndNorm(const float* HWY_RESTRICT q, const T* HWY_RESTRICT r,
                                    size_t dim) {
  const hn::ScalableTag<float> df;
  const size_t lanes = hn::Lanes(df);
  auto dot0 = hn::Zero(df), dot1 = hn::Zero(df), norm0 = hn::Zero(df), norm1 = hn::Zero(df);
  size_t i = 0;
  for (; i + 2 * lanes <= dim; i += 2 * lanes) {
    const auto r0 = LoadFloats(df, r + i);
    const auto r1 = LoadFloats(df, r + i + lanes);
    dot0 = hn::MulAdd(LoadFloats(df, q + i), r0, dot0);
    dot1 = hn::MulAdd(LoadFloats(df, q + i + lanes), r1, dot1);
    norm0 = hn::MulAdd(r0, r0, norm0);
    norm1 = hn::MulAdd(r1, r1, norm1);
  }
  for (; i + lanes <= dim; i += lanes) {
    const auto r0 = LoadFloats(df, r + i);
    dot0 = hn::MulAdd(LoadFloats(df, q + i), r0, dot0);
    norm0 = hn::MulAdd(r0, r0, norm0);
  }
  if (i < dim) {
    const auto r0 = LoadRest(df, r, i, dim);
    dot1 = hn::MulAdd(LoadRest(df, q, i, dim), r0, dot1);
    norm1 = hn::MulAdd(r0, r0, norm1);
  }
  return {hn::GetLane(hn::SumOfLanes(df, hn::Add(dot0, dot1))),
          hn::GetLane(hn::SumOfLanes(df, hn::Add(norm0, norm1)))};
}

// Squares outside this range lose precision or overflow in float32; such vectors take the slow way.
HWY_INLINE bool NormInRange(float squared_norm) {
  return squared_norm > 1e-30f && squared_norm < 1e30f;
}

// The same in double precision, where no float32 vector can overflow.
template <typename T>
HWY_NOINLINE float SlowCosineDistance(const float* q, const T* r, size_t dim) {
  double dot = 0, norm_q = 0, norm_r = 0;
  for (size_t i = 0; i < dim; ++i) {
    T component;  // Copied: rows need no alignment.
    __builtin_memcpy(&component, r + i, sizeof(T));
    const double a = q[i], b = ToScalarFloat(component);
    dot += a * b;
    norm_q += a * a;
    norm_r += b * b;
  }
  if (norm_q == 0 || norm_r == 0) return 0.0f;
  return NanToInfinity(
      static_cast<float>(-dot / (__builtin_sqrt(norm_q) * __builtin_sqrt(norm_r))));
}

template <typename T>
HWY_INLINE float FinishCosine(const QueryVector& query, const T* r, size_t dim, float dot,
                              float squared_norm) {
  if (HWY_LIKELY(NormInRange(squared_norm) && query.inverse_norm == query.inverse_norm)) {
    return -dot * query.inverse_norm / __builtin_sqrtf(squared_norm);
  }
  return SlowCosineDistance(static_cast<const float*>(query.vector), r, dim);
}

// The three metrics over rows of T, as ForEachRow and ForEachTile take them.
template <typename T>
struct L2Kernel {
  using Row = T;
  static constexpr bool kBits = false;
  using Step = L2Step;
  static HWY_INLINE float One(const QueryVector& query, const T* r, size_t dim) {
    return NanToInfinity(SumOver<L2Step>(static_cast<const float*>(query.vector), r, dim));
  }
  static HWY_INLINE float Finish(const QueryVector&, const T*, size_t, float sum, float) {
    return NanToInfinity(sum);
  }
  static HWY_INLINE float RowConstant(const T*, size_t) { return 0; }
};
template <typename T>
struct IpKernel {
  using Row = T;
  static constexpr bool kBits = false;
  using Step = DotStep;
  static HWY_INLINE float One(const QueryVector& query, const T* r, size_t dim) {
    return NanToInfinity(-SumOver<DotStep>(static_cast<const float*>(query.vector), r, dim));
  }
  static HWY_INLINE float Finish(const QueryVector&, const T*, size_t, float sum, float) {
    return NanToInfinity(-sum);
  }
  static HWY_INLINE float RowConstant(const T*, size_t) { return 0; }
};
template <typename T>
struct CosineKernel {
  using Row = T;
  static constexpr bool kBits = false;
  using Step = DotStep;
  static HWY_INLINE float One(const QueryVector& query, const T* r, size_t dim) {
    const DotAndNorm sums = SumDotAndNorm(static_cast<const float*>(query.vector), r, dim);
    return FinishCosine(query, r, dim, sums.dot, sums.squared_norm);
  }
  static HWY_INLINE float Finish(const QueryVector& query, const T* r, size_t dim, float sum,
                                 float squared_norm) {
    return FinishCosine(query, r, dim, sum, squared_norm);
  }
  static HWY_INLINE float RowConstant(const T* r, size_t dim) {
    const hn::ScalableTag<float> df;
    const size_t lanes = hn::Lanes(df);
    auto norm0 = hn::Zero(df);
    size_t i = 0;
    for (; i + lanes <= dim; i += lanes) {
      const auto r0 = LoadFloats(df, r + i);
      norm0 = hn::MulAdd(r0, r0, norm0);
    }
    if (i < dim) {
      const auto r0 = LoadRest(df, r, i, dim);
      norm0 = hn::MulAdd(r0, r0, norm0);
    }
    return hn::GetLane(hn::SumOfLanes(df, norm0));
  }
};

HWY_NOINLINE float FloatInverseNorm(const void* query, size_t dim) {
  const float squared = CosineKernel<float>::RowConstant(static_cast<const float*>(query), dim);
  return NormInRange(squared) ? 1.0f / __builtin_sqrtf(squared) : __builtin_nanf("");
}

// Four queries by two rows: eight sums from six loads a step.
template <class Kernel>
HWY_INLINE void FourByTwo(const QueryVector* queries, const typename Kernel::Row* HWY_RESTRICT a,
                          const typename Kernel::Row* HWY_RESTRICT b, size_t dim, float* out,
                          size_t out_stride) {
  using Step = typename Kernel::Step;
  const hn::ScalableTag<float> df;
  const size_t lanes = hn::Lanes(df);
  const float* HWY_RESTRICT q0 = static_cast<const float*>(queries[0].vector);
  const float* HWY_RESTRICT q1 = static_cast<const float*>(queries[1].vector);
  const float* HWY_RESTRICT q2 = static_cast<const float*>(queries[2].vector);
  const float* HWY_RESTRICT q3 = static_cast<const float*>(queries[3].vector);
  auto a0 = hn::Zero(df), a1 = hn::Zero(df), a2 = hn::Zero(df), a3 = hn::Zero(df);
  auto b0 = hn::Zero(df), b1 = hn::Zero(df), b2 = hn::Zero(df), b3 = hn::Zero(df);
  const auto step = [&](auto load, size_t i) HWY_ATTR {
    const auto va = load(a, i), vb = load(b, i);
    const auto v0 = load(q0, i), v1 = load(q1, i), v2 = load(q2, i), v3 = load(q3, i);
    a0 = Step::Add(a0, v0, va);
    b0 = Step::Add(b0, v0, vb);
    a1 = Step::Add(a1, v1, va);
    b1 = Step::Add(b1, v1, vb);
    a2 = Step::Add(a2, v2, va);
    b2 = Step::Add(b2, v2, vb);
    a3 = Step::Add(a3, v3, va);
    b3 = Step::Add(b3, v3, vb);
  };
  size_t i = 0;
  for (; i + lanes <= dim; i += lanes) {
    step([&](const auto* from, size_t at) HWY_ATTR { return LoadFloats(df, from + at); }, i);
  }
  if (i < dim) {
    step([&](const auto* from, size_t at) HWY_ATTR { return LoadRest(df, from, at, dim); }, i);
  }
  const float ca = Kernel::RowConstant(a, dim), cb = Kernel::RowConstant(b, dim);
  const auto finish = [&](size_t q, auto sum_a, auto sum_b) HWY_ATTR {
    float* o = out + q * out_stride;
    o[0] = Kernel::Finish(queries[q], a, dim, hn::GetLane(hn::SumOfLanes(df, sum_a)), ca);
    o[1] = Kernel::Finish(queries[q], b, dim, hn::GetLane(hn::SumOfLanes(df, sum_b)), cb);
  };
  finish(0, a0, b0);
  finish(1, a1, b1);
  finish(2, a2, b2);
  finish(3, a3, b3);
}

template <class Kernel>
void FloatTile(const QueryVector* queries, size_t num_queries, const uint8_t* rows, size_t num_rows,
               size_t dim, float* out, size_t out_stride) {
  using T = typename Kernel::Row;
  const T* matrix = reinterpret_cast<const T*>(rows);
  size_t q = 0;
  for (; q + 4 <= num_queries; q += 4) {
    size_t r = 0;
    for (; r + 2 <= num_rows; r += 2) {
      FourByTwo<Kernel>(queries + q, matrix + r * dim, matrix + (r + 1) * dim, dim,
                        out + q * out_stride + r, out_stride);
    }
    for (; r < num_rows; ++r) {
      for (size_t j = q; j < q + 4; ++j) {
        out[j * out_stride + r] = Kernel::One(queries[j], matrix + r * dim, dim);
      }
    }
  }
  for (; q < num_queries; ++q)
    EachRow<Kernel>(queries[q], rows, num_rows, dim, out + q * out_stride);
}

template <typename T>
DistanceFunctions FloatFunctions(ElementType type, Metric metric) {
  switch (metric) {
    case Metric::kL2:
      return Functions<L2Kernel<T>>(type, metric, &NoNorm, &FloatTile<L2Kernel<T>>);
    case Metric::kIp:
      return Functions<IpKernel<T>>(type, metric, &NoNorm, &FloatTile<IpKernel<T>>);
    case Metric::kCosine:
      return Functions<CosineKernel<T>>(type, metric, &FloatInverseNorm,
                                        &FloatTile<CosineKernel<T>>);
    case Metric::kHamming:
    case Metric::kJaccard:
    case Metric::kSubstructure:
    case Metric::kSuperstructure:
    case Metric::kMinHash:
      return {};
  }
  return {};
}

}  // namespace HWY_NAMESPACE
}  // namespace elanus::kernels
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
