// What a leaf of a plan asks of the indexes of its field, and the answer.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/cancellation.h"
#include "common/strong_id.h"
#include "expr/json_path.h"
#include "index/scalar/scalar_query.h"
#include "kernels/bitset.h"
#include "kernels/row_set.h"

namespace elanus::text {
struct MatchQuery;
}

namespace elanus::expr {

struct Node;
class Plan;

struct IndexQuestion {
  FieldId field;
  const JsonPath* path = nullptr;  // Of a value in a JSON field; borrowed from the plan.
  bool elements = false;           // About the elements of an array, in a column or at `path`.
  // The same question in several forms, of which an index may know one.
  std::vector<index::ScalarQuery> queries;
  const text::MatchQuery* text = nullptr;  // Instead of queries; borrowed from the plan.
  bool negated = false;                    // Rows with a value that the queries do not find pass.
  bool missing_pass = false;  // Rows without a value pass, rather than being FALSE or UNKNOWN.
  bool missing_unknown = true;
  double scan_ns = 1;  // What the leaf takes for a row without an index, about.

  // The rows that pass are those that the queries find.
  bool is_plain() const { return !negated && !missing_pass; }
};

// About all rows of a source.
struct IndexAnswer {
  kernels::Bitset found;                // What the queries find...
  std::optional<kernels::Bitset> open;  // ...but for these rows: their columns must be looked at.
  std::shared_ptr<const kernels::Bitset> absent;  // Rows without a value. Null: there are none.
  std::string by;                                 // The type and name of the index, for people.
};

// Rows that an index says may pass; no others do.
struct IndexRows {
  kernels::RowSet rows;
  bool exact = true;  // They do pass.
  std::string by;     // As in IndexAnswer.
};

// What an index would say, told by its keys alone.
struct IndexOffer {
  int64_t num_rows = 0;  // At most.
  double cost_ns = 0;    // About.
  // Nothing if it turns out that it cannot be read. The offer borrows the question.
  std::function<std::optional<IndexRows>(const Cancellation&)> take;
};

// Nothing for nodes that no kind of index knows. `node` outlives the question. `shredded`: the JSON
// path that it is about is kept as a column.
std::optional<IndexQuestion> QuestionOf(const Plan& plan, const Node& node, bool shredded = false);

}  // namespace elanus::expr
