// Partition-key isolation: a search names one value of the partition key, and so one tenant.
#pragma once

#include "common/status.h"
#include "expr/expr.h"
#include "meta/types.h"

namespace elanus::proxy {

// kParameterInvalid if the collection is isolated (property partitionkey.isolation) and the filter
// of a search does not say `key == value` for every row that it lets pass.
absl::Status CheckKeyIsolation(const meta::Collection& collection, const expr::Plan& filter);

}  // namespace elanus::proxy
