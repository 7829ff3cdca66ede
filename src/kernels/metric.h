#pragma once

#include <optional>
#include <string_view>

namespace elanus::kernels {

// How near two vectors are. Inside the server every metric is a distance, smaller is nearer: inner
// product, cosine and the likeness of MinHash signatures are negated. `ToScore` gives the value a
// client sees.
enum class Metric {
  kL2,
  kIp,
  kCosine,
  kHamming,
  kJaccard,
  kSubstructure,
  kSuperstructure,
  kMinHash,
};

std::optional<Metric> MetricFromName(std::string_view name);  // Any case.
std::string_view MetricName(Metric metric);  // "L2", "IP", "COSINE", "MHJACCARD", ...
bool LargerIsBetter(Metric metric);          // Of the client's score.

inline float ToScore(Metric metric, float distance) {
  return LargerIsBetter(metric) ? -distance : distance;
}

}  // namespace elanus::kernels
