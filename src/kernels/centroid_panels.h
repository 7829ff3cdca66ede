// Centroids laid out for comparing many rows with many of them: k-means, and the tables of product
// quantisers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace elanus::kernels {

// A copy of centroids, by columns in panels of 64 (the last one padded), so that the lanes of a
// register are centroids and no sum over lanes is needed. Pure: any threads.
class CentroidPanels {
 public:
  static constexpr size_t kWidth = 64;

  CentroidPanels() = default;
  // centroids: (count, dim), row-major; copied.
  CentroidPanels(const float* centroids, size_t count, size_t dim);

  size_t size() const { return count_; }
  size_t dim() const { return dim_; }
  size_t memory_bytes() const {
    return (panels_.capacity() + half_norms_.capacity()) * sizeof(float);
  }

  // nearest[i] = centroid nearest to row i by L2, of equals the one with the lowest number.
  // rows: (num_rows, dim), the next one `stride` floats on. Worked out as |c|^2 / 2 - x c, so that
  // rounding errors are relative to the vectors' lengths, not to their distance.
  void Nearest(const float* rows, size_t stride, size_t num_rows, uint32_t* nearest) const;

  // out[c] = inner product of `row` with centroid c.
  void Dots(const float* row, float* out) const;

 private:
  size_t count_ = 0, dim_ = 0;
  std::vector<float> panels_;      // Value d of centroid 64 p + i: at (p * dim + d) * 64 + i.
  std::vector<float> half_norms_;  // |c|^2 / 2; +infinity in the padding.
};

}  // namespace elanus::kernels
