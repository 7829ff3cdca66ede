// Vectors for the tests and benches of this folder, from a seed.
#pragma once

#include <cmath>
#include <cstring>
#include <random>
#include <set>
#include <vector>

#include "common/check.h"
#include "index/brute_force.h"
#include "kernels/half.h"

namespace elanus::index {

struct TestVectors {
  schema::DataType type;
  int64_t dim;
  int64_t num_rows;
  std::vector<uint8_t> bytes;

  VectorRows rows() const { return {type, dim, num_rows, bytes.data()}; }
  const uint8_t* row(int64_t i) const { return rows().Row(i); }
};

// Rows around `num_clusters` centres; centres come from `seed` alone, so that two calls with
// different `draw` give rows and queries of one distribution.
inline TestVectors ClusteredVectors(schema::DataType type, int64_t dim, int64_t num_rows,
                                    int num_clusters, uint64_t seed, uint64_t draw = 0) {
  std::mt19937_64 centre_random(seed), random(seed * 1000003 + draw);
  std::normal_distribution<float> normal;
  std::vector<float> centres(static_cast<size_t>(num_clusters * dim));
  for (float& value : centres) value = normal(centre_random);
  TestVectors out{type, dim, num_rows, {}};
  out.bytes.resize(static_cast<size_t>(num_rows * schema::FixedWidth(type, dim)));
  std::vector<float> row(static_cast<size_t>(dim));
  for (int64_t i = 0; i < num_rows; ++i) {
    const size_t centre = random() % num_clusters;
    for (int64_t d = 0; d < dim; ++d) row[d] = centres[centre * dim + d] + 0.4f * normal(random);
    uint8_t* to = out.bytes.data() + i * schema::FixedWidth(type, dim);
    switch (ElementTypeOf(type)) {
      case kernels::ElementType::kFloat32:
        std::memcpy(to, row.data(), row.size() * 4);
        break;
      case kernels::ElementType::kFloat16:
      case kernels::ElementType::kBFloat16:
        ELANUS_CHECK(kernels::FloatToHalf(ElementTypeOf(type), row.data(), row.size(), to));
        break;
      case kernels::ElementType::kInt8:
        for (int64_t d = 0; d < dim; ++d) {
          to[d] = static_cast<uint8_t>(static_cast<int8_t>(std::clamp(row[d] * 30, -128.f, 127.f)));
        }
        break;
      case kernels::ElementType::kBinary:
        for (int64_t d = 0; d < dim; ++d) {
          if (row[d] > 0) to[d / 8] |= static_cast<uint8_t>(1 << (d % 8));
        }
        break;
    }
  }
  return out;
}

inline std::vector<Neighbor> ExactSearch(const VectorRows& rows, kernels::Metric metric,
                                         const uint8_t* query, int64_t k,
                                         kernels::BitView allowed = {}) {
  BruteForce search(rows.type, rows.dim, metric, query, 1, k);
  ELANUS_CHECK_OK(search.Add(rows, 0, allowed, nullptr));
  return search.Finish().front();
}

// The part of `expected` that `found` has; a row at the same distance as the last expected one
// counts.
inline double Recall(const std::vector<Neighbor>& found, const std::vector<Neighbor>& expected) {
  if (expected.empty()) return 1;
  size_t hits = 0;
  for (const Neighbor& hit : found) hits += hit.distance <= expected.back().distance;
  return static_cast<double>(std::min(hits, expected.size())) / expected.size();
}

}  // namespace elanus::index
