// Stores of codes: compressed forms of vectors, and distances of a query to them.
//
// A code stands for r = x - c, a row x seen from a centre c (the centroid of its list, or the mean
// of all rows); what it decodes to is r~. Every kind of code approximates inner products q r~ only,
// and the metric comes in by one number a code, its term:
//
//   L2           |q - x|^2  ~  |q - c|^2  +         term  -  2 q r~     term = |r|^2 + 2 c r~
//   IP, COSINE   -q x       ~  -q c       +  tilt * term  -    q r~     term = c r~ - c r
//
// so that what is worked out for a query is worked out once, for all centres (the L2 term holds the
// true |r|^2: the estimate has no bias from the length that codes lose). tilt = q c / |c|^2
// corrects the part of the error that points along c, which is known: what is left is (q - tilt
// c)(r - r~). For COSINE rows and queries are at unit length.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include "index/index_file.h"
#include "index/vector_index.h"

namespace elanus::index {

// Numbers are in files; never reused.
enum class CodeKind : uint32_t {
  kScalar = 1,   // `bits` (4, 6, 8) a component, each with a range of its own.
  kUniform = 2,  // The same with one range for all components.
  kHalf = 3,     // Components as float16 (`bits` 16) or bfloat16 (17).
  kProduct = 4,  // `parts` parts of the vector, each coded by `levels` tables of 2^bits entries.
  kLocal = 6,    // `bits` (4, 8) a component, with a range of each code's own.
  kSign = 5,  // Signs after a random rotation, and `bits` - 1 (0 to 8) more a component; in blocks.
};

// What a store is made of; lies in files as it is.
struct CodeSpec {
  CodeKind kind = CodeKind::kScalar;
  uint32_t bits = 8;
  uint32_t parts = 0;  // kProduct: they divide dim. kLocal: dimensions to reduce to, 0 for none.
  // kProduct: more than one is a residual quantiser in each part. kSign: 2 of more than one bit
  // with what the signs alone tell (ScanWithin).
  uint32_t levels = 1;
  // 1: laid out for scanning runs. 0: for reaching single codes, one after the other of the same
  // size each (RunBytes(1)).
  uint32_t in_blocks = 0;
  uint32_t axes = 0;  // kProduct: not 0: vectors are turned to so many axes first (turned_codes.h).

  friend bool operator==(const CodeSpec&, const CodeSpec&) = default;
};
static_assert(sizeof(CodeSpec) == 24);

// Runs are scanned from multiples of this.
inline constexpr size_t kCodeBlock = 64;

// What the centre of a run means for a query.
struct CodeShift {
  float base = 0;
  float tilt = 1;
};
// |q - c|^2 or -q c, and the tilt; `centre_norm` = |c|^2.
CodeShift ShiftTo(kernels::Metric metric, float base, float centre_norm);

// A query made ready for the codes of one store. One thread's.
class CodeQuery {
 public:
  virtual ~CodeQuery() = default;
  // out[i] = distance to code begin + i of a run of `run_rows`, never NaN. `begin` is a multiple of
  // kCodeBlock.
  virtual void Scan(const uint8_t* run, size_t run_rows, size_t begin, size_t count,
                    const CodeShift& shift, float* out) = 0;
  // As Scan, but a code that is most likely farther than `bound` (by its first bits) is given the
  // distance +infinity instead of being looked at further.
  virtual void ScanWithin(const uint8_t* run, size_t run_rows, size_t begin, size_t count,
                          const CodeShift& shift, float /*bound*/, float* out) {
    Scan(run, run_rows, begin, count, shift, out);
  }
  // out[i] = distance to code ids[i] of a run laid out for that (CodeSpec::in_blocks = 0).
  virtual void Gather(const uint8_t* run, const uint32_t* ids, size_t count, const CodeShift& shift,
                      float* out) = 0;
};

// A trained coder. Immutable; any threads.
class CodeStore {
 public:
  virtual ~CodeStore() = default;
  // Bytes of a run of codes.
  virtual size_t RunBytes(size_t rows) const = 0;
  // Writes codes begin ... begin + count - 1 of a run that was zeros. residuals: (count, dim); all
  // have the same centre. `begin` and, but for the run's end, `count` are multiples of kCodeBlock.
  virtual void Encode(const float* residuals, const float* centre, size_t count, size_t begin,
                      size_t run_rows, uint8_t* run) const = 0;
  // query: float32, at unit length for COSINE; borrowed.
  virtual std::unique_ptr<CodeQuery> Query(const float* query) const = 0;
  // What OpenCodes needs beside the spec.
  virtual std::vector<uint8_t> Parameters() const = 0;
  virtual int64_t memory_bytes() const = 0;
};

struct CodeTraining {
  size_t dim = 0;
  kernels::Metric metric = kernels::Metric::kL2;
  const std::vector<float>* residuals = nullptr;  // (any number, dim).
  uint64_t seed = 0;
  Executor* executor = nullptr;
  const Cancellation* cancellation = nullptr;
};

// Residuals that training can make use of.
size_t TrainingRows(const CodeSpec& spec);

// The same residuals and seed give the same store. Fewer residuals than table entries: as many
// entries as residuals.
absl::StatusOr<std::unique_ptr<CodeStore>> TrainCodes(const CodeSpec& spec,
                                                      const CodeTraining& training);

// `parameters` as written by Parameters(); copied where it is kept. kDataIntegrity if they do not
// fit the spec; a hostile store encodes and compares safely.
absl::StatusOr<std::unique_ptr<CodeStore>> OpenCodes(const CodeSpec& spec, size_t dim,
                                                     kernels::Metric metric, Bytes parameters);

// For stores: the estimate from its parts; `weight` is 2 for L2, else 1.
inline float CodeDistance(const CodeShift& shift, float term, float weight, float dot) {
  const float distance = shift.base + shift.tilt * term - weight * dot;
  return distance == distance ? distance : std::numeric_limits<float>::infinity();
}
inline float DotWeight(kernels::Metric metric) {
  return metric == kernels::Metric::kL2 ? 2.0f : 1.0f;
}
// The term of a code: its sums |r|^2, c r and c r~.
inline float CodeTerm(kernels::Metric metric, double squared, double centre_dot,
                      double centre_dot_decoded) {
  return static_cast<float>(metric == kernels::Metric::kL2 ? squared + 2 * centre_dot_decoded
                                                           : centre_dot_decoded - centre_dot);
}

}  // namespace elanus::index
