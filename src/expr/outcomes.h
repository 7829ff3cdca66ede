// What a predicate can say of a run of rows, as far as the run's zones tell.
#pragma once

#include "absl/functional/function_ref.h"
#include "expr/plan.h"
#include "storage/zone_map.h"

namespace elanus::expr {

// The truths that may occur among the rows. All three: nothing is known.
struct Outcomes {
  bool yes = true;
  bool no = true;
  bool unknown = true;

  bool only_yes() const { return yes && !no && !unknown; }
  friend bool operator==(const Outcomes&, const Outcomes&) = default;
};

// A zone that covers the run, of a field by its slot; null if there is none.
using ZoneOfSlot = absl::FunctionRef<const storage::Zone*(int slot)>;

// Never leaves out a truth that does occur. Looks at no row; costs a few comparisons a leaf.
Outcomes OutcomesOf(const Node& node, ZoneOfSlot zone_of);

}  // namespace elanus::expr
