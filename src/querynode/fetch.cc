#include "querynode/fetch.h"

namespace elanus::querynode {

schema::Column FetchRows(std::span<const segment::SegmentPtr> segments,
                         const schema::FieldSchema& field, const std::vector<query::RowRef>& rows) {
  schema::Column out(field.column_type());
  out.Reserve(static_cast<int64_t>(rows.size()));
  std::vector<int64_t> run;
  for (size_t i = 0; i < rows.size();) {
    run.clear();
    const int32_t segment = rows[i].segment;
    for (; i < rows.size() && rows[i].segment == segment; ++i) run.push_back(rows[i].row);
    segments[segment]->Fetch(field, run, out);
  }
  return out;
}

schema::RowBatch FetchFields(std::span<const segment::SegmentPtr> segments,
                             const schema::CollectionSchema& schema,
                             const std::vector<FieldId>& fields,
                             const std::vector<query::RowRef>& rows) {
  schema::RowBatch batch;
  batch.num_rows = static_cast<int64_t>(rows.size());
  for (const FieldId id : fields) {
    if (batch.Find(id) != nullptr) continue;
    if (const schema::FieldSchema* field = schema.Find(id)) {
      batch.columns.emplace_back(id, FetchRows(segments, *field, rows));
    }
  }
  return batch;
}

}  // namespace elanus::querynode
