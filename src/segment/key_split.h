// Cuts the rows of several segments into ranges of a field, so that each range can become a segment
// in which few values of it lie.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "common/cancellation.h"
#include "common/status.h"
#include "segment/segment_merge.h"

namespace elanus::segment {

// The part that every kept row goes to. Parts lie one behind the other: no value of a part is below
// one of the part before it, and only rows of a single value are in two parts (or, rarely, of a
// range that the sample took for a smaller one). Nulls and NaN come first.
struct KeySplit {
  int num_parts = 0;
  std::vector<std::vector<uint16_t>>
      part_of;  // By input and row; of rows not kept it means nothing.

  // The rows of one part, of every input that has some.
  std::vector<MergeInput> RowsOf(int part, std::span<const MergeInput> inputs) const;
};

// Whether rows can be split by a field of this type.
bool CanSplitBy(schema::DataType type);

// Parts of about `rows_wanted` rows, none above one and a half times as many. The cuts come from a
// sample; then all rows are counted, and where the sample was wrong the part is cut again. Memory
// is two bytes a row and the sample. `key`: CanSplitBy its type; where an input lacks it, its
// default.
absl::StatusOr<KeySplit> SplitByKey(std::span<const MergeInput> inputs,
                                    const schema::FieldSchema& key, int64_t rows_wanted,
                                    const Cancellation& cancellation);

}  // namespace elanus::segment
