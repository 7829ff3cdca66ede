// Options of an analyzer, a tokenizer or a filter: a JSON object whose keys are taken one by one,
// so that what nobody took can be refused.
//
// Errors: kParameterInvalid that name the part and the key.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/status.h"

namespace elanus::text {

class Options {
 public:
  // `owner` names the part in errors: "filter stop". `object` is an object and outlives this.
  Options(std::string owner, const nlohmann::json& object)
      : owner_(std::move(owner)), object_(object) {}

  const std::string& owner() const { return owner_; }

  // Nothing if the key is absent.
  absl::StatusOr<std::optional<std::string>> String(std::string_view key);
  absl::StatusOr<std::optional<int64_t>> Integer(std::string_view key);
  absl::StatusOr<std::optional<std::vector<std::string>>> Strings(std::string_view key);
  absl::StatusOr<bool> Bool(std::string_view key, bool otherwise);
  // Null if the key is absent.
  const nlohmann::json* Take(std::string_view key);

  // Refuses a key that this server knows but does not serve.
  absl::Status Refuse(std::string_view key, std::string_view why);
  // Refuses the first key that was not taken.
  absl::Status Finish() const;

  absl::Status Missing(std::string_view key) const;
  absl::Status Wrong(std::string_view key, std::string_view expected) const;

 private:
  const std::string owner_;
  const nlohmann::json& object_;
  std::set<std::string, std::less<>> taken_;
};

// A tokenizer or a filter as it stands in an analyzer: its name alone, or an object with its type
// and options. `options` lies in the definition, or is empty.
struct Definition {
  std::string name;
  const nlohmann::json* options;
};
// `kind` names it in errors: "filter".
absl::StatusOr<Definition> ReadDefinition(const nlohmann::json& definition, std::string_view kind);

// For files of words: the server reads none.
inline constexpr std::string_view kNoFiles =
    "file resources are not supported by this version, list the words themselves";

}  // namespace elanus::text
