// Partition-key isolation: each search names one value of the partition key, and so one tenant.
#pragma once

#include <string_view>

#include "meta/types.h"

namespace elanus::meta {

// Property of a collection.
inline constexpr std::string_view kIsolationKey = "partitionkey.isolation";

// The partition key of a collection whose tenants are isolated; else not valid. Such a collection's
// sealed segments keep the rows of a tenant together.
FieldId IsolatedBy(const Collection& collection);

}  // namespace elanus::meta
