// The order in which a segment's rows lie: by (key, timestamp), or, where the rows of one tenant
// are to lie together, by (partition key, key, timestamp).
// docs/decisions/018-tenants-in-segments.md.
#pragma once

#include <compare>
#include <string_view>

#include "schema/column.h"

namespace elanus::segment {

// How two values stand, by their bytes as columns hold them. `type`: Int64 or VarChar, which
// partition keys are.
std::strong_ordering CompareValues(schema::DataType type, std::string_view a, std::string_view b);

}  // namespace elanus::segment
