#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "common/cancellation.h"
#include "common/status.h"
#include "expr/json_shredding.h"
#include "segment/column_summary.h"
#include "segment/growing_segment.h"
#include "storage/object_store.h"

namespace elanus::segment {

struct WrittenColumn {
  FieldId field;  // FieldId(1) for the row timestamps.
  std::string key;
  int64_t bytes = 0;
  std::vector<int64_t> quantiles = {};  // Of times (time_quantiles.h).
  bool paths = false;  // Not the column: paths of this JSON field (shredded_field.h).
  std::optional<ColumnSummary> summary = {};
};

// How column files of a segment are written.
struct WriteOptions {
  std::optional<expr::ShreddingLimits> shredding;  // Frequent JSON paths as columns.
  // Rows lie by (this field, key, timestamp), see row_order.h. Not valid: by (key, timestamp).
  FieldId order_by;
  bool compress_vectors = false;  // Then they cannot be mapped, and are in memory until written.
};

// Writes the first `num_rows` rows of a growing segment as column files. `key_of` gives a field's
// object key. The timestamps come first, then the fields by id, each JSON field's paths behind it.
// After an error none of the objects is left, as far as the store lets go of them.
absl::StatusOr<std::vector<WrittenColumn>> WriteSegment(
    const GrowingSegment& segment, int64_t num_rows, FieldId timestamp_field,
    const std::function<std::string(FieldId)>& key_of, storage::ObjectStore& store,
    const WriteOptions& options = {});

// Writes the frequent paths of a JSON column whose own object is `column_key`, to stats_log/ where
// that is in insert_log/. Nothing if there are none.
absl::StatusOr<std::optional<WrittenColumn>> WriteJsonPaths(const schema::ColumnView& json,
                                                            FieldId field,
                                                            const std::string& column_key,
                                                            const expr::ShreddingLimits& limits,
                                                            storage::ObjectStore& store,
                                                            const Cancellation& cancellation);

}  // namespace elanus::segment
