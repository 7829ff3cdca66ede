// What a filter asks of a scalar index, and what it gets.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "geometry/wkb.h"
#include "kernels/bitset.h"
#include "kernels/row_set.h"

namespace elanus::index {

// A value: booleans (0 and 1), integers and times, floating-point numbers, texts.
using ScalarKey = std::variant<int64_t, double, std::string>;

struct ScalarBound {
  ScalarKey key;
  bool inclusive = true;
};

struct ScalarQuery {
  enum class Kind {
    kAnyOf,     // Rows with one of `keys`.
    kAllOf,     // Rows (arrays) with all of `keys`.
    kInterval,  // Rows with a value between the bounds.
    kTexts,     // Rows with a text that passes.
    kBox,       // Rows whose bounding box meets `box`.
    kExists,    // Rows with a value.
  };
  Kind kind = Kind::kAnyOf;
  std::vector<ScalarKey> keys;
  std::optional<ScalarBound> lower, upper;       // kInterval; kTexts: of the texts that may pass.
  std::function<bool(std::string_view)> passes;  // Empty: whatever has the parts in it.
  std::vector<std::string> parts;                // kTexts: every text that passes has these in it.
  geometry::Box box;
  // kBox: coordinates are degrees of longitude and latitude; beyond a whole turn the box may miss
  // rows.
  bool in_degrees = false;
};

// Places in the order of keys.
struct KeyRange {
  uint64_t begin = 0, end = 0;
};

// How an index would answer.
struct ScalarPlan {
  std::vector<KeyRange> ranges;
  uint64_t num_entries = 0;  // (key, row) pairs to be read: at least as many as rows.
  double cost_ns = 0;
  bool exact = true;  // False: the rows are candidates, of which the column decides.
};

// The answer, about all rows.
struct ScalarRows {
  using Set = std::shared_ptr<const kernels::Bitset>;  // Null: none.
  kernels::RowSet found;  // The rows that pass; if the plan is not exact, all that may.
  Set absent;             // Rows without a value, which neither pass nor fail.
  Set odd;                // Rows whose value the index does not hold: only the column can tell.
};

}  // namespace elanus::index
