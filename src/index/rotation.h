// A random rotation that costs O(dim log dim): rounds of a random permutation, random signs and
// Walsh-Hadamard transforms of the first and of the last components, as many each as the largest
// power of two in dim.
// N. Ailon & B. Chazelle, "The fast Johnson-Lindenstrauss transform", SIAM J. Comput. 2009.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace elanus::index {

// Threads: any. The same dim and seed make the same rotation on every machine.
class Rotation {
 public:
  Rotation(size_t dim, uint64_t seed);

  size_t dim() const { return dim_; }
  // out: dim floats, not `in`. Lengths and inner products stay.
  void Apply(const float* in, float* out) const;
  size_t memory_bytes() const { return moves_.capacity() * sizeof(uint32_t); }

 private:
  const size_t dim_;
  // Round after round: from where each component comes, times 2; odd: with the other sign.
  std::vector<uint32_t> moves_;
};

}  // namespace elanus::index
