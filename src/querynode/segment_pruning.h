// Which segments a filter leaves out before anything of them is opened.
#pragma once

#include "expr/expr.h"
#include "meta/types.h"

namespace elanus::querynode {

// False only if no row of the segment passes the filter, which the catalog's statistics tell. Looks
// at no file. Segments without statistics may hold anything.
bool MayHoldMatches(const expr::Plan& filter, const meta::Segment& segment);

}  // namespace elanus::querynode
