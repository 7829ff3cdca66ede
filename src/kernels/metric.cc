#include "kernels/metric.h"

#include <array>
#include <cstddef>
#include <utility>

namespace elanus::kernels {
namespace {

constexpr std::array<std::pair<std::string_view, Metric>, 8> kNames = {{
    {"L2", Metric::kL2},
    {"IP", Metric::kIp},
    {"COSINE", Metric::kCosine},
    {"HAMMING", Metric::kHamming},
    {"JACCARD", Metric::kJaccard},
    {"SUBSTRUCTURE", Metric::kSubstructure},
    {"SUPERSTRUCTURE", Metric::kSuperstructure},
    {"MHJACCARD", Metric::kMinHash},
}};

bool EqualsUpper(std::string_view text, std::string_view upper) {
  if (text.size() != upper.size()) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i] >= 'a' && text[i] <= 'z' ? static_cast<char>(text[i] - 32) : text[i];
    if (c != upper[i]) return false;
  }
  return true;
}

}  // namespace

std::optional<Metric> MetricFromName(std::string_view name) {
  for (const auto& [text, metric] : kNames) {
    if (EqualsUpper(name, text)) return metric;
  }
  return std::nullopt;
}

std::string_view MetricName(Metric metric) {
  for (const auto& [text, known] : kNames) {
    if (known == metric) return text;
  }
  return "";
}

bool LargerIsBetter(Metric metric) {
  switch (metric) {
    case Metric::kIp:
    case Metric::kCosine:
    case Metric::kMinHash:
      return true;
    case Metric::kL2:
    case Metric::kHamming:
    case Metric::kJaccard:
    case Metric::kSubstructure:
    case Metric::kSuperstructure:
      return false;
  }
  return false;
}

}  // namespace elanus::kernels
