// Index parameters as data: what a kind of index takes, and the checks that follow from it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "index/vector_index.h"

namespace elanus::index {

enum class ParamType { kInt, kFloat, kBool, kText };
enum class ParamUse { kBuild, kSearch };

struct ParamSpec {
  std::string_view name;
  ParamUse use = ParamUse::kBuild;
  ParamType type = ParamType::kInt;
  double min = 0;  // Of numbers, inclusive unless said otherwise.
  double max = 0;
  std::string_view fallback = {};  // Default, written into the parameters; empty: left out.
  bool required = false;
  bool min_open = false;
  bool max_open = false;
  bool at_least_k = false;        // Search: not below the number of hits asked for.
  std::string_view choices = {};  // Of texts: "sq6|sq8", any case.
  std::string_view refusal = {};  // What a text that is none of them is told, before its value.
};

// A fault of the parameters of CreateIndex, in the words clients match on.
absl::Status InvalidIndexParams(std::string_view text);

// Checks ranges of the build parameters that are there, fills in the defaults of those that are
// not. Keys without a spec are left alone.
absl::Status CheckBuildParams(std::span<const ParamSpec> specs, Params& params);
absl::Status CheckSearchParams(std::span<const ParamSpec> specs, const Params& params, int64_t k);

// The number at `key` of checked parameters; `fallback` if it is not there.
int64_t IntParam(const Params& params, const char* key, int64_t fallback);
double DoubleParam(const Params& params, const char* key, double fallback);

// A boolean setting as the server's own keys take it (mmap.enabled): 1, t, T, true, True, TRUE and
// the like.
std::optional<bool> ParseSettingBool(std::string_view text);

// Reads a JSON object into texts: numbers and literals as they are spelled, strings unquoted,
// nested values as JSON. An empty text is an empty object.
absl::Status FlattenJson(std::string_view json, Params& out);

}  // namespace elanus::index
