#include "segment/segment_writer.h"

#include <algorithm>
#include <numeric>

#include "segment/row_order.h"
#include "segment/shredded_field.h"
#include "segment/time_quantiles.h"
#include "storage/column_file.h"

namespace elanus::segment {
namespace {

std::vector<int64_t> WrittenOrder(const GrowingSegment& segment, int64_t num_rows,
                                  FieldId order_by) {
  std::vector<int64_t> order(num_rows);
  std::iota(order.begin(), order.end(), 0);
  const GrowingColumn* first = order_by.valid() ? segment.Find(order_by) : nullptr;
  // Rows stand in timestamp order already, so a stable sort leaves that to the last.
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
    if (first != nullptr) {
      const auto order = CompareValues(first->type().type, first->Raw(a), first->Raw(b));
      if (order != 0) return order < 0;
    }
    return segment.Key(a) < segment.Key(b);
  });
  return order;
}

absl::StatusOr<WrittenColumn> Put(const schema::Column& column, FieldId field, std::string key,
                                  bool are_times, storage::ObjectStore& store,
                                  const WriteOptions& options) {
  ELANUS_ASSIGN_OR_RETURN(const storage::ColumnFileParts file,
                          storage::EncodeColumnFileParts(column.View(), options.compress_vectors));
  ELANUS_RETURN_IF_ERROR(store.Put(key, file.All()));
  WrittenColumn out{field, std::move(key), static_cast<int64_t>(file.size())};
  if (are_times) out.quantiles = TimeQuantiles(column.View());
  out.summary = Summarize(column.View());
  return out;
}

absl::Status WriteColumns(const GrowingSegment& segment, int64_t num_rows, FieldId timestamp_field,
                          const std::function<std::string(FieldId)>& key_of,
                          storage::ObjectStore& store, const WriteOptions& options,
                          std::vector<WrittenColumn>& written) {
  const std::vector<int64_t> order = WrittenOrder(segment, num_rows, options.order_by);
  {
    schema::Column stamps({.type = schema::DataType::kInt64});
    stamps.Reserve(num_rows);
    for (const int64_t row : order) stamps.Append(segment.RowTimestamp(row).value());
    ELANUS_ASSIGN_OR_RETURN(WrittenColumn column,
                            Put(stamps, timestamp_field, key_of(timestamp_field),
                                /*are_times=*/true, store, options));
    written.push_back(std::move(column));
  }
  for (const FieldId field : segment.Fields()) {
    const GrowingColumn* source = segment.Find(field);
    schema::Column sorted(source->type());
    sorted.Reserve(num_rows, source->byte_size());
    for (const int64_t row : order) source->AppendRowTo(row, sorted);
    const bool are_times = source->type().type == schema::DataType::kTimestamptz;
    ELANUS_ASSIGN_OR_RETURN(WrittenColumn column,
                            Put(sorted, field, key_of(field), are_times, store, options));
    written.push_back(std::move(column));
    if (!options.shredding.has_value() || source->type().type != schema::DataType::kJson) continue;
    ELANUS_ASSIGN_OR_RETURN(std::optional<WrittenColumn> paths,
                            WriteJsonPaths(sorted.View(), field, written.back().key,
                                           *options.shredding, store, Cancellation()));
    if (paths.has_value()) written.push_back(*std::move(paths));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::optional<WrittenColumn>> WriteJsonPaths(const schema::ColumnView& json,
                                                            FieldId field,
                                                            const std::string& column_key,
                                                            const expr::ShreddingLimits& limits,
                                                            storage::ObjectStore& store,
                                                            const Cancellation& cancellation) {
  constexpr std::string_view kColumns = "insert_log/", kPaths = "stats_log/";
  ELANUS_ASSIGN_OR_RETURN(const std::string file, EncodeShredded(json, limits, cancellation));
  if (file.empty()) return std::nullopt;
  std::string key = column_key.starts_with(kColumns)
                        ? std::string(kPaths) + column_key.substr(kColumns.size())
                        : column_key + ".paths";
  const std::string_view part = file;
  ELANUS_RETURN_IF_ERROR(store.Put(key, {&part, 1}));
  return WrittenColumn{.field = field,
                       .key = std::move(key),
                       .bytes = static_cast<int64_t>(file.size()),
                       .paths = true};
}

absl::StatusOr<std::vector<WrittenColumn>> WriteSegment(
    const GrowingSegment& segment, int64_t num_rows, FieldId timestamp_field,
    const std::function<std::string(FieldId)>& key_of, storage::ObjectStore& store,
    const WriteOptions& options) {
  std::vector<WrittenColumn> written;
  const absl::Status status =
      WriteColumns(segment, num_rows, timestamp_field, key_of, store, options, written);
  if (status.ok()) return written;
  // A full disk must not be filled further by every try. What cannot be removed is collected at the
  // next start.
  for (const WrittenColumn& column : written) store.Remove(column.key).IgnoreError();
  return status;
}

}  // namespace elanus::segment
