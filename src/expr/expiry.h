#pragma once

#include "expr/expr.h"

namespace elanus::expr {

// True for rows whose `field` (Timestamptz) is null or later than `now`, in microseconds since the
// Unix epoch: what has not expired then.
PlanPtr NotExpired(const schema::FieldSchema& field, int64_t now);

}  // namespace elanus::expr
