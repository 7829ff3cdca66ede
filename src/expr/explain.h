// A plan as steps, with what was expected of each and what it did.
#pragma once

#include <string>
#include <vector>

#include "expr/node_trace.h"

namespace elanus::expr {

class Plan;
struct EvaluationTrace;

struct ExplainStep {
  int depth = 0;              // The steps behind it that lie deeper are its parts.
  std::string text;           // Long ones are cut: see kStepTextBytes.
  double estimated_part = 0;  // Of the source's rows, if it were asked for all of them.
  NodeTrace did;
};

inline constexpr size_t kStepTextBytes = 512;

// Outermost first, the parts of a step in the order chosen. `trace` is of this plan.
std::vector<ExplainStep> StepsOf(const Plan& plan, const EvaluationTrace& trace);

// At most `bytes_max` bytes of `text`, not cut within a character; "..." shows that it was cut.
std::string CutText(std::string text, size_t bytes_max);

}  // namespace elanus::expr
