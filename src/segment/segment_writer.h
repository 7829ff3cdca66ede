#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "common/status.h"
#include "segment/growing_segment.h"
#include "storage/object_store.h"

namespace elanus::segment {

struct WrittenColumn {
  FieldId field;  // FieldId(1) for the row timestamps.
  std::string key;
  int64_t bytes = 0;
  std::vector<int64_t> quantiles = {};  // Of times (time_quantiles.h).
};

// Writes the first `num_rows` rows of a growing segment as column files, in (key, timestamp) order.
// `key_of` gives a field's object key. The timestamps come first, then the fields by id. After an
// error none of the objects is left, as far as the store lets go of them.
absl::StatusOr<std::vector<WrittenColumn>> WriteSegment(
    const GrowingSegment& segment, int64_t num_rows, FieldId timestamp_field,
    const std::function<std::string(FieldId)>& key_of, storage::ObjectStore& store);

}  // namespace elanus::segment
