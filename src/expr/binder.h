// Ast -> plan: looks up names, checks and converts types, folds constants.
#pragma once

#include "common/status.h"
#include "expr/ast.h"
#include "expr/expr.h"
#include "expr/plan.h"

namespace elanus::expr {

// How many JSON paths a filter may name; each takes memory per row of a batch.
inline constexpr int kMaxJsonPaths = 4096;
// How many values json_contains_all and its like take: each is compared with each element of a row.
inline constexpr size_t kMaxContainsValues = 4096;

// The plan as written; Optimise() and Finish() (optimiser.h) make it ready to run.
absl::StatusOr<Plan> Bind(const Ast& ast, const schema::CollectionSchema& schema,
                          const TemplateValues& values, const CompileOptions& options);

}  // namespace elanus::expr
