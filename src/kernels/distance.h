// Distances from query vectors to stored vectors, in the form that suits the CPU at hand.
//
// Smaller is nearer, always: inner product and cosine are negated. L2 is squared. No result is NaN:
// an arithmetic that ends in NaN (overflow) counts as farthest, +infinity. Float sums are kept in
// float32; int8 sums are exact in int32 for every dim up to 32768; binary counts are exact.
//   kCosine          a zero vector has similarity 0 with everything
//   kJaccard         1 - |a and b| / |a or b|; two empty vectors are equal (0)
//   kSubstructure    0 if every bit of the row is set in the query, else +infinity
//   kSuperstructure  0 if every bit of the query is set in the row, else +infinity
//   kMinHash         -(equal elements / elements) of two MinHash signatures, or by bands -1 if they
//                    are equal in one; +infinity if they have nothing in common (SignatureShape)
//
// Rows need no alignment. All functions are pure: any threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "kernels/element_type.h"
#include "kernels/metric.h"

namespace elanus::kernels {

// How a binary vector is read as a MinHash signature: elements of whole bytes that divide it, and
// for locality-sensitive hashing bands of whole elements, as even as they can be.
struct SignatureShape {
  uint32_t element_bytes = 1;
  uint32_t num_bands = 0;  // 0: vectors are compared element by element.

  size_t NumElements(size_t dim) const { return dim / 8 / element_bytes; }
  // The byte at which a band begins; `band` = num_bands: the end of the last.
  size_t BandBegin(uint32_t band, size_t dim) const {
    return NumElements(dim) * band / num_bands * element_bytes;
  }
};

// A query as the kernels take it: float32 for every floating type, else the type of the rows.
struct QueryVector {
  const void* vector = nullptr;
  float inverse_norm =
      0;  // 1 / length; for kCosine over floating types only. NaN: out of float's range.
  SignatureShape signature;  // For kMinHash only.
};

// The kernels of one element type and metric. Look them up once per search (DistanceFunctionsFor).
struct DistanceFunctions {
  ElementType type = ElementType::kFloat32;
  Metric metric = Metric::kL2;
  SignatureShape signature;  // What prepared queries get; kMinHash only.

  // inverse_norm of a query in query form; 0 where the metric needs none.
  float (*inverse_norm)(const void* query, size_t dim) = nullptr;

  // out[i] = distance to row i of (num_rows, dim), contiguous.
  void (*rows)(const QueryVector& query, const uint8_t* rows, size_t num_rows, size_t dim,
               float* out) = nullptr;

  // out[i] = distance to row ids[i] of the matrix that begins at `base`; fetches ahead.
  void (*gather)(const QueryVector& query, const uint8_t* base, const uint32_t* ids, size_t num_ids,
                 size_t dim, float* out) = nullptr;

  // out[q * out_stride + r] = distance of query q to row r. For rows that fit the cache, so that
  // each is read from memory once for all queries.
  void (*tile)(const QueryVector* queries, size_t num_queries, const uint8_t* rows, size_t num_rows,
               size_t dim, float* out, size_t out_stride) = nullptr;

  bool valid() const { return rows != nullptr; }
  float One(const QueryVector& query, const uint8_t* row, size_t dim) const {
    float out;
    rows(query, row, 1, dim, &out);
    return out;
  }
};

// The fastest form this CPU runs (see LimitSimd). Not valid() for a metric the type does not have.
DistanceFunctions DistanceFunctionsFor(ElementType type, Metric metric);

// Stored vectors turned into queries: converts halves to float32 and works out the norms.
class PreparedQueries {
 public:
  // `vectors`: (num_queries, dim) of functions.type, row-major. Borrowed for the object's life
  // unless the type is a half; then copied.
  PreparedQueries(const DistanceFunctions& functions, size_t dim, const uint8_t* vectors,
                  size_t num_queries);
  PreparedQueries(PreparedQueries&&) = default;
  PreparedQueries& operator=(PreparedQueries&&) = default;

  size_t size() const { return queries_.size(); }
  const QueryVector& operator[](size_t i) const { return queries_[i]; }
  const QueryVector* data() const { return queries_.data(); }

 private:
  std::vector<float> converted_;
  std::vector<QueryVector> queries_;
};

// Turns one stored vector into query form: halves are converted into `buffer` (dim floats), other
// types are referred to in place.
QueryVector PrepareQuery(const DistanceFunctions& functions, size_t dim, const uint8_t* vector,
                         float* buffer);

// Restricts the instruction sets in use, setting `common.simdType`: "auto", "avx512", "avx2",
// "avx", "sse4_2", "scalar". False for an unknown name. Takes effect for lookups after it; call at
// start.
bool LimitSimd(std::string_view simd_type);

// The instruction set in use, as Highway names it ("AVX3_DL"), for logs and build info.
std::string_view SimdTargetName();

}  // namespace elanus::kernels
