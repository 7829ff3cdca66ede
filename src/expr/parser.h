// Tokens -> Ast, by precedence climbing. Names and types are the binder's.
#pragma once

#include <string_view>

#include "common/status.h"
#include "expr/ast.h"
#include "expr/expr.h"

namespace elanus::expr {

// How many list items and how many other nodes a filter may have: bounds of the memory that a
// request can claim (64 B an item).
inline constexpr size_t kMaxListItems = size_t{1} << 20;
inline constexpr size_t kMaxNodes = 200'000;
inline constexpr size_t kMaxPathSteps = 64;

absl::StatusOr<Ast> Parse(std::string_view text, const CompileOptions& options);

}  // namespace elanus::expr
