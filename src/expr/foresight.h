// What zones and indexes say of a filter before any of its columns is at hand: which rows may pass,
// and at which of them which columns have to be read.
#pragma once

#include <functional>
#include <map>
#include <vector>

#include "common/cancellation.h"
#include "common/strong_id.h"
#include "expr/expr.h"
#include "expr/index_question.h"
#include "kernels/bitset.h"

namespace elanus::expr {

// By leaf of the plan.
using IndexAnswers = std::map<const Node*, IndexAnswer>;

struct Foresight {
  kernels::Bitset rows;         // Candidates that may pass; no others do.
  kernels::Bitset open;         // Those of them where `fields` are read.
  std::vector<FieldId> fields;  // Ascending.
  // They are read at all rows: the source makes an index of words of whatever lies there.
  bool everywhere = false;
  IndexAnswers answers;  // For EvaluateOptions.
};

// `column_ns`: what bringing the columns of the plan would take, about. Indexes are asked for no
// more than that beside a scan. `candidates` has source.num_rows() bits.
Foresight Foresee(const Plan& plan, const ColumnSource& source, kernels::BitView candidates,
                  double column_ns, const Cancellation& cancellation);

}  // namespace elanus::expr
