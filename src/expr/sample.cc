#include "expr/sample.h"

#include <algorithm>
#include <bit>
#include <random>

#include "expr/plan.h"

namespace elanus::expr {

void KeepSample(const Plan& plan, uint64_t seed, kernels::Bitset& rows) {
  if (!plan.sample.has_value()) return;
  int64_t left = rows.Count();
  auto wanted = std::min(
      left, std::max<int64_t>(1, static_cast<int64_t>(static_cast<double>(left) * *plan.sample)));
  std::mt19937_64 random(seed);
  for (int64_t w = 0; w < rows.num_words(); ++w) {
    for (uint64_t word = rows.words()[w]; word != 0; word &= word - 1, --left) {
      // Keeps this one with probability wanted / left.
      if (std::uniform_int_distribution<int64_t>(1, left)(random) <= wanted) {
        --wanted;
      } else {
        rows.Reset(w * 64 + std::countr_zero(word));
      }
    }
  }
}

}  // namespace elanus::expr
