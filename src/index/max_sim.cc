#include "index/max_sim.h"

#include <algorithm>
#include <limits>

namespace elanus::index {
namespace {
constexpr std::string_view kPrefix = "MAX_SIM";
// Vectors of a tile: with their distances to a query list of 32 they stay in the second-level
// cache.
constexpr int64_t kTileRows = 256;
}  // namespace

bool IsMaxSim(std::string_view metric) {
  return metric.starts_with(kPrefix);
}

std::optional<kernels::Metric> ElementMetric(std::string_view metric) {
  if (!IsMaxSim(metric)) return kernels::MetricFromName(metric);
  metric.remove_prefix(kPrefix.size());
  if (metric.empty()) return kernels::Metric::kCosine;
  if (!metric.starts_with('_')) return std::nullopt;
  return kernels::MetricFromName(metric.substr(1));
}

MaxSim::MaxSim(schema::DataType type, int64_t dim, kernels::Metric metric, const uint8_t* list,
               int64_t num_vectors)
    : dim_(dim),
      functions_(kernels::DistanceFunctionsFor(ElementTypeOf(type), metric)),
      queries_(functions_, static_cast<size_t>(dim), list, static_cast<size_t>(num_vectors)),
      tile_(static_cast<size_t>(num_vectors * kTileRows)),
      nearest_(static_cast<size_t>(num_vectors)) {}

void MaxSim::Distances(const ElementRows& rows, int64_t begin, int64_t end, float* out) {
  const auto num_queries = static_cast<int64_t>(queries_.size());
  const uint8_t* data = rows.vectors().data;
  const int64_t width = rows.vectors().width();
  std::fill(nearest_.begin(), nearest_.end(), std::numeric_limits<float>::infinity());
  int64_t row = begin;
  const auto finish_row = [&] {
    double sum = 0;
    for (float& distance : nearest_) {
      sum += distance;
      distance = std::numeric_limits<float>::infinity();
    }
    out[row - begin] = static_cast<float>(sum);
    ++row;
  };
  const int64_t last = end > begin ? rows.End(end - 1) : 0;
  for (int64_t first = rows.Begin(begin); first < last; first += kTileRows) {
    const int64_t count = std::min(kTileRows, last - first);
    functions_.tile(queries_.data(), queries_.size(), data + first * width,
                    static_cast<size_t>(count), static_cast<size_t>(dim_), tile_.data(),
                    static_cast<size_t>(count));
    num_distances_ += num_queries * count;
    // Rows may begin and end anywhere in a tile.
    for (int64_t at = first; at < first + count;) {
      const int64_t stop = std::min(rows.End(row), first + count);
      for (int64_t q = 0; q < num_queries; ++q) {
        const float* distances = tile_.data() + q * count;
        for (int64_t e = at; e < stop; ++e) {
          nearest_[q] = std::min(nearest_[q], distances[e - first]);
        }
      }
      at = stop;
      if (at == rows.End(row)) finish_row();
    }
  }
  while (row < end) finish_row();  // Empty ones behind the last element.
}

}  // namespace elanus::index
