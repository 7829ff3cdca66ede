// What the kernels of every element type share. Included once per target by distance.cc.
#if defined(ELANUS_KERNELS_DISTANCE_COMMON_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef ELANUS_KERNELS_DISTANCE_COMMON_INL_H_
#undef ELANUS_KERNELS_DISTANCE_COMMON_INL_H_
#else
#define ELANUS_KERNELS_DISTANCE_COMMON_INL_H_
#endif

#include "hwy/highway.h"
#include "kernels/distance.h"

HWY_BEFORE_NAMESPACE();
namespace elanus::kernels {
namespace HWY_NAMESPACE {

HWY_INLINE float NanToInfinity(float value) {
  return value == value ? value : __builtin_inff();
}

inline float NoNorm(const void*, size_t) {
  return 0;
}

// Kernel: Row, the element type, and One(query, row, dim).
template <class Kernel>
void EachRow(const QueryVector& query, const uint8_t* rows, size_t num_rows, size_t dim,
             float* out) {
  using T = typename Kernel::Row;
  const size_t width = Kernel::kBits ? dim / 8 : dim;
  const T* row = reinterpret_cast<const T*>(rows);
  for (size_t i = 0; i < num_rows; ++i, row += width) out[i] = Kernel::One(query, row, dim);
}

// Rows that lie anywhere are fetched two ahead, the first cache lines only: the hardware follows on
// its own from there.
template <class Kernel>
void EachId(const QueryVector& query, const uint8_t* base, const uint32_t* ids, size_t num_ids,
            size_t dim, float* out) {
  using T = typename Kernel::Row;
  constexpr size_t kAhead = 2, kBytesMax = 512, kLine = 64;
  const size_t width = Kernel::kBits ? dim / 8 : dim;
  const size_t bytes = HWY_MIN(width * sizeof(T), kBytesMax);
  const T* matrix = reinterpret_cast<const T*>(base);
  const auto fetch = [&](size_t i) HWY_ATTR {
    const char* row = reinterpret_cast<const char*>(matrix + ids[i] * width);
    for (size_t offset = 0; offset < bytes; offset += kLine) __builtin_prefetch(row + offset);
  };
  for (size_t i = 0; i < HWY_MIN(kAhead, num_ids); ++i) fetch(i);
  for (size_t i = 0; i < num_ids; ++i) {
    if (i + kAhead < num_ids) fetch(i + kAhead);
    out[i] = Kernel::One(query, matrix + ids[i] * width, dim);
  }
}

// For types whose kernels gain little from sharing loads between queries.
template <class Kernel>
void PlainTile(const QueryVector* queries, size_t num_queries, const uint8_t* rows, size_t num_rows,
               size_t dim, float* out, size_t out_stride) {
  for (size_t q = 0; q < num_queries; ++q) {
    EachRow<Kernel>(queries[q], rows, num_rows, dim, out + q * out_stride);
  }
}

template <class Kernel>
DistanceFunctions Functions(ElementType type, Metric metric,
                            decltype(DistanceFunctions::inverse_norm) inverse_norm,
                            decltype(DistanceFunctions::tile) tile) {
  DistanceFunctions functions;
  functions.type = type;
  functions.metric = metric;
  functions.inverse_norm = inverse_norm;
  functions.rows = &EachRow<Kernel>;
  functions.gather = &EachId<Kernel>;
  functions.tile = tile;
  return functions;
}

}  // namespace HWY_NAMESPACE
}  // namespace elanus::kernels
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
