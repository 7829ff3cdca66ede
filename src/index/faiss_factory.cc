#include "index/faiss_factory.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "index/index_kinds.h"
#include "index/index_params.h"
#include "index/renamed_index.h"
#include "index/turned_codes.h"

namespace elanus::index {
namespace {

constexpr std::string_view kSupported =
    "[IDMap,] [OPQ<parts>[_<dims>],|PCA[R]<dims>, where PQ follows,] then Flat, SQ4, SQ6, SQ8, "
    "PQ<m>[x<bits>][fs] or RaBitQ, alone or behind IVF<lists>, "
    "or "
    "HNSW<M>[,Flat|SQ4|SQ6|SQ8|SQfp16|SQbf16|PQ<m>[x<bits>]], then [,RFlat] or "
    "[,Refine(Flat|SQ6|SQ8|SQfp16|SQbf16)]; for binary vectors BFlat, BIVF<lists>, BHNSW<M>";

absl::Status Unsupported(std::string_view text, std::string_view part) {
  return InvalidIndexParams(fmt::format(
      "faiss_index_name '{}': part '{}' is not supported, supported: {}", text, part, kSupported));
}

// What is behind `prefix`; nothing if the part begins otherwise.
std::optional<std::string_view> Behind(std::string_view part, std::string_view prefix) {
  if (!part.starts_with(prefix)) return std::nullopt;
  return part.substr(prefix.size());
}

// A positive number and nothing else.
std::optional<int64_t> Number(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 1) return std::nullopt;
  return value;
}

// Takes the part in front of the next comma, with the comma.
std::string_view TakePart(std::string_view& rest) {
  const size_t comma = rest.find(',');
  const std::string_view part = rest.substr(0, comma);
  rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
  return part;
}

// The codes of a part, as parameters of IVF_SQ8 or HNSW_SQ, IVF_PQ or HNSW_PQ...
struct Codes {
  std::string_view suffix;  // Of the type: "FLAT", "SQ", "PQ", "RABITQ".
  Params params;
};

std::optional<Codes> ProductCodesOf(std::string_view text) {
  if (text.ends_with("fs")) text.remove_suffix(2);
  const size_t cross = text.find('x');
  const auto m = Number(text.substr(0, cross));
  const auto bits =
      cross == std::string_view::npos ? std::optional<int64_t>(8) : Number(text.substr(cross + 1));
  if (!m.has_value() || !bits.has_value()) return std::nullopt;
  return Codes{"PQ", {{"m", std::to_string(*m)}, {"nbits", std::to_string(*bits)}}};
}

std::optional<Codes> CodesOf(std::string_view part) {
  if (part == "Flat") return Codes{"FLAT", {}};
  if (part == "RaBitQ" || part == "RaBitQfs") return Codes{"RABITQ", {}};
  if (const auto bits = Behind(part, "SQ")) {
    if (*bits == "4" || *bits == "6" || *bits == "8") {
      return Codes{"SQ", {{"sq_type", fmt::format("sq{}", *bits)}}};
    }
    if (*bits == "fp16" || *bits == "bf16") {
      return Codes{"SQ", {{"sq_type", std::string(*bits)}}};
    }
  }
  if (const auto shape = Behind(part, "PQ")) return ProductCodesOf(*shape);
  return std::nullopt;
}

// "RFlat" or "Refine(...)" -> refine_type.
std::optional<std::string> RefineTypeOf(std::string_view part) {
  if (part == "RFlat") return "flat";
  auto inside = Behind(part, "Refine(");
  if (!inside.has_value() || !inside->ends_with(')')) return std::nullopt;
  inside->remove_suffix(1);
  if (*inside == "Flat") return "flat";
  for (const std::string_view type : {"SQ6", "SQ8", "SQfp16", "SQbf16"}) {
    if (*inside != type) continue;
    const std::string_view digits = type.substr(2);
    return std::string(digits.size() == 1 ? "sq" : "") + std::string(digits);
  }
  return std::nullopt;
}

// The parts behind the structure.
absl::Status AddRefinement(std::string_view text, std::string_view rest, bool exact,
                           FactoryPlan& plan) {
  if (rest.empty()) return absl::OkStatus();
  const std::string_view part = TakePart(rest);
  const auto type = RefineTypeOf(part);
  if (!type.has_value() || exact) return Unsupported(text, part);
  if (!rest.empty()) return Unsupported(text, rest);
  plan.params["refine"] = "true";
  plan.params["refine_type"] = *type;
  return absl::OkStatus();
}

absl::StatusOr<FactoryPlan> ParseBinary(std::string_view text) {
  if (text == "BFlat") return FactoryPlan{"BIN_IVF_FLAT", {{"nlist", "1"}}};
  if (const auto lists = Behind(text, "BIVF"); lists && Number(*lists)) {
    return FactoryPlan{"BIN_IVF_FLAT", {{"nlist", std::string(*lists)}}};
  }
  if (const auto m = Behind(text, "BHNSW"); m && (m->empty() || Number(*m))) {
    return FactoryPlan{"HNSW", {{"M", m->empty() ? "32" : std::string(*m)}}};
  }
  return Unsupported(text, text);
}

absl::StatusOr<FactoryPlan> ParseGraph(std::string_view text, std::string_view part,
                                       std::string_view rest) {
  const std::string_view m = *Behind(part, "HNSW");
  if (!m.empty() && !Number(m)) return Unsupported(text, part);
  FactoryPlan plan{"HNSW", {{"M", m.empty() ? "32" : std::string(m)}}};
  std::string_view behind = rest;
  const std::string_view next = TakePart(behind);
  const auto codes = CodesOf(next);
  if (!codes.has_value())
    return rest.empty() ? plan : absl::StatusOr<FactoryPlan>(Unsupported(text, next));
  if (codes->suffix == "RABITQ") return Unsupported(text, next);
  if (codes->suffix == "SQ") plan.type = "HNSW_SQ";
  if (codes->suffix == "PQ") plan.type = "HNSW_PQ";
  plan.params.insert(codes->params.begin(), codes->params.end());
  ELANUS_RETURN_IF_ERROR(AddRefinement(text, behind, plan.type == "HNSW", plan));
  return plan;
}

absl::StatusOr<FactoryPlan> ParseLists(std::string_view text, std::string_view part,
                                       std::string_view rest) {
  FactoryPlan plan{"", {{"nlist", "1"}}};
  if (const auto lists = Behind(part, "IVF")) {
    if (!Number(*lists)) return Unsupported(text, part);
    plan.params["nlist"] = std::string(*lists);
    part = rest.empty() ? "Flat" : TakePart(rest);
  }
  const auto codes = CodesOf(part);
  const auto type = codes.has_value() ? codes->params.find("sq_type") : Params::const_iterator();
  const bool half =
      codes.has_value() && type != codes->params.end() && type->second.ends_with("16");
  if (!codes.has_value() || half) return Unsupported(text, part);
  if (codes->suffix == "FLAT") plan.type = "IVF_FLAT";
  if (codes->suffix == "SQ") plan.type = "IVF_SQ8";
  if (codes->suffix == "PQ") plan.type = "IVF_PQ";
  if (codes->suffix == "RABITQ") plan.type = "IVF_RABITQ";
  plan.params.insert(codes->params.begin(), codes->params.end());
  ELANUS_RETURN_IF_ERROR(AddRefinement(text, rest, plan.type == "IVF_FLAT", plan));
  return plan;
}

// The axes that vectors are turned to before they are coded: "OPQ16", "OPQ16_64", "PCA64",
// "PCAR64".
std::optional<std::string> AxesOfPart(std::string_view part) {
  if (auto shape = Behind(part, "OPQ")) {
    const size_t bar = shape->find('_');
    if (!Number(shape->substr(0, bar))) return std::nullopt;
    if (bar == std::string_view::npos) return "all";
    shape->remove_prefix(bar + 1);
    return Number(*shape) ? std::optional(std::string(*shape)) : std::nullopt;
  }
  for (const std::string_view name : {"PCAR", "PCA"}) {
    const auto dims = Behind(part, name);
    if (dims.has_value() && Number(*dims)) return std::string(*dims);
  }
  return std::nullopt;
}

bool IsBinary(const schema::FieldSchema& field) {
  const bool lists = field.type == schema::DataType::kArrayOfVector;
  return (lists ? field.element_type : field.type) == schema::DataType::kBinaryVector;
}

absl::StatusOr<FactoryPlan> PlanOf(const Params& params, bool binary) {
  const auto name = params.find("faiss_index_name");
  return ParseFactory(name == params.end() ? "" : std::string_view(name->second), binary);
}

Params AsOurs(const SearchRequest& request) {
  Params params = request.params != nullptr ? *request.params : Params();
  for (const auto& [theirs, ours] : {std::pair{"efSearch", "ef"}, {"k_factor", "refine_k"}}) {
    const auto it = params.find(theirs);
    if (it != params.end()) params.emplace(ours, it->second);
  }
  return params;
}

}  // namespace

absl::StatusOr<FactoryPlan> ParseFactory(std::string_view text, bool binary) {
  if (binary) return ParseBinary(text);
  std::string_view rest = text;
  std::string_view part = TakePart(rest);
  // Rows have their numbers anyway.
  if (part == "IDMap" || part == "IDMap2") part = TakePart(rest);
  const std::string_view first = part;
  const auto axes = AxesOfPart(part);
  if (axes.has_value()) part = TakePart(rest);
  absl::StatusOr<FactoryPlan> plan =
      part.starts_with("HNSW") ? ParseGraph(text, part, rest) : ParseLists(text, part, rest);
  if (!plan.ok() || !axes.has_value()) return plan;
  if (!plan->type.ends_with("PQ")) return Unsupported(text, first);
  plan->params[kAxesParam] = *axes;
  return plan;
}

absl::Status CheckFactory(const schema::FieldSchema& field, const Params& params) {
  ELANUS_ASSIGN_OR_RETURN(FactoryPlan plan, PlanOf(params, IsBinary(field)));
  schema::FieldSchema coded = field;
  if (const auto axes = plan.params.find(kAxesParam); axes != plan.params.end()) {
    const int64_t dims = axes->second == "all" ? field.dim() : IntParam(plan.params, kAxesParam, 0);
    if (dims > field.dim() || field.dim() > static_cast<int64_t>(kTurnedDimMax)) {
      return InvalidIndexParams(fmt::format(
          "faiss_index_name '{}': {} dimensions of {} are not supported, at most as many, and {}",
          params.at("faiss_index_name"), dims, field.dim(), kTurnedDimMax));
    }
    coded.type_params["dim"] = std::to_string(dims);
  }
  plan.params.erase("sq_type");  // The string has more of them than the type underneath.
  return FindIndexKind(plan.type)->check_build(coded, plan.params);
}

absl::StatusOr<std::string> BuildFaiss(const BuildOptions& options) {
  const bool binary = options.rows.type == schema::DataType::kBinaryVector;
  ELANUS_ASSIGN_OR_RETURN(const FactoryPlan plan, PlanOf(options.params, binary));
  BuildOptions build = options;
  build.params = plan.params;
  return FindIndexKind(plan.type)->build(build);
}

absl::StatusOr<std::unique_ptr<VectorIndex>> OpenFaiss(std::span<const uint8_t> file,
                                                       const VectorRows& rows,
                                                       kernels::Metric metric,
                                                       const Params& params) {
  ELANUS_ASSIGN_OR_RETURN(auto index, OpenAnyIndex(file, rows, metric, params));
  return Renamed(std::move(index), &AsOurs);
}

}  // namespace elanus::index
