// Values of the rows that won, from the segments where they stand.
#pragma once

#include <span>
#include <vector>

#include "query/merge.h"
#include "schema/collection_schema.h"
#include "schema/row_batch.h"
#include "segment/segment.h"

namespace elanus::querynode {

// The values of `field` of rows that stand in several segments, in the order of `rows`. Each
// segment is asked once, so that what it has to bring comes together.
absl::StatusOr<schema::Column> FetchRows(std::span<const segment::SegmentPtr> segments,
                                         const schema::FieldSchema& field,
                                         const std::vector<query::RowRef>& rows,
                                         const Cancellation& cancellation);

// The same for several fields; repeated ones and those the schema lacks are left out.
absl::StatusOr<schema::RowBatch> FetchFields(std::span<const segment::SegmentPtr> segments,
                                             const schema::CollectionSchema& schema,
                                             const std::vector<FieldId>& fields,
                                             const std::vector<query::RowRef>& rows,
                                             const Cancellation& cancellation);

}  // namespace elanus::querynode
