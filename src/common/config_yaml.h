// A yaml file as a flat list of settings.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace elanus {

struct YamlSetting {
  std::string name;   // Keys from the root down, joined by `.`.
  std::string value;  // As written; the items of a list joined by `,`.
  int line = 0;       // From 1.
  bool operator==(const YamlSetting&) const = default;
};

// Reads one yaml document. Keys without a value are left out, so that `ip:` alone changes nothing.
// Bounded in depth and in nodes, also where aliases repeat them; never throws.
absl::StatusOr<std::vector<YamlSetting>> ParseConfigYaml(std::string_view text);

// The same for a file of at most 4 MiB. Errors name the file.
absl::StatusOr<std::vector<YamlSetting>> ReadConfigYaml(const std::string& path);

}  // namespace elanus
