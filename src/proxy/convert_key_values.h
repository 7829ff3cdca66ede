// Lists of key-value pairs between the wire and our types, and reading values of them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/status.h"
#include "meta/types.h"
#include "proxy/wire_types.h"

namespace elanus::proxy {

meta::KeyValues FromWire(const WireKeyValues& pairs);
void ToWire(const meta::KeyValues& pairs, WireKeyValues* out);
std::vector<std::string> FromWire(const WireStrings& texts);

// The value of the first pair with that key.
std::optional<std::string_view> Find(const meta::KeyValues& pairs, std::string_view key);

// Booleans as clients send them: 1 t T TRUE true True and 0 f F FALSE false False.
std::optional<bool> ParseBool(std::string_view text);
// Decimal text, nothing around it.
std::optional<int64_t> ParseInt(std::string_view text);

// The value of `key`, or `otherwise` if it is absent or empty; kParameterInvalid if it does not
// parse.
absl::StatusOr<bool> BoolOf(const meta::KeyValues& pairs, std::string_view key, bool otherwise);
absl::StatusOr<int64_t> IntOf(const meta::KeyValues& pairs, std::string_view key,
                              int64_t otherwise);

}  // namespace elanus::proxy
