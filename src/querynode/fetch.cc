#include "querynode/fetch.h"

namespace elanus::querynode {
namespace {

struct Fetched {
  std::vector<int64_t> rows;  // Of one segment.
  std::optional<schema::Column> values;
};

}  // namespace

absl::StatusOr<schema::Column> FetchRows(std::span<const segment::SegmentPtr> segments,
                                         const schema::FieldSchema& field,
                                         const std::vector<query::RowRef>& rows,
                                         const Cancellation& cancellation) {
  std::vector<Fetched> parts(segments.size());
  for (const query::RowRef& at : rows) parts[at.segment].rows.push_back(at.row);
  schema::Column out(field.column_type());
  out.Reserve(static_cast<int64_t>(rows.size()));
  for (size_t s = 0; s < parts.size(); ++s) {
    Fetched& part = parts[s];
    if (part.rows.empty()) continue;
    if (part.rows.size() == rows.size()) {
      ELANUS_RETURN_IF_ERROR(segments[s]->Fetch(field, part.rows, out, cancellation));
      return out;
    }
    part.values.emplace(field.column_type());
    ELANUS_RETURN_IF_ERROR(segments[s]->Fetch(field, part.rows, *part.values, cancellation));
  }
  std::vector<int64_t> next(segments.size());
  for (const query::RowRef& at : rows) {
    out.AppendRow(parts[at.segment].values->View(), next[at.segment]++);
  }
  return out;
}

absl::StatusOr<schema::RowBatch> FetchFields(std::span<const segment::SegmentPtr> segments,
                                             const schema::CollectionSchema& schema,
                                             const std::vector<FieldId>& fields,
                                             const std::vector<query::RowRef>& rows,
                                             const Cancellation& cancellation) {
  schema::RowBatch batch;
  batch.num_rows = static_cast<int64_t>(rows.size());
  for (const FieldId id : fields) {
    if (batch.Find(id) != nullptr) continue;
    if (const schema::FieldSchema* field = schema.Find(id)) {
      ELANUS_ASSIGN_OR_RETURN(schema::Column column,
                              FetchRows(segments, *field, rows, cancellation));
      batch.columns.emplace_back(id, std::move(column));
    }
  }
  return batch;
}

}  // namespace elanus::querynode
