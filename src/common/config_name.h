// Names of settings: one key has many spellings.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace elanus {

// Lower case, without a leading "milvus." and without `/`, `_` and `.`:
// `QUOTAANDLIMITS_DML_ENABLED` and `quotaAndLimits.dml.enabled` become one. Names that start with
// "knowhere." stay as they are.
std::string NormalizeConfigName(std::string_view name);

// Single-character insertions, deletions, replacements and swaps of neighbours that turn one into
// the other, ignoring case; stops counting above `limit` and returns limit + 1.
size_t EditDistance(std::string_view a, std::string_view b, size_t limit);

// Whether `name` fits `pattern`, where `*` is any run of characters; ignores case.
bool MatchesConfigPattern(std::string_view pattern, std::string_view name);

// The known key or section that somebody who wrote `name` most likely meant; empty if none is near.
std::string NearestConfigName(std::string_view name);

// Whether a pattern of IgnoredConfigPatterns() covers the name.
bool IsIgnoredConfigName(std::string_view name);

// Whether the value of a key of this name must not be shown.
bool IsSecretConfigName(std::string_view name);

}  // namespace elanus
