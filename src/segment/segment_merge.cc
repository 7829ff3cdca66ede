#include "segment/segment_merge.h"

#include <algorithm>
#include <numeric>
#include <optional>

#include "schema/row_batch.h"
#include "segment/row_order.h"
#include "segment/time_quantiles.h"
#include "storage/column_file.h"

namespace elanus::segment {
namespace {

// Rows that lie together in an input and in the merged segment.
struct Run {
  size_t input;
  int64_t begin;
  int64_t count;
};

// Places in an order of rows, those that are kept one after the other.
class InputOrder {
 public:
  // In the order of (by, key, timestamp); `by` not valid: of (key, timestamp).
  InputOrder(const MergeInput& input, const schema::FieldSchema* by) : input_(&input) {
    const SealedSegment& segment = *input.segment;
    if (by != nullptr) values_ = segment.Find(by->id)->View();
    const FieldId wanted = by != nullptr ? by->id : FieldId();
    if (segment.ordered_by() == wanted) return;
    const std::span<const uint32_t> by_key = segment.KeyOrder();
    rows_.assign(by_key.begin(), by_key.end());
    if (rows_.empty()) {
      rows_.resize(segment.num_rows());
      std::iota(rows_.begin(), rows_.end(), 0);
    }
    if (by == nullptr) return;
    std::stable_sort(rows_.begin(), rows_.end(), [&](uint32_t a, uint32_t b) {
      return CompareValues(by->type, Value(a), Value(b)) < 0;
    });
  }

  // The first kept place at or behind `place`; the number of rows if there is none.
  int64_t NextKept(int64_t place) const {
    const kernels::Bitset& kept = input_->kept;
    const int64_t size = kept.size();
    if (!rows_.empty()) {
      while (place < size && !kept.Test(rows_[place])) ++place;
      return place;
    }
    while (place < size && !kept.Test(place)) {
      // Whole words of rows that are left out at once.
      place = (place & 63) == 0 && kept.words()[place >> 6] == 0 ? place + 64 : place + 1;
    }
    return std::min(place, size);
  }
  int64_t size() const { return input_->kept.size(); }
  int64_t RowAt(int64_t place) const { return rows_.empty() ? place : rows_[place]; }
  // Of the field that the rows are ordered by first.
  std::string_view Value(int64_t row) const { return values_.Raw(row); }

 private:
  const MergeInput* input_;
  schema::ColumnView values_;
  std::vector<uint32_t> rows_;  // Empty: they lie in that order.
};

// The order of the merged rows, as runs.
std::vector<Run> MergeOrder(std::span<const MergeInput> inputs, const schema::FieldSchema* by) {
  std::vector<InputOrder> orders;
  for (const MergeInput& input : inputs) orders.emplace_back(input, by);
  struct Cursor {
    size_t input;
    int64_t place;
    int64_t row;
  };
  const auto later = [&](const Cursor& a, const Cursor& b) {
    if (by != nullptr) {
      const auto order =
          CompareValues(by->type, orders[a.input].Value(a.row), orders[b.input].Value(b.row));
      if (order != 0) return order > 0;
    }
    const SealedSegment& left = *inputs[a.input].segment;
    const SealedSegment& right = *inputs[b.input].segment;
    const auto order = left.Key(a.row) <=> right.Key(b.row);
    if (order != 0) return order > 0;
    const Timestamp x = left.RowTimestamp(a.row), y = right.RowTimestamp(b.row);
    return x != y ? x > y : a.input > b.input;
  };
  std::vector<Cursor> heap;
  const auto advance = [&](size_t input, int64_t from) {
    const InputOrder& order = orders[input];
    const int64_t place = order.NextKept(from);
    if (place >= order.size()) return false;
    heap.push_back({input, place, order.RowAt(place)});
    return true;
  };
  for (size_t i = 0; i < inputs.size(); ++i) advance(i, 0);
  std::make_heap(heap.begin(), heap.end(), later);
  std::vector<Run> runs;
  while (!heap.empty()) {
    std::pop_heap(heap.begin(), heap.end(), later);
    const Cursor next = heap.back();
    heap.pop_back();
    if (!runs.empty() && runs.back().input == next.input &&
        runs.back().begin + runs.back().count == next.row) {
      ++runs.back().count;
    } else {
      runs.push_back({next.input, next.row, 1});
    }
    if (advance(next.input, next.place + 1)) std::push_heap(heap.begin(), heap.end(), later);
  }
  return runs;
}

class Merger {
 public:
  Merger(std::span<const MergeInput> inputs, const std::function<std::string(FieldId)>& key_of,
         storage::ObjectStore& store, const WriteOptions& options,
         const schema::FieldSchema* order_by)
      : inputs_(inputs),
        key_of_(key_of),
        store_(store),
        options_(options),
        runs_(MergeOrder(inputs, order_by)) {
    for (const Run& run : runs_) merged_.num_rows += run.count;
  }

  absl::Status Write(const schema::CollectionSchema& schema, FieldId timestamp_field,
                     const Cancellation& cancellation) {
    if (merged_.num_rows == 0) return absl::OkStatus();
    ELANUS_RETURN_IF_ERROR(WriteTimestamps(timestamp_field));
    for (const schema::FieldSchema& field : schema.fields) {
      ELANUS_RETURN_IF_ERROR(cancellation.Check());
      const bool somewhere = std::any_of(inputs_.begin(), inputs_.end(), [&](const auto& input) {
        return input.segment->Find(field.id) != nullptr;
      });
      if (!somewhere) continue;
      ELANUS_RETURN_IF_ERROR(schema::IsDenseVector(field.type) ? WriteVectors(field)
                                                               : WriteColumn(field, cancellation));
    }
    return absl::OkStatus();
  }

  void RemoveWritten() {
    for (const WrittenColumn& column : merged_.columns) store_.Remove(column.key).IgnoreError();
  }
  MergedRows&& Take() { return std::move(merged_); }

 private:
  absl::Status Put(FieldId field, const storage::ColumnFileParts& file,
                   std::vector<int64_t> quantiles = {}, std::optional<ColumnSummary> summary = {}) {
    std::string key = key_of_(field);
    ELANUS_RETURN_IF_ERROR(store_.Put(key, file.All()));
    merged_.columns.push_back({.field = field,
                               .key = std::move(key),
                               .bytes = static_cast<int64_t>(file.size()),
                               .quantiles = std::move(quantiles),
                               .summary = std::move(summary)});
    return absl::OkStatus();
  }

  absl::Status WriteTimestamps(FieldId timestamp_field) {
    schema::Column stamps({.type = schema::DataType::kInt64});
    stamps.Reserve(merged_.num_rows);
    merged_.min_timestamp = inputs_[runs_.front().input].segment->RowTimestamp(runs_.front().begin);
    for (const Run& run : runs_) {
      const SealedSegment& segment = *inputs_[run.input].segment;
      for (int64_t row = run.begin; row < run.begin + run.count; ++row) {
        const Timestamp at = segment.RowTimestamp(row);
        merged_.min_timestamp = std::min(merged_.min_timestamp, at);
        merged_.max_timestamp = std::max(merged_.max_timestamp, at);
        stamps.Append(at.value());
      }
    }
    ELANUS_ASSIGN_OR_RETURN(const auto file, storage::EncodeColumnFileParts(stamps.View()));
    return Put(timestamp_field, file, TimeQuantiles(stamps.View()));
  }

  absl::Status WriteColumn(const schema::FieldSchema& field, const Cancellation& cancellation) {
    schema::Column column(field.column_type());
    column.Reserve(merged_.num_rows);
    for (const Run& run : runs_) {
      if (const storage::ColumnFile* file = inputs_[run.input].segment->Find(field.id)) {
        column.AppendRows(file->View(), run.begin, run.count);
      } else {
        column.AppendRows(schema::DefaultColumn(field, run.count).View(), 0, run.count);
      }
    }
    ELANUS_ASSIGN_OR_RETURN(
        const auto file, storage::EncodeColumnFileParts(column.View(), options_.compress_vectors));
    const bool are_times = field.type == schema::DataType::kTimestamptz;
    ELANUS_RETURN_IF_ERROR(Put(field.id, file,
                               are_times ? TimeQuantiles(column.View()) : std::vector<int64_t>(),
                               Summarize(column.View())));
    if (!options_.shredding.has_value() || field.type != schema::DataType::kJson)
      return absl::OkStatus();
    ELANUS_ASSIGN_OR_RETURN(std::optional<WrittenColumn> paths,
                            WriteJsonPaths(column.View(), field.id, merged_.columns.back().key,
                                           *options_.shredding, store_, cancellation));
    if (paths.has_value()) merged_.columns.push_back(*std::move(paths));
    return absl::OkStatus();
  }

  absl::Status WriteVectors(const schema::FieldSchema& field) {
    schema::ColumnView column;
    column.type = field.column_type();
    column.num_rows = merged_.num_rows;
    const auto width = static_cast<size_t>(column.type.width());
    const std::string zeros(width, '\0');
    std::vector<std::string_view> rows;
    std::vector<uint64_t> validity((merged_.num_rows + 63) / 64);
    bool nulls = false;
    int64_t at = 0;
    for (const Run& run : runs_) {
      const storage::ColumnFile* file = inputs_[run.input].segment->Find(field.id);
      if (file == nullptr) {
        rows.insert(rows.end(), run.count, zeros);
      } else {
        rows.emplace_back(file->View().Raw(run.begin).data(), run.count * width);
      }
      for (int64_t i = 0; i < run.count; ++i, ++at) {
        if (file != nullptr && file->View().IsValid(run.begin + i)) {
          validity[at >> 6] |= uint64_t{1} << (at & 63);
        } else {
          nulls = true;
        }
      }
    }
    if (nulls) column.validity = validity.data();
    ELANUS_ASSIGN_OR_RETURN(
        const auto file, storage::EncodeColumnFileParts(column, rows, options_.compress_vectors));
    return Put(field.id, file);
  }

  const std::span<const MergeInput> inputs_;
  const std::function<std::string(FieldId)>& key_of_;
  storage::ObjectStore& store_;
  const WriteOptions& options_;
  const std::vector<Run> runs_;
  MergedRows merged_;
};

}  // namespace

absl::StatusOr<MergedRows> MergeSegments(
    std::span<const MergeInput> inputs, const schema::CollectionSchema& schema,
    FieldId timestamp_field, const std::function<std::string(FieldId)>& key_of,
    storage::ObjectStore& store, const Cancellation& cancellation, const WriteOptions& options) {
  const schema::FieldSchema* by =
      options.order_by.valid() ? schema.Find(options.order_by) : nullptr;
  for (const MergeInput& input : inputs) {
    if (by != nullptr && input.segment->Find(by->id) == nullptr) {
      return InternalError(ErrorCode::kDataIntegrity, "segment {} has no column of its field {}",
                           input.segment->id(), by->name);
    }
  }
  Merger merger(inputs, key_of, store, options, by);
  const absl::Status status = merger.Write(schema, timestamp_field, cancellation);
  if (!status.ok()) {
    merger.RemoveWritten();
    return status;
  }
  return merger.Take();
}

}  // namespace elanus::segment
