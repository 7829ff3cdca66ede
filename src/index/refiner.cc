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
constexpr double kDefaultCandidatesMin = 32;

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
  double wanted = std::max(static_cast<double>(k) * kDefaultRefineK, kDefaultCandidatesMin);
  if (const auto it = params.find("refine_k"); it != params.end()) {
    double factor = 1;
    std::from_chars(it->second.data(), it->second.data() + it->second.size(), factor);
    wanted = std::ceil(static_cast<double>(k) * factor);
  }
  return std::max(k, static_cast<int64_t>(std::min(wanted, 1e9)));
}

RowDistances::RowDistances(const VectorRows& rows, const kernels::DistanceFunctions& functions,
                           kernels::Metric metric, const RowCodes* codes, const uint8_t* query)
    : rows_(rows), functions_(functions), floats_(static_cast<size_t>(rows.dim)) {
  if (codes == nullptr) {
    query_ = kernels::PrepareQuery(functions, static_cast<size_t>(rows.dim), query, floats_.data());
  } else {
    FloatRows(rows, metric).Convert(query, floats_.data());
    codes_.emplace(codes->Query(floats_.data()));
  }
}

void RowDistances::operator()(const uint32_t* ids, size_t count, float* out) {
  if (codes_.has_value()) {
    codes_->Gather(ids, count, out);
  } else {
    functions_.gather(query_, rows_.data, ids, count, static_cast<size_t>(rows_.dim), out);
  }
}

absl::Status RankAnew(RowDistances& distances, std::vector<Neighbor>& candidates, RowPins* pins) {
  std::vector<uint32_t> ids(candidates.size());
  std::vector<float> better(candidates.size());
  // In ascending order rows are read front to back.
  std::sort(candidates.begin(), candidates.end(),
            [](const Neighbor& a, const Neighbor& b) { return a.row < b.row; });
  for (size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<uint32_t>(candidates[i].row);
  if (pins != nullptr) ELANUS_RETURN_IF_ERROR(pins->Pin(ids));
  distances(ids.data(), ids.size(), better.data());
  for (size_t i = 0; i < ids.size(); ++i) candidates[i].distance = better[i];
  std::sort(candidates.begin(), candidates.end(), kernels::Nearer);
  return absl::OkStatus();
}

}  // namespace elanus::index
