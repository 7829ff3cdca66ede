// One value of a setting: from text to a checked number, and in words.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "common/config_key.h"

namespace elanus {

// A checked value. What it means follows the key's type: `number` is 0 or 1 for kBool, milliseconds
// for kDuration, bytes for kBytes (negative values keep their plain number, without a unit).
struct ConfigValue {
  std::string text;  // As shown: trimmed; an enum in its own spelling.
  int64_t number = 0;
  double real = 0;
};

// Reads `text` as a value of `admits`. An error says what is admitted, but neither key nor place.
//   kBool      true|false|1|0|t|f (any case), as the reference reads them
//   kInt       decimal, optional sign
//   kDuration  "1h30m", "250ms", or a bare number of the key's unit
//   kBytes     a bare number of the key's unit, or with k, m, g, t (powers of 1024), then `b` or
//   `ib` kEnum      one of the choices, any case
absl::StatusOr<ConfigValue> ParseConfigValue(const ConfigAdmits& admits, std::string_view text);

// "an integer from 1 to 65535", "one of text, json".
std::string DescribeAdmitted(const ConfigAdmits& admits);

}  // namespace elanus
