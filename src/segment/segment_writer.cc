#include "segment/segment_writer.h"

#include <algorithm>
#include <numeric>

#include "segment/time_quantiles.h"
#include "storage/column_file.h"

namespace elanus::segment {
namespace {

std::vector<int64_t> KeyOrder(const GrowingSegment& segment, int64_t num_rows) {
  std::vector<int64_t> order(num_rows);
  std::iota(order.begin(), order.end(), 0);
  // Rows stand in timestamp order already, so a stable sort by key alone gives (key, timestamp).
  std::stable_sort(order.begin(), order.end(),
                   [&](int64_t a, int64_t b) { return segment.Key(a) < segment.Key(b); });
  return order;
}

absl::StatusOr<WrittenColumn> Put(const schema::Column& column, FieldId field, std::string key,
                                  bool are_times, storage::ObjectStore& store) {
  ELANUS_ASSIGN_OR_RETURN(const storage::ColumnFileParts file,
                          storage::EncodeColumnFileParts(column.View()));
  ELANUS_RETURN_IF_ERROR(store.Put(key, file.All()));
  WrittenColumn out{field, std::move(key), static_cast<int64_t>(file.size())};
  if (are_times) out.quantiles = TimeQuantiles(column.View());
  return out;
}

absl::Status WriteColumns(const GrowingSegment& segment, int64_t num_rows, FieldId timestamp_field,
                          const std::function<std::string(FieldId)>& key_of,
                          storage::ObjectStore& store, std::vector<WrittenColumn>& written) {
  const std::vector<int64_t> order = KeyOrder(segment, num_rows);
  {
    schema::Column stamps({.type = schema::DataType::kInt64});
    stamps.Reserve(num_rows);
    for (const int64_t row : order) stamps.Append(segment.RowTimestamp(row).value());
    ELANUS_ASSIGN_OR_RETURN(WrittenColumn column,
                            Put(stamps, timestamp_field, key_of(timestamp_field),
                                                      /*are_times=*/true, store));
    written.push_back(std::move(column));
  }
  for (const FieldId field : segment.Fields()) {
    const GrowingColumn* source = segment.Find(field);
    schema::Column sorted(source->type());
    sorted.Reserve(num_rows, source->byte_size());
    for (const int64_t row : order) source->AppendRowTo(row, sorted);
    const bool are_times = source->type().type == schema::DataType::kTimestamptz;
    ELANUS_ASSIGN_OR_RETURN(WrittenColumn column,
                            Put(sorted, field, key_of(field), are_times, store));
    written.push_back(std::move(column));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<WrittenColumn>> WriteSegment(
    const GrowingSegment& segment, int64_t num_rows, FieldId timestamp_field,
    const std::function<std::string(FieldId)>& key_of, storage::ObjectStore& store) {
  std::vector<WrittenColumn> written;
  const absl::Status status =
      WriteColumns(segment, num_rows, timestamp_field, key_of, store, written);
  if (status.ok()) return written;
  // A full disk must not be filled further by every try. What cannot be removed is collected at the
  // next start.
  for (const WrittenColumn& column : written) store.Remove(column.key).IgnoreError();
  return status;
}

}  // namespace elanus::segment
