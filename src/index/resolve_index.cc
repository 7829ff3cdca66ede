// What CreateIndex makes of the client's parameters: checks in the order clients rely on.
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <set>

#include "index/index_kinds.h"
#include "index/list_encoder.h"
#include "index/max_sim.h"
#include "index/scalar_kinds.h"

namespace elanus::index {
namespace {

using namespace std::literals;
using schema::DataType;
using schema::FieldSchema;

constexpr std::string_view kAutoIndex = "AUTOINDEX";
constexpr size_t kParamsBytesMax = 102400;  // Of all keys and values together.

absl::Status UnknownType(std::string_view type) {
  return UserError(ErrorCode::kParameterInvalid,
                   "invalid parameter[expected=valid index][actual=invalid index type: {}]", type);
}

absl::StatusOr<Params> Flatten(
    const std::vector<std::pair<std::string, std::string>>& user_params) {
  std::set<std::string_view> seen;
  size_t bytes = 0;
  for (const auto& [key, value] : user_params) {
    if (!seen.insert(key).second) {
      return UserError(ErrorCode::kParameterInvalid,
                       "duplicated index param (key={}) (value={}) found", key, value);
    }
    bytes += key.size() + value.size();
  }
  if (bytes > kParamsBytesMax) {
    return UserError(ErrorCode::kParameterInvalid,
                     "total size of index params ({}) exceeds the limit ({})", bytes,
                     kParamsBytesMax);
  }
  Params params;
  for (const auto& [key, value] : user_params) {
    if (key == "params") {
      ELANUS_RETURN_IF_ERROR(FlattenJson(value, params));
    } else {
      params[key] = value;
    }
  }
  return params;
}

// Removes `key` and returns its value; nullopt if it is not there.
std::optional<std::string> Take(Params& params, const char* key) {
  auto node = params.extract(key);
  if (node.empty()) return std::nullopt;
  return std::move(node.mapped());
}

absl::Status CheckProperties(std::string_view index_type, const Params& params) {
  for (const auto key : {"mmap.enabled", "indexoffsetcache.enabled", "warmup"}) {
    const auto it = params.find(key);
    if (it != params.end()) {
      ELANUS_RETURN_IF_ERROR(CheckIndexProperty(index_type, key, it->second));
    }
  }
  return absl::OkStatus();
}

absl::Status CannotBuild(const FieldSchema& field, std::string_view type) {
  return InvalidIndexParams(fmt::format("data type {} can't build with this index {}",
                                        schema::DataTypeName(field.type), type));
}

absl::Status NotInThisVersion(const FieldSchema& field, std::string_view type) {
  std::string_view instead = "";
  if (schema::IsDenseVector(field.type)) instead = "; use HNSW, IVF_FLAT or FLAT";
  if (field.type == DataType::kInt8Vector) instead = "; use HNSW";
  if (field.type == DataType::kBinaryVector) instead = "; use BIN_FLAT, BIN_IVF_FLAT or HNSW";
  return UserError(ErrorCode::kIndexNotSupported,
                   "index type {} is not in this version of Elanus{}: index type not supported",
                   type, instead);
}

enum class Family { kFloat, kInt8, kBinary, kSparse };

Family FamilyOf(DataType type) {
  if (type == DataType::kInt8Vector) return Family::kInt8;
  if (type == DataType::kBinaryVector) return Family::kBinary;
  if (type == DataType::kSparseFloatVector) return Family::kSparse;
  return Family::kFloat;
}

template <size_t N>
bool OneOf(std::string_view value, const std::string_view (&list)[N]) {
  return std::find(std::begin(list), std::end(list), value) != std::end(list);
}

bool FamilyHas(Family family, std::string_view metric) {
  switch (family) {
    case Family::kFloat:
    case Family::kInt8:
      return OneOf(metric, {"L2"sv, "IP"sv, "COSINE"sv});
    case Family::kBinary:
      return OneOf(metric,
                   {"HAMMING"sv, "JACCARD"sv, "SUBSTRUCTURE"sv, "SUPERSTRUCTURE"sv, "MHJACCARD"sv});
    case Family::kSparse:
      return OneOf(metric, {"IP"sv, "BM25"sv});
  }
  return false;
}

absl::Status CheckArrayOfVectorMetric(const FieldSchema& field, std::string_view metric) {
  const Family family = FamilyOf(field.element_type);
  const bool good =
      FamilyHas(family, metric) ||
      (family == Family::kBinary
           ? OneOf(metric, {"MAX_SIM_HAMMING"sv, "MAX_SIM_JACCARD"sv})
           : OneOf(metric, {"MAX_SIM"sv, "MAX_SIM_COSINE"sv, "MAX_SIM_IP"sv, "MAX_SIM_L2"sv}));
  if (good) return absl::OkStatus();
  const std::string_view element = family == Family::kBinary ? "binary"
                                   : family == Family::kInt8 ? "int"
                                                             : "float";
  return InvalidIndexParams(fmt::format(
      "array of vector with {} element type does not support metric type: {}", element, metric));
}

// Whether vectors of this field can be compared so, whatever the index.
absl::Status CheckMetric(const FieldSchema& field, std::string_view metric) {
  if (field.type == DataType::kArrayOfVector) return CheckArrayOfVectorMetric(field, metric);
  const Family family = FamilyOf(field.type);
  if (family == Family::kSparse) {
    if (!FamilyHas(family, metric)) {
      return InvalidIndexParams("only IP&BM25 is the supported metric type for sparse index");
    }
    if (metric == "BM25" && !field.is_function_output) {
      return InvalidIndexParams("only BM25 Function output field support BM25 metric type");
    }
    if (metric != "BM25" && field.is_function_output) {
      return UserError(ErrorCode::kParameterInvalid,
                       "index metric type of BM25 function output field must be BM25, got {}",
                       metric);
    }
    return absl::OkStatus();
  }
  if (FamilyHas(family, metric)) return absl::OkStatus();
  const std::string_view name = family == Family::kBinary ? "binary"
                                : family == Family::kInt8 ? "int"
                                                          : "float";
  return InvalidIndexParams(
      fmt::format("{} vector index does not support metric type: {}", name, metric));
}

std::string Upper(std::string text) {
  for (char& c : text) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  return text;
}

// Index types that rank whole lists of vectors (MAX_SIM).
bool RanksLists(std::string_view type) {
  return OneOf(type, {"HNSW"sv, "HNSW_SQ"sv, "HNSW_PQ"sv, "HNSW_PRQ"sv, "IVF_FLAT"sv, "DISKANN"sv});
}

// What this server chooses itself. Dense vectors get a graph, which is walked by four-bit codes and
// ranked by the column: faster than HNSW_SQ at the same recall (docs/performance.md), and no
// larger. Binary ones get the exact scan, which reads a bit a component and takes every metric.
constexpr std::string_view kOwnDense = R"({"index_type":"HNSW","M":18,"efConstruction":240})";
constexpr std::string_view kOwnBinary = R"({"index_type":"BIN_FLAT"})";
constexpr std::string_view kOwnMinHash = R"({"index_type":"MINHASH_LSH"})";
constexpr std::string_view kOwnSparse = R"({"index_type":"SPARSE_INVERTED_INDEX"})";

struct AutoChoice {
  std::string_view build;  // JSON.
  std::string_view why;
  std::string_view metric;  // Of requests that name none.
};

AutoChoice ChoiceFor(Family family, std::string_view metric, const AutoIndexRules& rules) {
  const auto choose = [](std::string_view configured, std::string_view key, std::string_view own,
                         std::string_view why, std::string_view metric) -> AutoChoice {
    if (configured.empty()) return {own, why, metric};
    return {configured, key, metric};
  };
  switch (family) {
    case Family::kFloat:
      if (!rules.large_topk_build.empty()) {
        return {rules.large_topk_build, "autoIndex.params.largeTopK.build", "COSINE"};
      }
      return choose(rules.float_build, "autoIndex.params.build", kOwnDense, "dense vectors",
                    "COSINE");
    case Family::kInt8:
      return choose(rules.int8_build, "autoIndex.params.int8.build", kOwnDense, "int8 vectors",
                    "COSINE");
    case Family::kBinary:
      if (metric == "MHJACCARD") {
        return choose(rules.deduplicate_build, "autoIndex.params.deduplicate.build", kOwnMinHash,
                      "signatures compared by MHJACCARD", metric);
      }
      return choose(rules.binary_build, "autoIndex.params.binary.build", kOwnBinary,
                    "binary vectors", "HAMMING");
    case Family::kSparse:
      return choose(rules.sparse_build, "autoIndex.params.sparse.build", kOwnSparse,
                    "sparse vectors", "IP");
  }
  return {};
}

// What AUTOINDEX stands for. A configured type that does not take the request's metric gives way to
// one that does.
absl::StatusOr<ResolvedIndex> AutoVectorIndex(const FieldSchema& field, std::string metric,
                                              const AutoIndexRules& rules) {
  const bool metric_given = !metric.empty();
  ResolvedIndex out{.metric = std::move(metric), .is_auto = true};
  const bool lists = field.type == DataType::kArrayOfVector;
  const Family family = FamilyOf(lists ? field.element_type : field.type);
  const AutoChoice choice = ChoiceFor(family, out.metric, rules);
  out.why = choice.why;
  const absl::Status parsed = FlattenJson(choice.build, out.params);
  if (!parsed.ok()) {
    return UserError(ErrorCode::kParameterInvalid, "setting {}: {}", choice.why, MessageOf(parsed));
  }
  out.type = Take(out.params, "index_type").value_or("");
  const std::string configured = Upper(Take(out.params, "metric_type").value_or(""));
  if (out.metric.empty()) out.metric = configured.empty() ? choice.metric : configured;
  if (lists && !metric_given && !IsMaxSim(out.metric)) out.metric = "MAX_SIM_" + out.metric;
  const IndexKind* kind = FindIndexKind(out.type);
  if (family == Family::kBinary && kind != nullptr) {
    if (IsMaxSim(out.metric) && !RanksLists(kind->name)) {
      out.type = "HNSW";
      out.params.clear();
    } else if (!IsMaxSim(out.metric) && std::ranges::count(kind->metric_names, out.metric) == 0) {
      out.why += ", but not by " + out.metric;
      out.type = "BIN_FLAT";
      out.params.clear();
    }
  }
  return out;
}

absl::Status CheckDim(const FieldSchema& field, Params& params) {
  const auto dim = Take(params, "dim");
  Take(params, "max_length");
  if (!dim.has_value() || *dim == std::to_string(field.dim())) return absl::OkStatus();
  return InvalidIndexParams(
      fmt::format("dimension mismatch, dimension in schema: {}, dimension: {}", field.dim(), *dim));
}

absl::StatusOr<ResolvedIndex> ResolveVectorIndex(const FieldSchema& field, Params params,
                                                 const AutoIndexRules& rules) {
  const auto type = Take(params, "index_type");
  ResolvedIndex out;
  out.metric = Upper(Take(params, "metric_type").value_or(""));
  const bool by_user = type.has_value() && *type != kAutoIndex;
  if (by_user && rules.override_explicit) {
    // The server decides; what belongs to the client's type goes with it.
    if (params.contains("mmap.enabled")) {
      return UserError(ErrorCode::kParameterInvalid,
                       "mmap.enabled cannot be set while autoIndex.enable overrides index types");
    }
    params.clear();
  }
  if (!by_user || rules.override_explicit) {
    if (!params.empty()) {
      return UserError(ErrorCode::kParameterInvalid,
                       "only metric type can be passed when use AutoIndex");
    }
    ELANUS_ASSIGN_OR_RETURN(out, AutoVectorIndex(field, std::move(out.metric), rules));
  } else {
    if (out.metric.empty()) return InvalidIndexParams("metric type not set for vector index");
    out.type = *type;
    out.params = std::move(params);
  }
  ELANUS_RETURN_IF_ERROR(CheckMetric(field, out.metric));

  const IndexKind* kind = FindIndexKind(out.type);
  if (kind == nullptr || !kind->offered) return UnknownType(out.type);
  ELANUS_RETURN_IF_ERROR(CheckDim(field, out.params));
  if (!kind->is_vector) {
    ELANUS_RETURN_IF_ERROR(kind->check_build(field, out.params));  // Says what it is for.
    return CannotBuild(field, kind->name);
  }
  const bool lists = IsMaxSim(out.metric);
  if (!kind->admits(field) || (lists && !RanksLists(kind->name))) {
    return CannotBuild(field, kind->name);
  }
  if (!lists && std::ranges::count(kind->metric_names, out.metric) == 0) {
    return InvalidIndexParams(
        fmt::format("metric type {} not found or not supported, supported: [{}]", out.metric,
                    fmt::join(kind->metric_names, " ")));
  }
  ELANUS_RETURN_IF_ERROR(kind->check_build(field, out.params));
  if (kind->name == "DISKANN") {
    for (const auto& [key, value] : rules.disk_build) out.params[key] = value;
  }
  if (lists) ELANUS_RETURN_IF_ERROR(CheckListStrategy(kind->name, out.params));
  ELANUS_RETURN_IF_ERROR(CheckProperties(kind->name, out.params));
  const bool in_lists = field.type == DataType::kArrayOfVector;
  if (!kind->available || !(in_lists || schema::IsDenseVector(field.type))) {
    return NotInThisVersion(field, out.is_auto ? kAutoIndex : kind->name);
  }
  out.type = kind->name;
  return out;
}

// What scalarAutoIndex.params.build calls the type of a field's values.
const char* ScalarBuildKey(const FieldSchema& field) {
  const DataType type = field.type == DataType::kArray ? field.element_type : field.type;
  if (type == DataType::kBool) return "bool";
  if (schema::IsInteger(type)) return "int";
  if (schema::IsFloating(type)) return "float";
  if (type == DataType::kVarChar) return "varchar";
  if (type == DataType::kJson) return "json";
  if (type == DataType::kGeometry) return "geometry";
  return type == DataType::kTimestamptz ? "timestamptz" : "";
}

// What AUTOINDEX of a scalar field stands for; empty: there is none.
absl::StatusOr<std::string> AutoTypeOf(const FieldSchema& field, const Params& params,
                                       const AutoIndexRules& rules) {
  const std::string own(AutoScalarType(field));
  if (own.empty() || rules.scalar_build.empty()) return own;
  const auto cast = params.find("json_cast_type");
  if (cast != params.end() && Upper(cast->second) == "JSON") return own;
  Params configured;
  const absl::Status parsed = FlattenJson(rules.scalar_build, configured);
  if (!parsed.ok()) {
    return UserError(ErrorCode::kParameterInvalid, "setting scalarAutoIndex.params.build: {}",
                     MessageOf(parsed));
  }
  return Take(configured, ScalarBuildKey(field)).value_or(own);
}

absl::StatusOr<ResolvedIndex> ResolveScalarIndex(const FieldSchema& field, Params params,
                                                 const AutoIndexRules& rules) {
  const auto given = Take(params, "index_type");
  Take(params, "metric_type");
  ResolvedIndex out;
  out.is_auto = !given.has_value() || *given == kAutoIndex || rules.override_scalar;
  if (field.type == DataType::kText) {
    return InvalidIndexParams("TEXT field does not support user-created scalar index");
  }
  if (out.is_auto) {
    ELANUS_ASSIGN_OR_RETURN(out.type, AutoTypeOf(field, params, rules));
    out.why = rules.scalar_build.empty() ? "the field's type" : "scalarAutoIndex.params.build";
  } else {
    out.type = *given;
  }
  if (out.is_auto && out.type.empty()) {
    return UserError(
        ErrorCode::kParameterInvalid,
        "create auto index on type:{} is not supported: invalid parameter[expected=supported "
        "field][actual={}]",
        schema::DataTypeName(field.type), field.name);
  }
  const IndexKind* kind = FindIndexKind(out.type);
  if (kind == nullptr || (!kind->offered && !out.is_auto)) return UnknownType(out.type);
  if (kind->is_vector) return CannotBuild(field, kind->name);
  ELANUS_RETURN_IF_ERROR(CheckDim(field, params));
  // Types that JSON fields never have are refused for that reason, not for a missing cast.
  if (field.type == DataType::kJson && kind->admits(field)) {
    ELANUS_RETURN_IF_ERROR(ResolveJsonParams(field, params));
  }
  ELANUS_RETURN_IF_ERROR(kind->check_build(field, params));
  ELANUS_RETURN_IF_ERROR(CheckProperties(out.type, params));
  out.type = kind->name;
  if (out.type == "HYBRID") {
    params.try_emplace("bitmap_cardinality_limit", std::to_string(rules.bitmap_cardinality_limit));
  }
  out.params = std::move(params);
  return out;
}

}  // namespace

absl::StatusOr<ResolvedIndex> ResolveIndex(
    const FieldSchema& field, const std::vector<std::pair<std::string, std::string>>& user_params,
    const AutoIndexRules& rules) {
  ELANUS_ASSIGN_OR_RETURN(Params params, Flatten(user_params));
  if (schema::IsVector(field.type)) return ResolveVectorIndex(field, std::move(params), rules);
  return ResolveScalarIndex(field, std::move(params), rules);
}

}  // namespace elanus::index
