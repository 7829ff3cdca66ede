// How near a list of vectors is to another: MaxSim, also called late interaction.
// Khattab & Zaharia, ColBERT, SIGIR 2020, section 3.3.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "index/element_rows.h"
#include "kernels/distance.h"
#include "kernels/metric.h"

namespace elanus::index {

// "MAX_SIM", "MAX_SIM_IP", ... in upper case: metrics of lists.
bool IsMaxSim(std::string_view metric);

// What single vectors are compared by under a metric of the API: that of MAX_SIM_IP is IP, of
// MAX_SIM COSINE; of any other metric itself. Nothing for metrics that are no distances (BM25).
std::optional<kernels::Metric> ElementMetric(std::string_view metric);

// The distance of a row is the sum, over the vectors of the query list, of the distance of the
// row's nearest vector: with similarities, which are negated distances, the sum of the best ones.
// Threads: one; it has scratch memory.
class MaxSim {
 public:
  // list: (num_vectors, dim) of `type`, row-major, borrowed for the object's life.
  MaxSim(schema::DataType type, int64_t dim, kernels::Metric metric, const uint8_t* list,
         int64_t num_vectors);

  // out[i] = distance of row begin + i, for the rows [begin, end); +infinity for rows without
  // vectors. The sum is of doubles, so that it does not depend on the order of the vectors.
  void Distances(const ElementRows& rows, int64_t begin, int64_t end, float* out);

  int64_t num_distances() const { return num_distances_; }  // Of vectors, so far.

 private:
  const int64_t dim_;
  const kernels::DistanceFunctions functions_;
  const kernels::PreparedQueries queries_;
  std::vector<float> tile_;     // (num_vectors, vectors of a tile).
  std::vector<float> nearest_;  // By vector of the query list.
  int64_t num_distances_ = 0;
};

}  // namespace elanus::index
