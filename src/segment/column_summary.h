// What a column of a segment holds, in so few bytes that the catalog can keep it: from that alone
// many filters can tell that no row of the segment passes.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "schema/column.h"
#include "storage/zone_map.h"

namespace elanus::segment {

struct ColumnSummary {
  enum class Kind { kInts, kReals, kTexts } kind = Kind::kInts;  // Of the values.
  storage::Zone zone;  // Of all rows. Texts are cut between characters.
  // Every value but null, if they are few and short; ascending. Of integers or of texts.
  std::vector<int64_t> ints;
  std::vector<std::string> texts;
};

inline constexpr size_t kSummaryValuesMax = 16;

// Nothing for types without an order, and for values that no catalog row can hold.
std::optional<ColumnSummary> Summarize(const schema::ColumnView& column);

}  // namespace elanus::segment
