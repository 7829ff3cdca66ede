// The order in which a segment's rows lie: by (key, timestamp), or, where the rows of one tenant
// are to lie together, by (partition key, key, timestamp).
// docs/decisions/018-tenants-in-segments.md.
#pragma once

#include <compare>
#include <string_view>

#include "schema/column.h"

namespace elanus::segment {

// Whether rows can be ordered by a field of this type: those that partition keys have.
bool CanOrderBy(schema::DataType type);

// How two values stand, by their bytes as columns hold them. `type`: one that CanOrderBy.
std::strong_ordering CompareValues(schema::DataType type, std::string_view a, std::string_view b);

}  // namespace elanus::segment
