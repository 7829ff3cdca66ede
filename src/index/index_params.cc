#include "index/index_params.h"

#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

namespace elanus::index {
namespace {

using namespace std::literals;

std::string Lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return out;
}

bool IsChoice(std::string_view choices, std::string_view value) {
  const std::string wanted = Lower(value);
  while (true) {
    const size_t bar = choices.find('|');
    if (Lower(choices.substr(0, bar)) == wanted) return true;
    if (bar == std::string_view::npos) return false;
    choices.remove_prefix(bar + 1);
  }
}

std::string Spaced(std::string_view choices) {
  std::string list(choices);
  std::replace(list.begin(), list.end(), '|', ' ');
  return list;
}

std::string RangeText(const ParamSpec& spec) {
  return fmt::format("{}{}, {}{}", spec.min_open ? '(' : '[', spec.min, spec.max,
                     spec.max_open ? ')' : ']');
}

template <typename T>
struct Parsed {
  std::optional<T> value;
  bool whole = false;         // Nothing follows the number.
  bool out_of_range = false;  // A number, but too large for T.
};

template <typename T>
Parsed<T> ParseNumber(std::string_view text) {
  T value{};
  const auto [at, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  Parsed<T> parsed;
  parsed.out_of_range = error == std::errc::result_out_of_range;
  parsed.whole = at == text.data() + text.size();
  if (error == std::errc()) parsed.value = value;
  return parsed;
}

absl::Status Fault(const std::string& text) {
  return UserError(ErrorCode::kParameterInvalid, "{}", text);
}

template <typename T>
absl::Status OutOfRange(const ParamSpec& spec, const T& value) {
  return Fault(fmt::format("Out of range in json: param '{}' ({}) should be in range {}", spec.name,
                           value, RangeText(spec)));
}

bool InRange(const ParamSpec& spec, double value) {
  return (spec.min_open ? value > spec.min : value >= spec.min) &&
         (spec.max_open ? value < spec.max : value <= spec.max);
}

absl::Status CheckInt(const ParamSpec& spec, const std::string& text) {
  const auto parsed = ParseNumber<int64_t>(text);
  if (parsed.out_of_range) return OutOfRange(spec, text);
  if (spec.use == ParamUse::kSearch && (!parsed.value || !parsed.whole)) {
    return Fault(
        fmt::format("Type conflict in json: param '{}' ({}) should be integer", spec.name, text));
  }
  if (!parsed.value) {
    return Fault(fmt::format("invalid integer value, key: '{}', value: '{}'", spec.name, text));
  }
  if (!parsed.whole) {
    return Fault(fmt::format("wrong data type in json, key: '{}', value: '{}'", spec.name, text));
  }
  if (!InRange(spec, static_cast<double>(*parsed.value))) return OutOfRange(spec, *parsed.value);
  return absl::OkStatus();
}

absl::Status CheckFloat(const ParamSpec& spec, const std::string& text) {
  const auto parsed = ParseNumber<double>(text);
  if (!parsed.value || !parsed.whole || !std::isfinite(*parsed.value)) {
    return Fault(
        fmt::format("Type conflict in json: param '{}' ({}) should be a number", spec.name, text));
  }
  if (!InRange(spec, *parsed.value)) return OutOfRange(spec, *parsed.value);
  return absl::OkStatus();
}

absl::Status CheckValue(const ParamSpec& spec, const std::string& text) {
  switch (spec.type) {
    case ParamType::kInt:
      return CheckInt(spec, text);
    case ParamType::kFloat:
      return CheckFloat(spec, text);
    case ParamType::kBool:
      for (const auto literal : {"true"sv, "True"sv, "TRUE"sv, "false"sv, "False"sv, "FALSE"sv}) {
        if (text == literal) return absl::OkStatus();
      }
      return Fault(fmt::format("Type conflict in json: param '{}' ({}) should be a boolean",
                               spec.name, text));
    case ParamType::kText:
      if (spec.choices.empty() || IsChoice(spec.choices, text)) return absl::OkStatus();
      return Fault(
          fmt::format("{}: {}, supported: [{}]", spec.refusal, text, Spaced(spec.choices)));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status InvalidIndexParams(std::string_view text) {
  return UserError(
      ErrorCode::kParameterInvalid,
      "{}: invalid parameter[expected=valid index params][actual=invalid index params]", text);
}

absl::Status CheckBuildParams(std::span<const ParamSpec> specs, Params& params) {
  for (const ParamSpec& spec : specs) {
    if (spec.use != ParamUse::kBuild) continue;
    const auto it = params.find(std::string(spec.name));
    if (it != params.end()) {
      const absl::Status status = CheckValue(spec, it->second);
      if (!status.ok()) return InvalidIndexParams(MessageOf(status));
    } else if (spec.required) {
      return InvalidIndexParams(fmt::format("param '{}' not exist in json", spec.name));
    } else if (!spec.fallback.empty()) {
      params.emplace(spec.name, spec.fallback);
    }
  }
  return absl::OkStatus();
}

absl::Status CheckSearchParams(std::span<const ParamSpec> specs, const Params& params, int64_t k) {
  for (const ParamSpec& spec : specs) {
    const auto it = params.find(std::string(spec.name));
    if (spec.use != ParamUse::kSearch || it == params.end()) continue;
    ELANUS_RETURN_IF_ERROR(CheckValue(spec, it->second));
    if (spec.at_least_k && ParseNumber<int64_t>(it->second).value.value_or(k) < k) {
      // DISKANN's key is an alias of the name that its message uses.
      const std::string_view shown = spec.name == "search_list" ? "search_list_size"sv : spec.name;
      return Fault(fmt::format("{}({}) should be larger than k({})", shown, it->second, k));
    }
  }
  return absl::OkStatus();
}

int64_t IntParam(const Params& params, const char* key, int64_t fallback) {
  const auto it = params.find(key);
  if (it == params.end()) return fallback;
  int64_t value = fallback;
  std::from_chars(it->second.data(), it->second.data() + it->second.size(), value);
  return value;
}

double DoubleParam(const Params& params, const char* key, double fallback) {
  const auto it = params.find(key);
  if (it == params.end()) return fallback;
  double value = fallback;
  std::from_chars(it->second.data(), it->second.data() + it->second.size(), value);
  return value;
}

std::optional<bool> ParseSettingBool(std::string_view text) {
  for (const auto yes : {"1"sv, "t"sv, "T"sv, "true"sv, "True"sv, "TRUE"sv}) {
    if (text == yes) return true;
  }
  for (const auto no : {"0"sv, "f"sv, "F"sv, "false"sv, "False"sv, "FALSE"sv}) {
    if (text == no) return false;
  }
  return std::nullopt;
}

absl::Status FlattenJson(std::string_view json, Params& out) {
  if (json.find_first_not_of(" \t\r\n") == std::string_view::npos) return absl::OkStatus();
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  const auto error = parser.parse(json.data(), json.size()).get_object().get(object);
  if (error != simdjson::SUCCESS) {
    return Fault(fmt::format("params is not a JSON object: {}", simdjson::error_message(error)));
  }
  for (const auto& [key, value] : object) {
    std::string_view text;
    out[std::string(key)] = value.get_string().get(text) == simdjson::SUCCESS
                                ? std::string(text)
                                : simdjson::minify(value);
  }
  return absl::OkStatus();
}

}  // namespace elanus::index
