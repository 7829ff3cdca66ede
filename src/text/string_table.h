// Hash tables keyed by strings and asked with views (Debian's absl cannot hash a std::string_view).
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"

namespace elanus::text {

struct StringHash {
  using is_transparent = void;
  size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
};

using StringSet = absl::flat_hash_set<std::string, StringHash, std::equal_to<>>;
template <typename T>
using StringMap = absl::flat_hash_map<std::string, T, StringHash, std::equal_to<>>;

}  // namespace elanus::text
