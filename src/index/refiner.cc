#include "index/refiner.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>

#include "index/index_params.h"

namespace elanus::index {
namespace {

// Candidates for a hit where the client does not say: codes of few bits leave many rows in doubt.
constexpr double kDefaultRefineK = 4;

std::string LowerText(const Params& params, const char* key) {
  const auto it = params.find(key);
  std::string text = it == params.end() ? "" : it->second;
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return text;
}

}  // namespace

std::optional<CodeSpec> ScalarSpecOf(std::string_view type) {
  std::string lower(type);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  if (lower == "sq4") return CodeSpec{.kind = CodeKind::kScalar, .bits = 4};
  if (lower == "sq4u") return CodeSpec{.kind = CodeKind::kUniform, .bits = 4};
  if (lower == "sq6") return CodeSpec{.kind = CodeKind::kScalar, .bits = 6};
  if (lower == "sq8") return CodeSpec{.kind = CodeKind::kScalar, .bits = 8};
  if (lower == "fp16") return CodeSpec{.kind = CodeKind::kHalf, .bits = 16};
  if (lower == "bf16") return CodeSpec{.kind = CodeKind::kHalf, .bits = 17};
  return std::nullopt;
}

RefineChoice RefineChoiceOf(const Params& params, schema::DataType column_type) {
  if (LowerText(params, "refine") != "true") return {};
  const std::string type = LowerText(params, "refine_type");
  const auto codes = ScalarSpecOf(type);
  const bool of_column = (type == "fp16" && column_type == schema::DataType::kFloat16Vector) ||
                         (type == "bf16" && column_type == schema::DataType::kBFloat16Vector);
  if (!codes.has_value() || of_column) return {RefineBy::kColumn, {}};
  return {RefineBy::kCodes, *codes};
}

int64_t CandidatesFor(int64_t k, const Params& params) {
  const int64_t reorder = IntParam(params, "reorder_k", 0);
  if (reorder > 0) return std::max(k, reorder);
  double factor = kDefaultRefineK;
  if (const auto it = params.find("refine_k"); it != params.end()) {
    std::from_chars(it->second.data(), it->second.data() + it->second.size(), factor);
  }
  const double wanted = std::ceil(static_cast<double>(k) * factor);
  return std::max(k, static_cast<int64_t>(std::min(wanted, 1e9)));
}

void Refiner::Refine(const uint8_t* query, const float* floats, std::vector<Neighbor>& candidates,
                     SearchStatistics& statistics) const {
  std::vector<uint32_t> ids(candidates.size());
  std::vector<float> distances(candidates.size());
  // In ascending order rows are read front to back.
  std::sort(candidates.begin(), candidates.end(),
            [](const Neighbor& a, const Neighbor& b) { return a.row < b.row; });
  for (size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<uint32_t>(candidates[i].row);
  if (codes_ != nullptr) {
    codes_->Query(floats).Gather(ids.data(), ids.size(), distances.data());
  } else {
    const auto dim = static_cast<size_t>(rows_.dim);
    std::vector<float> buffer(dim);
    const auto prepared = kernels::PrepareQuery(functions_, dim, query, buffer.data());
    functions_.gather(prepared, rows_.data, ids.data(), ids.size(), dim, distances.data());
  }
  statistics.distances += static_cast<int64_t>(ids.size());
  for (size_t i = 0; i < ids.size(); ++i) candidates[i].distance = distances[i];
  std::sort(candidates.begin(), candidates.end(), kernels::Nearer);
}

}  // namespace elanus::index
