#include "index/rotation.h"

#include <bit>
#include <cmath>
#include <numeric>
#include <random>
#include <utility>

namespace elanus::index {
namespace {

// Each component is mixed with at least half of the others in every round.
constexpr size_t kRounds = 3;

void Hadamard(float* values, size_t size) {
  for (size_t half = 1; half < size; half *= 2) {
    for (size_t begin = 0; begin < size; begin += 2 * half) {
      float* a = values + begin;
      float* b = a + half;
      for (size_t i = 0; i < half; ++i) {
        const float sum = a[i] + b[i], difference = a[i] - b[i];
        a[i] = sum;
        b[i] = difference;
      }
    }
  }
  const float scale = 1 / std::sqrt(static_cast<float>(size));
  for (size_t i = 0; i < size; ++i) values[i] *= scale;
}

}  // namespace

Rotation::Rotation(size_t dim, uint64_t seed) : dim_(dim), moves_(kRounds * dim) {
  std::mt19937_64 random(seed);
  for (size_t round = 0; round < kRounds; ++round) {
    uint32_t* moves = &moves_[round * dim];
    std::iota(moves, moves + dim, 0u);
    for (size_t i = dim; i > 1; --i) std::swap(moves[i - 1], moves[random() % i]);
    for (size_t i = 0; i < dim; ++i) moves[i] = 2 * moves[i] + static_cast<uint32_t>(random() & 1);
  }
}

void Rotation::Apply(const float* in, float* out) const {
  std::vector<float> from(in, in + dim_);
  const size_t size = std::bit_floor(dim_);
  for (size_t round = 0; round < kRounds; ++round) {
    const uint32_t* moves = &moves_[round * dim_];
    for (size_t i = 0; i < dim_; ++i) {
      const float value = from[moves[i] / 2];
      out[i] = (moves[i] & 1) != 0 ? -value : value;
    }
    Hadamard(out, size);
    if (size < dim_) Hadamard(out + dim_ - size, size);
    if (round + 1 < kRounds) from.assign(out, out + dim_);
  }
}

}  // namespace elanus::index
