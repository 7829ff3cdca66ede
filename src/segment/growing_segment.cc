#include "segment/growing_segment.h"

#include <algorithm>
#include <deque>

#include "common/check.h"
#include "segment/list_search.h"
#include "segment/vector_search.h"

namespace elanus::segment {
namespace {

// The first rows of a growing segment as columns. Threads: one request's; not shared.
class GrowingSource final : public expr::ColumnSource {
 public:
  GrowingSource(const GrowingSegment& segment, const schema::CollectionSchema& schema,
                int64_t num_rows)
      : segment_(segment), schema_(schema), num_rows_(num_rows) {}

  int64_t num_rows() const override { return num_rows_; }

  int64_t ContiguousRows(int64_t begin) const override {
    const int chunk = ChunkOf(begin);
    return std::min(num_rows_, ChunkBegin(chunk) + ChunkSize(chunk)) - begin;
  }

  schema::ColumnView Rows(FieldId field, int64_t begin, int64_t count) const override {
    const GrowingColumn* column = segment_.Find(field);
    if (column == nullptr) return DefaultRows(field, count);
    const int chunk = ChunkOf(begin);
    const int64_t at = begin - ChunkBegin(chunk);
    scratch_.emplace_back();
    return column->View(chunk, at + count, scratch_.back()).Slice(at, count);
  }

  std::optional<kernels::Bitset> MatchText(FieldId field, const text::MatchQuery& query,
                                           const Cancellation& cancellation) const override {
    const schema::FieldSchema* found = schema_.Find(field);
    if (found == nullptr || segment_.Find(field) == nullptr) return std::nullopt;
    return segment_.match_columns().Match(*found, *this, query, cancellation);
  }

  bool has_indexes() const override { return !segment_.indexes().empty(); }
  std::optional<expr::IndexAnswer> AskIndex(const expr::IndexQuestion& question, double budget_ns,
                                            const Cancellation& cancellation) const override {
    return segment_.indexes().Ask(question, budget_ns, segment_.Share(question.field), num_rows_,
                                  cancellation);
  }

 private:
  schema::ColumnView DefaultRows(FieldId field, int64_t count) const {
    auto it = defaults_.find(field);
    if (it == defaults_.end() || it->second.num_rows() < count) {
      const schema::FieldSchema* found = schema_.Find(field);
      ELANUS_CHECK(found != nullptr);
      it = defaults_.insert_or_assign(field, schema::DefaultColumn(*found, count)).first;
    }
    return it->second.View().Slice(0, count);
  }

  const GrowingSegment& segment_;
  const schema::CollectionSchema& schema_;
  const int64_t num_rows_;
  mutable std::deque<std::vector<uint64_t>> scratch_;
  mutable std::map<FieldId, schema::Column> defaults_;
};

// The vectors of a growing column. Holds the column, so it may outlive the segment.
class GrowingVectors final : public VectorPieces {
 public:
  explicit GrowingVectors(std::shared_ptr<const GrowingColumn> column)
      : column_(std::move(column)) {}

  schema::DataType type() const override { return column_->type().type; }
  int64_t dim() const override { return column_->type().dim; }
  index::VectorRows At(int64_t begin, int64_t end) const override {
    const int chunk = ChunkOf(begin);
    const int64_t count = std::min(end, ChunkBegin(chunk) + ChunkSize(chunk)) - begin;
    const auto* data = reinterpret_cast<const uint8_t*>(column_->Raw(begin).data());
    return {type(), dim(), count, data};
  }
  void RemoveNulls(kernels::Bitset& rows) const override {
    std::vector<uint64_t> validity;
    for (int64_t begin = 0; begin < rows.size();) {
      const int chunk = ChunkOf(begin);
      const int64_t count = std::min(ChunkSize(chunk), rows.size() - begin);
      if (column_->View(chunk, count, validity).validity != nullptr) {
        for (size_t w = 0; w < validity.size(); ++w) rows.words()[begin / 64 + w] &= validity[w];
      }
      begin += count;
    }
  }

 private:
  const std::shared_ptr<const GrowingColumn> column_;
};

}  // namespace

GrowingSegment::GrowingSegment(SegmentId id, PartitionId partition, int32_t shard,
                               const schema::CollectionSchema& schema)
    : Segment(id, partition, shard),
      key_field_(schema.primary_key().id),
      string_keys_(schema.primary_key().type == schema::DataType::kVarChar),
      timestamps_({.type = schema::DataType::kInt64}) {
  for (const schema::FieldSchema& field : schema.fields) {
    columns_[field.id] = std::make_shared<GrowingColumn>(field.column_type());
  }
  keys_ = columns_.at(key_field_).get();
}

void GrowingSegment::Insert(const schema::CollectionSchema& schema, const schema::RowBatch& rows,
                            Timestamp at) {
  if (rows.num_rows == 0) return;
  const int64_t begin = num_rows_.load(std::memory_order_relaxed);
  {
    absl::MutexLock lock(&columns_mutex_);
    for (const auto& [field, values] : rows.columns) {
      const schema::FieldSchema* known = schema.Find(field);
      if (known == nullptr && !columns_.contains(field)) continue;  // Dropped: nobody asks for it.
      std::shared_ptr<GrowingColumn>& column = columns_[field];
      if (column == nullptr) {
        column = std::make_shared<GrowingColumn>(values.type());
        if (begin > 0) column->Append(schema::DefaultColumn(*known, begin).View());
      }
      if (column->num_rows() == begin) column->Append(values.View());
    }
    for (auto& [field, column] : columns_) {
      if (column->num_rows() > begin) continue;
      const schema::FieldSchema* missing = schema.Find(field);
      schema::FieldSchema unknown;  // A field dropped meanwhile: keep rows aligned.
      unknown.type = column->type().type;
      unknown.element_type = column->type().element_type;
      unknown.type_params["dim"] = std::to_string(column->type().dim);
      column->Append(
          schema::DefaultColumn(missing != nullptr ? *missing : unknown, rows.num_rows).View());
    }
  }
  schema::Column stamps({.type = schema::DataType::kInt64});
  stamps.Reserve(rows.num_rows);
  for (int64_t i = 0; i < rows.num_rows; ++i) stamps.Append(at.value());
  timestamps_.Append(stamps.View());
  IndexKeys(begin, begin + rows.num_rows);
  num_rows_.store(begin + rows.num_rows, std::memory_order_release);
}

void GrowingSegment::IndexKeys(int64_t begin, int64_t end) {
  older_.resize(end, -1);
  for (int64_t row = begin; row < end; ++row) {
    const schema::PrimaryKeyView key = Key(row);
    if (string_keys_) {
      const auto [it, added] = newest_by_text_.try_emplace(key.as_string(), row);
      if (!added) {
        older_[row] = it->second;
        it->second = row;
      }
    } else {
      const auto [it, added] = newest_by_int_.try_emplace(key.as_int(), row);
      if (!added) {
        older_[row] = it->second;
        it->second = row;
      }
    }
  }
}

bool GrowingSegment::Delete(schema::PrimaryKeyView key, Timestamp at) {
  int64_t row = -1;
  if (string_keys_) {
    const auto it = newest_by_text_.find(key.as_string());
    if (it != newest_by_text_.end()) row = it->second;
  } else {
    const auto it = newest_by_int_.find(key.as_int());
    if (it != newest_by_int_.end()) row = it->second;
  }
  bool hid = false;
  for (; row >= 0; row = older_[row]) {
    if (RowTimestamp(row) >= at) continue;
    // What hid this row hid the older ones of its key too. Without stopping here a key that is
    // written over and over would cost its whole history each time.
    if (!deletes_.Add(row, at)) break;
    hid = true;
  }
  return hid;
}

void GrowingSegment::HideUpTo(Timestamp at) {
  const int64_t rows = num_rows();
  for (int64_t row = 0; row < rows && RowTimestamp(row) <= at; ++row) deletes_.Add(row, at);
}

int64_t GrowingSegment::byte_size() const {
  absl::ReaderMutexLock lock(&columns_mutex_);
  int64_t sum = timestamps_.byte_size();
  for (const auto& [field, column] : columns_) sum += column->byte_size();
  return sum;
}

Timestamp GrowingSegment::min_timestamp() const {
  return num_rows() == 0 ? Timestamp() : RowTimestamp(0);
}

Timestamp GrowingSegment::max_timestamp() const {
  const int64_t rows = num_rows();
  return rows == 0 ? Timestamp() : RowTimestamp(rows - 1);
}

std::vector<FieldId> GrowingSegment::Fields() const {
  absl::ReaderMutexLock lock(&columns_mutex_);
  std::vector<FieldId> out;
  for (const auto& [field, column] : columns_) out.push_back(field);
  return out;
}

const GrowingColumn* GrowingSegment::Find(FieldId field) const {
  return Share(field).get();  // Columns are never removed.
}

std::shared_ptr<const GrowingColumn> GrowingSegment::Share(FieldId field) const {
  absl::ReaderMutexLock lock(&columns_mutex_);
  const auto it = columns_.find(field);
  return it == columns_.end() ? nullptr : it->second;
}

int64_t GrowingSegment::RowsUpTo(Timestamp at, int64_t num_rows) const {
  int64_t low = 0, high = num_rows;
  while (low < high) {  // The first row newer than `at`.
    const int64_t middle = low + (high - low) / 2;
    if (RowTimestamp(middle) <= at) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

kernels::Bitset GrowingSegment::Visible(Timestamp at) const {
  kernels::Bitset visible(RowsUpTo(at, num_rows()), true);
  deletes_.Hide(at, visible);
  return visible;
}

void GrowingSegment::HideInsertedUpTo(Timestamp at, kernels::Bitset& rows) const {
  const int64_t end = RowsUpTo(at, rows.size());
  for (int64_t word = 0; word < end / 64; ++word) rows.words()[word] = 0;
  for (int64_t row = end / 64 * 64; row < end; ++row) rows.Reset(row);
}

std::unique_ptr<expr::ColumnSource> GrowingSegment::Source(const schema::CollectionSchema& schema,
                                                           int64_t num_rows) const {
  return std::make_unique<GrowingSource>(*this, schema, num_rows);
}

schema::PrimaryKeyView GrowingSegment::Key(int64_t row) const {
  const std::string_view raw = keys_->Raw(row);
  if (string_keys_) return schema::PrimaryKeyView(raw);
  int64_t key;
  std::memcpy(&key, raw.data(), sizeof(key));
  return schema::PrimaryKeyView(key);
}

Timestamp GrowingSegment::RowTimestamp(int64_t row) const {
  uint64_t value;
  std::memcpy(&value, timestamps_.Raw(row).data(), sizeof(value));
  return Timestamp(value);
}

absl::Status GrowingSegment::Fetch(const schema::FieldSchema& field, std::span<const int64_t> rows,
                                   schema::Column& out, const Cancellation&) const {
  const GrowingColumn* column = Find(field.id);
  if (column == nullptr) {
    out.AppendRows(schema::DefaultColumn(field, rows.size()).View(), 0, rows.size());
    return absl::OkStatus();
  }
  for (const int64_t row : rows) column->AppendRowTo(row, out);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::vector<index::Neighbor>>> GrowingSegment::Search(
    const SearchSpec& spec, const kernels::Bitset& candidates,
    const Cancellation& cancellation) const {
  const std::shared_ptr<const GrowingColumn> column = Share(spec.field);
  if (column == nullptr) return std::vector<std::vector<index::Neighbor>>(spec.num_queries);
  if (column->type().type == schema::DataType::kArrayOfVector) {
    std::vector<ListRun> runs;
    std::vector<uint64_t> unused;  // Null rows have no vectors.
    for (int64_t begin = 0; begin < candidates.size();) {
      const int chunk = ChunkOf(begin);
      const int64_t count = std::min(ChunkSize(chunk), candidates.size() - begin);
      runs.push_back({index::ElementRows(column->View(chunk, count, unused)), begin});
      begin += count;
    }
    return SearchLists(spec, runs, nullptr, candidates, cancellation);
  }
  const auto rows = std::make_shared<GrowingVectors>(column);
  std::shared_ptr<const InterimIndex> interim;
  if (spec.interim != nullptr &&
      candidates.size() * rows->width() >= spec.interim->options().growing_bytes_min) {
    interim = spec.interim->Index(interim_, spec.field, spec.metric, rows, candidates.size());
  }
  return SearchVectors(*rows, spec, candidates, interim.get(), cancellation);
}

}  // namespace elanus::segment
