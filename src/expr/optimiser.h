// Rewrites that change how fast a plan runs and never what it says, under either line's nulls.
#pragma once

#include "expr/plan.h"

namespace elanus::expr {

// Folds constants; merges ranges and equalities of one column; puts cheap tests first.
void Optimise(Plan& plan);

// Builds what the leaves look up. Every plan needs it before it runs.
void Finish(Plan& plan);

}  // namespace elanus::expr
