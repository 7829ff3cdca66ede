#include "index/scalar_kinds.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <optional>

#include "index/param_specs.h"

namespace elanus::index {
namespace {

using schema::DataType;
using schema::FieldSchema;

bool IsPlain(DataType type) {
  return type == DataType::kBool || schema::IsNumeric(type) || type == DataType::kVarChar;
}
// The field's type, or that of an array's elements.
DataType ValueType(const FieldSchema& field) {
  return field.type == DataType::kArray ? field.element_type : field.type;
}

bool AdmitsInverted(const FieldSchema& field) {
  return IsPlain(ValueType(field)) || field.type == DataType::kJson;
}
bool AdmitsBitmap(const FieldSchema& field) {
  const DataType type = ValueType(field);
  return type == DataType::kBool || schema::IsInteger(type) || type == DataType::kVarChar ||
         field.type == DataType::kJson;
}
bool AdmitsSort(const FieldSchema& field) {
  return schema::IsNumeric(field.type) || field.type == DataType::kVarChar ||
         field.type == DataType::kTimestamptz || field.type == DataType::kJson;
}
bool AdmitsTrie(const FieldSchema& field) {
  return field.type == DataType::kVarChar;
}
bool AdmitsNgram(const FieldSchema& field) {
  return field.type == DataType::kVarChar || field.type == DataType::kJson;
}
bool AdmitsRtree(const FieldSchema& field) {
  return field.type == DataType::kGeometry;
}
bool AdmitsHybrid(const FieldSchema& field) {
  return IsPlain(ValueType(field)) || field.type == DataType::kJson;
}

// For JSON fields: the cast types an index takes. Call after ResolveJsonParams.
absl::Status CheckCast(const FieldSchema& field, const Params& params, std::string_view name,
                       std::string_view one, std::string_view other) {
  if (field.type != DataType::kJson) return absl::OkStatus();
  const auto it = params.find("json_cast_type");
  if (it != params.end() && (it->second == one || it->second == other)) return absl::OkStatus();
  return InvalidIndexParams(
      fmt::format("{} index on JSON field needs json_cast_type {}{}{}, got {}", name, one,
                  other.empty() ? "" : " or ", other, it == params.end() ? "none" : it->second));
}

absl::Status CheckInverted(const FieldSchema& field, Params&) {
  if (AdmitsInverted(field)) return absl::OkStatus();
  return InvalidIndexParams(
      fmt::format("INVERTED are not supported on {} field", schema::DataTypeName(field.type)));
}

absl::Status CheckBitmap(const FieldSchema& field, Params& params) {
  if (field.is_primary_key) {
    return InvalidIndexParams("create bitmap index on primary key not supported");
  }
  if (!AdmitsBitmap(field)) {
    return InvalidIndexParams(
        "bitmap index are only supported on bool, int, string and array of them");
  }
  return CheckCast(field, params, "BITMAP", "BOOL", "VARCHAR");
}

absl::Status CheckSort(const FieldSchema& field, Params& params) {
  if (!AdmitsSort(field)) {
    return InvalidIndexParams(
        "STL_SORT are only supported on numeric, varchar or timestamptz field");
  }
  return CheckCast(field, params, "STL_SORT", "DOUBLE", "VARCHAR");
}

absl::Status CheckTrie(const FieldSchema& field, Params&) {
  if (AdmitsTrie(field)) return absl::OkStatus();
  return InvalidIndexParams("TRIE are only supported on varchar field");
}

std::optional<int64_t> WholeInt(std::string_view text) {
  int64_t value = 0;
  const auto [at, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || at != text.data() + text.size()) return std::nullopt;
  return value;
}

absl::Status CheckNgram(const FieldSchema& field, Params& params) {
  if (!AdmitsNgram(field)) {
    return InvalidIndexParams("Ngram index can only be created on VARCHAR or JSON field");
  }
  ELANUS_RETURN_IF_ERROR(CheckCast(field, params, "Ngram", "VARCHAR", ""));
  const auto min = params.find("min_gram"), max = params.find("max_gram");
  if (min == params.end() || max == params.end()) {
    return InvalidIndexParams("Ngram index must specify both min_gram and max_gram");
  }
  const auto low = WholeInt(min->second), high = WholeInt(max->second);
  if (!low || !high) {
    return InvalidIndexParams(fmt::format("{} for Ngram index must be an integer, got: {}",
                                          low ? "max_gram" : "min_gram",
                                          low ? max->second : min->second));
  }
  if (*low <= 0 || *high <= 0 || *low > *high) {
    return InvalidIndexParams(fmt::format(
        "invalid min_gram or max_gram value for Ngram index, min_gram: {}, max_gram: {}", *low,
        *high));
  }
  return absl::OkStatus();
}

absl::Status CheckRtree(const FieldSchema& field, Params&) {
  if (AdmitsRtree(field)) return absl::OkStatus();
  return InvalidIndexParams("RTREE index can only be built on geometry field");
}

absl::Status CheckHybrid(const FieldSchema&, Params& params) {
  const absl::Status status = CheckBuildParams(kHybridParams, params);
  if (status.ok()) return status;
  return InvalidIndexParams(
      fmt::format("failed to check bitmap cardinality limit, should be in "
                  "range [1, 1000], got: {}",
                  params["bitmap_cardinality_limit"]));
}

absl::Status NoSearchParams(const Params&, int64_t) {
  return absl::OkStatus();
}
std::vector<kernels::Metric> NoMetrics(DataType) {
  return {};
}

IndexKind ScalarKind(std::string_view name, ScalarForm form, bool (*admits)(const FieldSchema&),
                     absl::Status (*check)(const FieldSchema&, Params&), bool supports_mmap) {
  return {.name = name,
          .builds_files = true,
          .available = true,
          .supports_mmap = supports_mmap,
          .admits = admits,
          .metrics = &NoMetrics,
          .check_build = check,
          .check_search = &NoSearchParams,
          .scalar_form = form};
}

std::string Trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return "";
  return std::string(text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1));
}

void AppendEscaped(std::string_view key, std::string& pointer) {
  pointer += '/';
  for (const char c : key) {
    if (c == '~') {
      pointer += "~0";
    } else if (c == '/') {
      pointer += "~1";
    } else {
      pointer += c;
    }
  }
}

// Reads `["key"]`, `['key']` or `[number]` from the front of `path`.
bool TakeSubscript(std::string_view& path, std::string& pointer) {
  if (path.size() < 3 || path[0] != '[') return false;
  if (path[1] == '"' || path[1] == '\'') {
    std::string key;
    for (size_t i = 2; i < path.size(); ++i) {
      if (path[i] == '\\' && i + 1 < path.size()) {
        key += path[++i];
      } else if (path[i] == path[1]) {
        if (i + 1 >= path.size() || path[i + 1] != ']') return false;
        AppendEscaped(key, pointer);
        path.remove_prefix(i + 2);
        return true;
      } else {
        key += path[i];
      }
    }
    return false;
  }
  const size_t close = path.find(']');
  if (close == std::string_view::npos || close < 2) return false;
  const std::string_view digits = path.substr(1, close - 1);
  if (!std::ranges::all_of(digits, [](unsigned char c) { return std::isdigit(c) != 0; })) {
    return false;
  }
  AppendEscaped(digits, pointer);
  path.remove_prefix(close + 1);
  return true;
}

}  // namespace

std::vector<IndexKind> ScalarKinds() {
  std::vector<IndexKind> kinds = {
      ScalarKind("INVERTED", ScalarForm::kValues, &AdmitsInverted, &CheckInverted, true),
      ScalarKind("BITMAP", ScalarForm::kBitmap, &AdmitsBitmap, &CheckBitmap, true),
      ScalarKind("STL_SORT", ScalarForm::kValues, &AdmitsSort, &CheckSort, false),
      ScalarKind("TRIE", ScalarForm::kValues, &AdmitsTrie, &CheckTrie, true),
      ScalarKind("NGRAM", ScalarForm::kGrams, &AdmitsNgram, &CheckNgram, true),
      ScalarKind("RTREE", ScalarForm::kBoxes, &AdmitsRtree, &CheckRtree, false),
      ScalarKind("HYBRID", ScalarForm::kHybrid, &AdmitsHybrid, &CheckHybrid, true),
  };
  kinds.back().offered = false;
  kinds.back().param_specs = kHybridParams;
  return kinds;
}

std::string_view AutoScalarType(const FieldSchema& field) {
  const DataType type = ValueType(field);
  if (type == DataType::kBool) return "BITMAP";
  if (schema::IsNumeric(type) || type == DataType::kVarChar) return "HYBRID";
  if (field.type == DataType::kArray) return "";
  if (type == DataType::kJson) return "INVERTED";
  if (type == DataType::kGeometry) return "RTREE";
  if (type == DataType::kTimestamptz) return "STL_SORT";
  return "";
}

std::optional<JsonCast> JsonCastOf(const Params& params) {
  const auto it = params.find("json_cast_type");
  if (it == params.end()) return std::nullopt;
  std::string_view name = it->second;
  JsonCast cast;
  cast.array = name.starts_with("ARRAY_");
  if (cast.array) name.remove_prefix(6);
  if (name == "BOOL") cast.type = DataType::kBool;
  if (name == "DOUBLE") cast.type = DataType::kDouble;
  if (name == "VARCHAR") cast.type = DataType::kVarChar;
  if (cast.type == DataType::kNone) return std::nullopt;
  return cast;
}

bool IsOverAllPaths(const Params& params) {
  const auto it = params.find("json_cast_type");
  return it != params.end() && it->second == "JSON";
}

absl::StatusOr<std::string> JsonPointerOf(const FieldSchema& field, std::string_view path) {
  const auto bad = [&] {
    return UserError(ErrorCode::kParameterInvalid, "cannot parse identifier: {}", path);
  };
  const size_t bracket = path.find('[');
  const std::string_view name = path.substr(0, bracket);
  std::string_view rest = bracket == std::string_view::npos ? "" : path.substr(bracket);
  std::string pointer;
  if (name != field.name) {
    const auto is_word = [](unsigned char c) {
      return std::isalnum(c) != 0 || c == '_' || c == '$';
    };
    if (!field.is_dynamic || name.empty() || !std::ranges::all_of(name, is_word) ||
        std::isdigit(static_cast<unsigned char>(name[0])) != 0) {
      return bad();
    }
    AppendEscaped(name, pointer);
  }
  while (!rest.empty()) {
    if (!TakeSubscript(rest, pointer)) return bad();
  }
  return pointer;
}

absl::Status ResolveJsonParams(const FieldSchema& field, Params& params) {
  const auto cast = params.find("json_cast_type");
  if (cast == params.end()) {
    return InvalidIndexParams(
        "json index must specify cast type: missing parameter[missing_param=json_cast_type]");
  }
  std::string type = Trimmed(cast->second);
  for (char& c : type) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  constexpr std::string_view kCasts[] = {"BOOL",         "DOUBLE",        "VARCHAR", "ARRAY_BOOL",
                                         "ARRAY_DOUBLE", "ARRAY_VARCHAR", "JSON"};
  if (std::ranges::count(kCasts, type) == 0) {
    return InvalidIndexParams(fmt::format("json_cast_type {} is not supported", cast->second));
  }
  cast->second = type;
  if (const auto function = params.find("json_cast_function"); function != params.end()) {
    std::string name = Trimmed(function->second);
    for (char& c : name) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    if (name != "STRING_TO_DOUBLE" || type != "DOUBLE") {
      return InvalidIndexParams(fmt::format(
          "json_cast_function {} is not supported for json_cast_type {}", function->second, type));
    }
    function->second = name;
  }
  const auto path = params.find("json_path");
  ELANUS_ASSIGN_OR_RETURN(
      std::string pointer,
      JsonPointerOf(field, path == params.end() ? std::string_view(field.name) : path->second));
  params["json_path"] = std::move(pointer);
  return absl::OkStatus();
}

}  // namespace elanus::index
