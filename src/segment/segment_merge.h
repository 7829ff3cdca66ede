#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "common/cancellation.h"
#include "segment/sealed_segment.h"
#include "segment/segment_writer.h"

namespace elanus::segment {

// A segment to be merged and which of its rows are wanted.
struct MergeInput {
  std::shared_ptr<const SealedSegment> segment;
  kernels::Bitset kept;  // One bit a row.
};

struct MergedRows {
  std::vector<WrittenColumn> columns;  // None if no row was kept.
  int64_t num_rows = 0;
  Timestamp min_timestamp;  // Of the rows; not valid if there are none.
  Timestamp max_timestamp;
};

// Writes the kept rows of all inputs as one segment's column files. A field that some input lacks,
// since it was added later, gets its default there; one that all lack gets no file. Vectors go from
// the mapped files to the new one: memory is that of one other column, 16 bytes a run of rows, and
// 4 bytes a row of inputs that lie in another order. JSON paths as WriteSegment. After an error
// none of the objects is left, as far as the store lets go of them.
absl::StatusOr<MergedRows> MergeSegments(std::span<const MergeInput> inputs,
                                         const schema::CollectionSchema& schema,
                                         FieldId timestamp_field,
                                         const std::function<std::string(FieldId)>& key_of,
                                         storage::ObjectStore& store,
                                         const Cancellation& cancellation,
                                         const WriteOptions& options = {});

}  // namespace elanus::segment
