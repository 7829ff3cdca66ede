#include "index/kmeans.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <random>

#include "common/check.h"
#include "kernels/centroid_panels.h"
#include "kernels/distance.h"

namespace elanus::index {
namespace {

using kernels::ElementType;
using kernels::Metric;
using kernels::QueryVector;

constexpr size_t kChunkRows = 96;                 // Compared with the centroids at a time.
constexpr size_t kTileBytes = size_t{256} << 10;  // Centroids that stay in the cache meanwhile.

kernels::DistanceFunctions ClusterFunctions(schema::DataType type, Metric metric) {
  if (type == schema::DataType::kBinaryVector) {
    return kernels::DistanceFunctionsFor(ElementType::kBinary, metric);
  }
  return kernels::DistanceFunctionsFor(ElementType::kFloat32, Metric::kL2);
}

size_t ClusterWidth(const VectorRows& rows) {
  if (rows.type == schema::DataType::kBinaryVector) return static_cast<size_t>(rows.width());
  return static_cast<size_t>(rows.dim) * sizeof(float);
}

absl::Status Check(const KMeansOptions& options) {
  return options.cancellation != nullptr ? options.cancellation->Check() : absl::OkStatus();
}

// Means of floats, majorities of bits.
class Means {
 public:
  Means(size_t num_clusters, size_t dim, bool binary)
      : dim_(dim), binary_(binary), counts_(num_clusters), sums_(num_clusters * dim) {}

  void Add(uint32_t cluster, const uint8_t* row) {
    ++counts_[cluster];
    float* sum = &sums_[cluster * dim_];
    if (binary_) {
      for (size_t d = 0; d < dim_; ++d) sum[d] += static_cast<float>(row[d / 8] >> (d % 8) & 1);
    } else {
      for (size_t d = 0; d < dim_; ++d) {
        float value;
        std::memcpy(&value, row + d * sizeof(value), sizeof(value));
        sum[d] += value;
      }
    }
  }

  // False if the cluster has no rows; then `centroid` stays.
  bool Get(size_t cluster, uint8_t* centroid, size_t width) const {
    if (counts_[cluster] == 0) return false;
    const float* sum = &sums_[cluster * dim_];
    const auto count = static_cast<float>(counts_[cluster]);
    if (binary_) {
      std::memset(centroid, 0, width);
      for (size_t d = 0; d < dim_; ++d) {
        if (2 * sum[d] > count) centroid[d / 8] |= static_cast<uint8_t>(1 << (d % 8));
      }
    } else {
      auto* values = reinterpret_cast<float*>(centroid);
      for (size_t d = 0; d < dim_; ++d) values[d] = sum[d] / count;
    }
    return true;
  }

 private:
  const size_t dim_;
  const bool binary_;
  std::vector<uint32_t> counts_;
  std::vector<float> sums_;
};

}  // namespace

ClusterRows::ClusterRows(const VectorRows& rows, Metric metric)
    : rows_(rows),
      floats_(rows, metric),
      unit_length_(metric == Metric::kCosine),
      functions_(ClusterFunctions(rows.type, metric)),
      width_(ClusterWidth(rows)) {
  ELANUS_CHECK(functions_.valid());
}

const uint8_t* ClusterRows::Get(int64_t row, uint8_t* buffer) const {
  const uint8_t* stored = rows_.Row(row);
  const bool is_float32 = rows_.type == schema::DataType::kFloatVector;
  if (binary() || (is_float32 && !unit_length_)) return stored;
  floats_.Convert(stored, reinterpret_cast<float*>(buffer));
  return buffer;
}

namespace {

// nearest[i] for the `count` rows that `queries` refers to; binary vectors have kernels of their
// own.
void NearestByTiles(const ClusterRows& rows, const std::vector<QueryVector>& queries,
                    const std::vector<uint8_t>& centroids, size_t dim, uint32_t* nearest) {
  const size_t num_clusters = centroids.size() / rows.width(), count = queries.size();
  const size_t tile = std::clamp<size_t>(kTileBytes / rows.width(), 1, num_clusters);
  std::vector<float> distances(count * tile);
  std::vector<float> best(count, std::numeric_limits<float>::infinity());
  std::fill_n(nearest, count, 0);
  for (size_t begin = 0; begin < num_clusters; begin += tile) {
    const size_t in_tile = std::min(tile, num_clusters - begin);
    rows.functions().tile(queries.data(), count, centroids.data() + begin * rows.width(), in_tile,
                          dim, distances.data(), tile);
    for (size_t i = 0; i < count; ++i) {
      const float* row = &distances[i * tile];
      for (size_t c = 0; c < in_tile; ++c) {
        if (row[c] >= best[i]) continue;
        best[i] = row[c];
        nearest[i] = static_cast<uint32_t>(begin + c);
      }
    }
  }
}

}  // namespace

absl::StatusOr<std::vector<uint32_t>> AssignToCentroids(const ClusterRows& rows,
                                                        const std::vector<uint32_t>& members,
                                                        const std::vector<uint8_t>& centroids,
                                                        const KMeansOptions& options, size_t dim) {
  const size_t width = rows.width();
  kernels::CentroidPanels panels;
  if (!rows.binary()) {
    const auto* first = reinterpret_cast<const float*>(centroids.data());
    std::vector<float> floats(first, first + centroids.size() / sizeof(float));
    for (size_t at = 0; options.by_direction && at < floats.size(); at += dim) {
      ToUnitLength(&floats[at], dim);
    }
    panels = kernels::CentroidPanels(floats.data(), centroids.size() / width, dim);
  }
  std::vector<uint32_t> nearest(members.size());
  const auto assign = [&](size_t chunk) {
    if (!Check(options).ok()) return;
    const size_t first = chunk * kChunkRows;
    const size_t count = std::min(kChunkRows, members.size() - first);
    if (rows.binary()) {
      std::vector<QueryVector> queries(count);
      for (size_t i = 0; i < count; ++i) queries[i].vector = rows.Get(members[first + i], nullptr);
      NearestByTiles(rows, queries, centroids, dim, &nearest[first]);
      return;
    }
    std::vector<float> buffer(count * dim);
    for (size_t i = 0; i < count; ++i) {
      auto* to = reinterpret_cast<uint8_t*>(&buffer[i * dim]);
      const uint8_t* row = rows.Get(members[first + i], to);
      if (row != to) std::memcpy(to, row, width);
    }
    panels.Nearest(buffer.data(), dim, count, &nearest[first]);
  };
  const size_t num_chunks = (members.size() + kChunkRows - 1) / kChunkRows;
  if (options.executor != nullptr) {
    options.executor->ParallelFor(num_chunks, assign);
  } else {
    for (size_t chunk = 0; chunk < num_chunks; ++chunk) assign(chunk);
  }
  ELANUS_RETURN_IF_ERROR(Check(options));
  return nearest;
}

absl::StatusOr<std::vector<uint8_t>> TrainCentroids(const ClusterRows& rows,
                                                    const std::vector<uint32_t>& members,
                                                    const KMeansOptions& options, size_t dim) {
  const size_t k = options.num_clusters, width = rows.width();
  ELANUS_CHECK(k <= members.size());
  std::mt19937_64 random(options.seed);
  std::vector<uint32_t> sample = members;
  const size_t sample_size = std::min(sample.size(), k * options.sample_per_cluster);
  for (size_t i = 0; i < sample_size; ++i) {  // The first part of a shuffle.
    std::swap(sample[i], sample[i + random() % (sample.size() - i)]);
  }
  sample.resize(sample_size);

  std::vector<float> aligned(width / sizeof(float) + 1);
  auto* buffer = reinterpret_cast<uint8_t*>(aligned.data());
  std::vector<uint8_t> centroids(k * width);
  for (size_t c = 0; c < k; ++c) {
    std::memcpy(&centroids[c * width], rows.Get(sample[c], buffer), width);
  }
  // In ascending order the sample is read from the column front to back.
  std::sort(sample.begin(), sample.end());
  for (int iteration = 0; iteration < options.iterations && k > 1; ++iteration) {
    ELANUS_ASSIGN_OR_RETURN(const std::vector<uint32_t> nearest,
                            AssignToCentroids(rows, sample, centroids, options, dim));
    Means means(k, dim, rows.binary());
    for (size_t i = 0; i < sample.size(); ++i) means.Add(nearest[i], rows.Get(sample[i], buffer));
    for (size_t c = 0; c < k; ++c) {
      if (means.Get(c, &centroids[c * width], width)) continue;
      // Nobody is nearest to it: it starts anew somewhere else.
      std::memcpy(&centroids[c * width], rows.Get(sample[random() % sample.size()], buffer), width);
    }
  }
  return centroids;
}

}  // namespace elanus::index
