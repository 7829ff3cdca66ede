// Lloyd's k-means (S. Lloyd, "Least squares quantization in PCM", 1982), for the lists of an
// inverted file.
//
// Floating vectors are clustered as float32, for COSINE at unit length, by L2 or by direction; not
// by inner product, since the longest centroid would draw all rows. Binary vectors are clustered by
// their own metric, with the majority of each bit as the centre.
#pragma once

#include <cstdint>
#include <vector>

#include "index/float_rows.h"
#include "index/vector_index.h"
#include "kernels/distance.h"

namespace elanus::index {

// Rows in the form in which they are clustered. Threads: any.
class ClusterRows {
 public:
  ClusterRows(const VectorRows& rows, kernels::Metric metric);

  // The kernels that compare rows with centroids, both in this form.
  const kernels::DistanceFunctions& functions() const { return functions_; }
  bool binary() const { return rows_.type == schema::DataType::kBinaryVector; }
  // Bytes of a row, and of a centroid.
  size_t width() const { return width_; }
  // The row, in `buffer` (width() bytes, aligned to 4) where it has to be converted.
  const uint8_t* Get(int64_t row, uint8_t* buffer) const;

 private:
  const VectorRows rows_;
  const FloatRows floats_;
  const bool unit_length_;
  const kernels::DistanceFunctions functions_;
  const size_t width_;
};

struct KMeansOptions {
  size_t num_clusters = 0;
  int iterations = 10;
  // Rows go to the centroid whose direction is theirs, whatever its length (I. Dhillon & D. Modha,
  // "Concept decompositions for large sparse text data", Machine Learning 2001). Floats only.
  bool by_direction = false;
  size_t sample_per_cluster = 256;  // Rows looked at in training, at most.
  uint64_t seed = 0;
  Executor* executor = nullptr;  // Null: the calling thread alone.
  const Cancellation* cancellation = nullptr;
};

// Centroids, (num_clusters, width()), of the rows listed in `members`; there must be at least as
// many as clusters. The same seed gives the same centroids, with any number of threads.
absl::StatusOr<std::vector<uint8_t>> TrainCentroids(const ClusterRows& rows,
                                                    const std::vector<uint32_t>& members,
                                                    const KMeansOptions& options, size_t dim);

// The nearest centroid of each member; equal distances go to the lower number.
absl::StatusOr<std::vector<uint32_t>> AssignToCentroids(const ClusterRows& rows,
                                                        const std::vector<uint32_t>& members,
                                                        const std::vector<uint8_t>& centroids,
                                                        const KMeansOptions& options, size_t dim);

}  // namespace elanus::index
