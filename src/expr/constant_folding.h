// Arithmetic and comparison of two constants.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "expr/ast.h"
#include "expr/value.h"

namespace elanus::expr {

// Errors carry a gist only; the binder adds the place.
absl::StatusOr<Value> FoldArithmetic(AstOp op, const Value& left, const Value& right);
absl::StatusOr<Value> FoldComparison(AstOp op, const Value& left, const Value& right);

// "add" for kAdd, as messages call it.
std::string_view OperationName(AstOp op);

}  // namespace elanus::expr
