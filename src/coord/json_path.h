// Paths into JSON as clients write them when they create an index: field["a"]["b"], a["b"][0], a.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/status.h"

namespace elanus::coord {

// "meta["a"][0]" -> {"meta", "a", "0"}. Error: "cannot parse identifier: ...".
absl::StatusOr<std::vector<std::string>> ParseJsonPath(std::string_view text);

// A JSON pointer (RFC 6901) of the segments from `first` on: {"a", "b/c"} -> "/a/b~1c".
std::string JsonPointer(const std::vector<std::string>& segments, size_t first);

}  // namespace elanus::coord
