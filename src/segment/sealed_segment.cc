#include "segment/sealed_segment.h"

#include <algorithm>
#include <numeric>

#include "common/check.h"
#include "common/logging.h"
#include "index/brute_force.h"
#include "schema/row_batch.h"
#include "schema/text_params.h"
#include "segment/column_pins.h"
#include "segment/list_search.h"
#include "segment/read_until.h"
#include "segment/vector_search.h"

namespace elanus::segment {
namespace {

// Of vectors that are pinned at once where there is no index.
constexpr int64_t kPieceBytes = 32 << 20;

class SealedSource final : public expr::ColumnSource {
 public:
  // The entries of shredded fields that may be read.
  using Entries = std::map<FieldId, std::set<uint32_t>>;

  // `pins`: of what is read, if that is not pinned by the caller. `entries`: null if all may be
  // read, since nothing goes.
  SealedSource(const SealedSegment& segment, const schema::CollectionSchema& schema,
               int64_t num_rows, cache::TierPins pins, std::optional<Entries> entries)
      : segment_(segment),
        schema_(schema),
        num_rows_(num_rows),
        pins_(std::move(pins)),
        entries_(std::move(entries)) {}

  int64_t num_rows() const override { return num_rows_; }
  int64_t ContiguousRows(int64_t begin) const override { return num_rows_ - begin; }

  schema::ColumnView Rows(FieldId field, int64_t begin, int64_t count) const override {
    if (const storage::ColumnFile* file = segment_.Find(field)) {
      return file->View().Slice(begin, count);
    }
    auto it = defaults_.find(field);
    if (it == defaults_.end() || it->second.num_rows() < count) {
      const schema::FieldSchema* found = schema_.Find(field);
      ELANUS_CHECK(found != nullptr);
      it = defaults_.insert_or_assign(field, schema::DefaultColumn(*found, count)).first;
    }
    return it->second.View().Slice(0, count);
  }

  expr::ShreddedPrefix Shredded(FieldId field, const expr::JsonPath& path) const override {
    const ShreddedField* const shredded = segment_.Shredded(field);
    const auto found = shredded != nullptr ? shredded->Find(path) : std::nullopt;
    if (!found.has_value()) return {};
    if (entries_.has_value()) {
      const auto pinned = entries_->find(field);
      if (pinned == entries_->end() || !pinned->second.contains(found->entry)) return {};
    }
    return {shredded->Get(found->entry), found->num_steps};
  }

  const storage::ZoneMap* Zones(FieldId field) const override {
    const storage::ColumnFile* file = segment_.Find(field);
    return file == nullptr ? nullptr : &file->zones();
  }

  std::shared_ptr<const expr::ColumnStatistics> Statistics(FieldId field) const override {
    const storage::ColumnFile* file = segment_.Find(field);
    if (file == nullptr) return nullptr;
    if (const expr::ColumnStatistics* written = file->statistics()) {
      return {std::shared_ptr<const void>(), written};  // Lives as long as the segment.
    }
    // Of a column that comes and goes: made when all of it was there.
    return segment_.BytesAway(field) > 0 ? segment_.statistics().Known(field)
                                         : segment_.statistics().Of(field, file->View());
  }

  std::optional<kernels::Bitset> MatchText(FieldId field, const text::MatchQuery& query,
                                           const Cancellation& cancellation) const override {
    const schema::FieldSchema* found = schema_.Find(field);
    if (found == nullptr || segment_.Find(field) == nullptr) return std::nullopt;
    return segment_.match_columns().Match(*found, *this, query, cancellation);
  }

  bool has_indexes() const override {
    return num_rows_ == segment_.num_rows() && !segment_.scalar_indexes().empty();
  }
  std::optional<expr::IndexAnswer> AskIndex(const expr::IndexQuestion& question, double budget_ns,
                                            const Cancellation& cancellation) const override {
    return segment_.scalar_indexes().Ask(question, budget_ns, cancellation);
  }
  std::optional<expr::IndexOffer> OfferRows(const expr::IndexQuestion& question, double budget_ns,
                                            const Cancellation& cancellation) const override {
    return segment_.scalar_indexes().Offer(question, budget_ns, cancellation);
  }

 private:
  const SealedSegment& segment_;
  const schema::CollectionSchema& schema_;
  const int64_t num_rows_;
  const cache::TierPins pins_;
  const std::optional<Entries> entries_;
  mutable std::map<FieldId, schema::Column> defaults_;
};

// The vectors of a column file. Holds the file, so it may outlive the segment.
class SealedVectors final : public VectorPieces {
 public:
  explicit SealedVectors(std::shared_ptr<const storage::ColumnFile> file)
      : file_(std::move(file)), view_(file_->View()) {}

  schema::DataType type() const override { return view_.type.type; }
  int64_t dim() const override { return view_.type.dim; }
  index::VectorRows At(int64_t begin, int64_t end) const override {
    return {type(), dim(), end - begin, view_.fixed + begin * width()};
  }
  void RemoveNulls(kernels::Bitset& rows) const override {
    if (view_.validity != nullptr) rows.And({view_.validity, rows.size()});
  }

 private:
  const std::shared_ptr<const storage::ColumnFile> file_;
  const schema::ColumnView view_;
};

absl::Status CheckRows(const std::string& key, const storage::ColumnFile& file, int64_t num_rows) {
  if (file.View().num_rows == num_rows) return absl::OkStatus();
  return InternalError(ErrorCode::kDataIntegrity, "{} holds {} rows, the catalog says {}", key,
                       file.View().num_rows, num_rows);
}

absl::StatusOr<std::shared_ptr<const storage::ColumnFile>> OpenColumn(storage::ObjectStore& store,
                                                                      const std::string& key,
                                                                      int64_t num_rows,
                                                                      const Cancellation& reader) {
  ELANUS_ASSIGN_OR_RETURN(std::shared_ptr<storage::MappedFile> object, store.Get(key));
  reader.NoteFetched(object->data().size());
  ELANUS_ASSIGN_OR_RETURN(std::shared_ptr<const storage::ColumnFile> file,
                          storage::ColumnFile::Open(std::move(object), key));
  ELANUS_RETURN_IF_ERROR(CheckRows(key, *file, num_rows));
  return file;
}

absl::StatusOr<std::shared_ptr<const cache::CachedColumn>> OpenCached(const cache::Tiers& tiers,
                                                                      cache::Identity identity,
                                                                      int64_t object_bytes,
                                                                      int64_t num_rows,
                                                                      const Cancellation& reader) {
  const std::string key = identity.name;
  ELANUS_ASSIGN_OR_RETURN(std::shared_ptr<const cache::CachedColumn> column,
                          cache::CachedColumn::Open(tiers, std::move(identity),
                                                    static_cast<uint64_t>(object_bytes), reader));
  ELANUS_RETURN_IF_ERROR(CheckRows(key, *column, num_rows));
  return column;
}

cache::Kind KindOf(const schema::FieldSchema& field) {
  return schema::IsVector(field.type) ? cache::Kind::kVectorField : cache::Kind::kScalarField;
}

// Null if it cannot be read: then the texts answer alone.
std::shared_ptr<const ShreddedField> OpenShredded(const ColumnObject& object, int64_t num_rows,
                                                  storage::ObjectStore& store,
                                                  const TierOptions& options,
                                                  const Cancellation& reader) {
  const auto open = [&]() -> absl::StatusOr<std::shared_ptr<const ShreddedField>> {
    if (options.tiers != nullptr && object.bytes > 0) {
      return ShreddedField::Open(*options.tiers,
                                 {cache::Kind::kScalarField, options.owner, object.key},
                                 static_cast<uint64_t>(object.bytes), num_rows, reader);
    }
    ELANUS_ASSIGN_OR_RETURN(std::shared_ptr<storage::MappedFile> file, store.Get(object.key));
    return ShreddedField::Open(std::move(file), object.key, num_rows);
  };
  auto opened = open();
  if (opened.ok()) return *std::move(opened);
  ELANUS_LOG_EVERY(10, Error, "columns of JSON paths cannot be read; the texts are read instead",
                   Field("object", object.key), Field("reason", opened.status()));
  return nullptr;
}

// What opening one file came to.
struct OpenedColumn {
  absl::Status status;
  std::shared_ptr<const storage::ColumnFile> file;  // Null: of no field any more.
  std::shared_ptr<const cache::CachedColumn> cached;
};

OpenedColumn OpenWhole(storage::ObjectStore& store, const std::string& key, int64_t num_rows,
                       const Cancellation& reader) {
  auto file = OpenColumn(store, key, num_rows, reader);
  return file.ok() ? OpenedColumn{.file = *std::move(file)} : OpenedColumn{.status = file.status()};
}

OpenedColumn OpenOne(const ColumnObject& column, int64_t num_rows,
                     const schema::CollectionSchema& schema, storage::ObjectStore& store,
                     const TierOptions& options, const Cancellation& reader) {
  const schema::FieldSchema* field = schema.Find(column.field);
  if (field == nullptr) return {};
  if (options.tiers == nullptr || field->is_primary_key || column.bytes == 0) {
    return OpenWhole(store, column.key, num_rows, reader);
  }
  auto cached = OpenCached(*options.tiers, {KindOf(*field), options.owner, column.key},
                           column.bytes, num_rows, reader);
  if (!cached.ok()) return {.status = cached.status()};
  return {.file = *cached, .cached = *cached};
}

}  // namespace

SealedSegment::SealedSegment(const SealedFiles& files)
    : Segment(files.id, files.partition, files.shard),
      num_rows_(files.num_rows),
      min_timestamp_(files.min_timestamp),
      max_timestamp_(files.max_timestamp),
      replaces_(files.replaces),
      siblings_(files.siblings),
      deletes_applied_(files.deletes_applied),
      ordered_by_(files.ordered_by) {}

absl::StatusOr<std::shared_ptr<SealedSegment>> SealedSegment::Open(
    const SealedFiles& files, const schema::CollectionSchema& schema, storage::ObjectStore& store,
    const TierOptions& options) {
  std::shared_ptr<SealedSegment> segment(new SealedSegment(files));
  if (options.tiers != nullptr) segment->tiers_ = *options.tiers;
  std::vector<OpenedColumn> opened(files.columns.size() + 1);
  std::vector<std::shared_ptr<const ShreddedField>> shredded(files.shredded.size());
  const Cancellation& reader = ReadUntil::Current();
  const auto open = [&](size_t i) {
    if (i >= opened.size()) {
      const size_t place = i - opened.size();
      shredded[place] = OpenShredded(files.shredded[place], files.num_rows, store, options, reader);
      return;
    }
    opened[i] = i < files.columns.size()
                    ? OpenOne(files.columns[i], files.num_rows, schema, store, options, reader)
                    : OpenWhole(store, files.timestamps, files.num_rows, reader);
  };
  if (options.tiers != nullptr && options.tiers->io != nullptr) {
    // Each waits for the store.
    options.tiers->io->ParallelFor(opened.size() + shredded.size(), open);
  } else {
    for (size_t i = 0; i < opened.size() + shredded.size(); ++i) open(i);
  }
  for (const OpenedColumn& column : opened) ELANUS_RETURN_IF_ERROR(column.status);
  for (size_t i = 0; i < files.columns.size(); ++i) {
    const ColumnObject& column = files.columns[i];
    const schema::FieldSchema* field = schema.Find(column.field);
    if (field == nullptr) continue;  // Dropped since.
    const std::shared_ptr<const storage::ColumnFile>& file = opened[i].file;
    if (opened[i].cached != nullptr) segment->cached_[column.field] = opened[i].cached;
    if (file->View().type != field->column_type()) {
      return InternalError(ErrorCode::kDataIntegrity, "{} is not a column of type {}", column.key,
                           schema::DataTypeName(field->type));
    }
    segment->columns_[column.field] = file;
  }
  for (size_t i = 0; i < shredded.size(); ++i) {
    const FieldId field = files.shredded[i].field;
    if (shredded[i] != nullptr && segment->Find(field) != nullptr) {
      segment->shredded_[field] = std::move(shredded[i]);
    }
  }
  segment->timestamp_file_ = opened.back().file;
  const storage::ColumnFile* keys = segment->Find(schema.primary_key().id);
  if (keys == nullptr) {
    return InternalError(ErrorCode::kDataIntegrity, "segment {} has no primary key column",
                         files.id);
  }
  segment->keys_ = keys->View();
  segment->timestamps_ = segment->timestamp_file_->View();
  if (segment->timestamps_.type.type != schema::DataType::kInt64) {
    return InternalError(ErrorCode::kDataIntegrity, "{} holds no timestamps", files.timestamps);
  }
  return segment;
}

void SealedSegment::BuildMatchColumns(const schema::CollectionSchema& schema) {
  for (const schema::FieldSchema& field : schema.fields) {
    if (!schema::EnablesMatch(field) || Find(field.id) == nullptr || cached_.contains(field.id) ||
        scalar_indexes_.HasTexts(field.id)) {
      continue;
    }
    match_columns_.Build(field, *Source(schema, num_rows_));
  }
}

const storage::ColumnFile* SealedSegment::Find(FieldId field) const {
  const auto it = columns_.find(field);
  return it == columns_.end() ? nullptr : it->second.get();
}

const ShreddedField* SealedSegment::Shredded(FieldId field) const {
  const auto it = shredded_.find(field);
  return it == shredded_.end() ? nullptr : it->second.get();
}

std::span<const uint32_t> SealedSegment::KeyOrder() const {
  if (sorted_by_key()) return {};
  absl::call_once(key_order_once_, [&] {
    key_order_.resize(num_rows_);
    std::iota(key_order_.begin(), key_order_.end(), 0);
    std::sort(key_order_.begin(), key_order_.end(), [&](uint32_t a, uint32_t b) {
      const auto order = Key(a) <=> Key(b);
      return order != 0 ? order < 0 : RowTimestamp(a) < RowTimestamp(b);
    });
    key_order_bytes_ = num_rows_ * static_cast<int64_t>(sizeof(uint32_t));
  });
  return key_order_;
}

int64_t SealedSegment::LowerBound(schema::PrimaryKeyView key, Timestamp at) const {
  int64_t low = 0, high = num_rows_;
  while (low < high) {
    const int64_t middle = low + (high - low) / 2;
    const int64_t row = RowAt(middle);
    const auto order = Key(row) <=> key;
    if (order < 0 || (order == 0 && RowTimestamp(row) < at)) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

bool SealedSegment::Delete(schema::PrimaryKeyView key, Timestamp at) {
  bool hid = false;
  // Newest first: what hid a row hid the older ones of its key too.
  for (int64_t place = LowerBound(key, at) - 1; place >= 0; --place) {
    const int64_t row = RowAt(place);
    if (Key(row) != key || !deletes_.Add(row, at)) break;
    hid = true;
  }
  return hid;
}

void SealedSegment::HideUpTo(Timestamp at) {
  for (int64_t row = 0; row < num_rows_; ++row) {
    if (RowTimestamp(row) <= at) deletes_.Add(row, at);
  }
}

void SealedSegment::SetIndex(FieldId field, std::shared_ptr<const LoadedIndex> index) {
  absl::MutexLock lock(&index_mutex_);
  if (index == nullptr) {
    indexes_.erase(field);
  } else {
    indexes_[field] = std::move(index);
    interim_.Drop(field);
  }
}

std::shared_ptr<const LoadedIndex> SealedSegment::IndexOf(FieldId field) const {
  absl::ReaderMutexLock lock(&index_mutex_);
  const auto it = indexes_.find(field);
  return it == indexes_.end() ? nullptr : it->second;
}

index::VectorRows SealedSegment::Vectors(FieldId field) const {
  const storage::ColumnFile* file = Find(field);
  if (file == nullptr) return {};
  const schema::ColumnView view = file->View();
  if (view.type.type == schema::DataType::kArrayOfVector) {
    // In tiers the offsets, which say how many vectors there are, need not be here.
    const cache::CachedColumn* column = CachedOf(field);
    if (column == nullptr) return index::ElementRows(view).vectors();
    const int64_t width = view.type.element_width();
    return {view.type.element_type, view.type.dim,
            static_cast<int64_t>(column->value_bytes()) / width,
            reinterpret_cast<const uint8_t*>(view.bytes)};
  }
  return {view.type.type, view.type.dim, view.num_rows, view.fixed};
}

int64_t SealedSegment::memory_bytes() const {
  int64_t sum = timestamp_file_->memory_bytes() + match_columns_.memory_bytes() +
                statistics_.memory_bytes() + interim_.memory_bytes() +
                scalar_indexes_.memory_bytes() + key_order_bytes_;
  for (const auto& [field, file] : columns_) sum += file->memory_bytes();
  for (const auto& [field, shredded] : shredded_) sum += shredded->memory_bytes();
  absl::ReaderMutexLock lock(&index_mutex_);
  for (const auto& [field, loaded] : indexes_) {
    sum += loaded->cells != nullptr ? loaded->cells->memory_bytes() : loaded->index->memory_bytes();
  }
  return sum;
}

kernels::Bitset SealedSegment::Visible(Timestamp at) const {
  kernels::Bitset visible(num_rows_, true);
  if (at < max_timestamp_) {
    for (int64_t row = 0; row < num_rows_; ++row) {
      if (RowTimestamp(row) > at) visible.Reset(row);
    }
  }
  deletes_.Hide(at, visible);
  return visible;
}

void SealedSegment::HideInsertedUpTo(Timestamp at, kernels::Bitset& rows) const {
  if (at < min_timestamp_) return;
  for (int64_t word = 0; word < rows.num_words(); ++word) {
    uint64_t& bits = rows.words()[word];
    if (bits == 0) continue;
    uint64_t newer = 0;
    const int64_t begin = word * 64, end = std::min(begin + 64, rows.size());
    for (int64_t row = begin; row < end; ++row) {
      newer |= static_cast<uint64_t>(RowTimestamp(row) > at) << (row - begin);
    }
    bits &= newer;
  }
}

std::unique_ptr<expr::ColumnSource> SealedSegment::Source(const schema::CollectionSchema& schema,
                                                          int64_t num_rows) const {
  std::optional<SealedSource::Entries> none;
  if (tiers_.memory != nullptr) none.emplace();
  return std::make_unique<SealedSource>(*this, schema, num_rows, cache::TierPins(),
                                        std::move(none));
}

absl::StatusOr<std::unique_ptr<expr::ColumnSource>> SealedSegment::SourceFor(
    const expr::Plan& plan, const PlanReads& reads, const schema::CollectionSchema& schema,
    int64_t num_rows, const Cancellation& cancellation) const {
  if (tiers_.memory == nullptr && reads.shredded) return Source(schema, num_rows);
  SealedSource::Entries entries;
  std::set<FieldId> columns(reads.fields.begin(), reads.fields.end());
  for (const auto& [field, paths] : expr::JsonPathsOf(plan)) {
    if (!reads.shredded) break;
    const ShreddedField* const shredded = Shredded(field);
    if (shredded == nullptr || !columns.contains(field)) continue;
    bool all = true;
    for (const expr::JsonPath& path : paths) {
      const auto found = shredded->Find(path);
      if (found.has_value()) entries[field].insert(found->entry);
      all &= found.has_value();
    }
    if (all) columns.erase(field);
  }
  const auto pin = [&](const std::set<FieldId>& fields, const SealedSource::Entries& paths) {
    cache::TierWants wants;
    for (const auto& [field, wanted] : paths) Shredded(field)->Want(wanted, wants);
    return PinRows(std::vector<FieldId>(fields.begin(), fields.end()), reads.rows, std::move(wants),
                   cancellation);
  };
  absl::StatusOr<cache::TierPins> pins = pin(columns, entries);
  if (!entries.empty() && CodeOf(pins.status()) == ErrorCode::kDataIntegrity) {
    // Damaged columns of paths cost speed, never answers.
    ELANUS_LOG_EVERY(60, Error, "columns of JSON paths cannot be read; the texts are read instead",
                     Field("segment", id().value()), Field("reason", pins.status()));
    for (const auto& [field, wanted] : entries) columns.insert(field);
    entries.clear();
    pins = pin(columns, entries);
  }
  ELANUS_RETURN_IF_ERROR(pins.status());
  return std::make_unique<SealedSource>(*this, schema, num_rows, *std::move(pins),
                                        std::move(entries));
}

const cache::CachedColumn* SealedSegment::CachedOf(FieldId field) const {
  const auto it = cached_.find(field);
  return it == cached_.end() ? nullptr : it->second.get();
}

cache::TierWants SealedSegment::WantsOf(std::span<const FieldId> fields,
                                        cache::TierWants also) const {
  for (const FieldId field : fields) {
    if (const cache::CachedColumn* column = CachedOf(field)) column->WantAll(also);
  }
  return also;
}

absl::StatusOr<cache::TierPins> SealedSegment::Pin(std::span<const FieldId> fields,
                                                   const Cancellation& cancellation) const {
  return PinRows(fields, {}, {}, cancellation);
}

int64_t SealedSegment::BytesAway(FieldId field) const {
  const cache::CachedColumn* column = CachedOf(field);
  return column == nullptr ? 0 : column->bytes_away();
}

absl::StatusOr<cache::TierPins> SealedSegment::PinRows(std::span<const FieldId> fields,
                                                       kernels::BitView rows, cache::TierWants also,
                                                       const Cancellation& cancellation) const {
  if (rows.empty()) return WantsOf(fields, std::move(also)).Pin(tiers_, cancellation, nullptr);
  cache::TierWants heads;
  for (const FieldId field : fields) {
    if (const cache::CachedColumn* column = CachedOf(field)) column->WantHead(heads);
  }
  {
    // Where values of variable width lie is in the heads. They are let go again: who waits for room
    // holds nothing.
    ELANUS_ASSIGN_OR_RETURN(const cache::TierPins pins,
                            std::move(heads).Pin(tiers_, cancellation, nullptr));
    for (const FieldId field : fields) {
      if (const cache::CachedColumn* column = CachedOf(field)) {
        column->WantRows({rows.words(), static_cast<size_t>(rows.num_words())}, also);
      }
    }
  }
  return std::move(also).Pin(tiers_, cancellation, nullptr);
}

absl::Status SealedSegment::WarmAll(const Cancellation& cancellation) const {
  for (const auto& [field, column] : cached_) {
    const absl::Status status = WarmColumn(field, cancellation);
    const bool no_room = CodeOf(status) == ErrorCode::kMemoryLimitExceeded ||
                         CodeOf(status) == ErrorCode::kDiskLimitExceeded;
    if (!status.ok() && !no_room) return status;
  }
  return absl::OkStatus();
}

absl::Status SealedSegment::WarmColumn(FieldId field, const Cancellation& cancellation) const {
  return Pin({&field, 1}, cancellation).status();
}

absl::Status SealedSegment::WarmIndex(FieldId field, const Cancellation& cancellation) const {
  const std::shared_ptr<const LoadedIndex> loaded = IndexOf(field);
  return loaded == nullptr ? absl::OkStatus() : WarmIndex(field, *loaded, cancellation);
}

absl::Status SealedSegment::WarmIndex(FieldId field, const LoadedIndex& loaded,
                                      const Cancellation& cancellation) const {
  if (loaded.cells == nullptr) return absl::OkStatus();
  {
    cache::TierWants index;
    index.memory.push_back(cache::Want::All(loaded.cells));
    ELANUS_ASSIGN_OR_RETURN(const cache::TierPins pins,
                            std::move(index).Pin(tiers_, cancellation, nullptr));
    if (loaded.Get().reads_few_rows()) return absl::OkStatus();
  }
  cache::TierWants both = WantsOf({&field, 1});
  both.memory.push_back(cache::Want::All(loaded.cells));
  return std::move(both).Pin(tiers_, cancellation, nullptr).status();
}

absl::Status SealedSegment::WarmIndex(const LoadedScalarIndex& loaded,
                                      const Cancellation& cancellation) const {
  if (loaded.blocks == nullptr) return absl::OkStatus();
  cache::TierWants wants;
  wants.memory.push_back(cache::Want::All(loaded.blocks));
  return std::move(wants).Pin(tiers_, cancellation, nullptr).status();
}

absl::Status SealedSegment::Fetch(const schema::FieldSchema& field, std::span<const int64_t> rows,
                                  schema::Column& out, const Cancellation& cancellation) const {
  const storage::ColumnFile* file = Find(field.id);
  if (file == nullptr) {
    out.AppendRows(schema::DefaultColumn(field, rows.size()).View(), 0, rows.size());
    return absl::OkStatus();
  }
  cache::TierPins pins;
  if (const cache::CachedColumn* column = CachedOf(field.id)) {
    ELANUS_ASSIGN_OR_RETURN(pins, column->PinRows(rows, cancellation, nullptr));
  }
  const schema::ColumnView view = file->View();
  for (const int64_t row : rows) out.AppendRow(view, row);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::vector<index::Neighbor>>> SealedSegment::Search(
    const SearchSpec& spec, const kernels::Bitset& candidates,
    const Cancellation& cancellation) const {
  if (Find(spec.field) == nullptr) {
    return std::vector<std::vector<index::Neighbor>>(spec.num_queries);
  }
  std::shared_ptr<const LoadedIndex> loaded = IndexOf(spec.field);
  if (loaded != nullptr && loaded->metric != spec.metric) loaded = nullptr;
  const cache::CachedColumn* const column = CachedOf(spec.field);
  if (column == nullptr) return SearchWhole(spec, loaded.get(), candidates, cancellation);
  cache::Waits ignored;
  cache::Waits* const waits = spec.trace != nullptr ? &spec.trace->waits : &ignored;
  if (loaded != nullptr) {
    auto hits = SearchTiered(spec, *loaded, *column, candidates, cancellation, waits);
    // A damaged index costs speed, never answers.
    if (loaded->cells == nullptr || CodeOf(hits.status()) != ErrorCode::kDataIntegrity) return hits;
    ELANUS_LOG_EVERY(60, Error, "index cannot be used; its segment is scanned instead",
                     Field("segment", id().value()), Field("reason", hits.status()));
  }
  if (schema::IsDenseVector(column->View().type.type)) {
    return SearchPieces(spec, *column, candidates, cancellation);
  }
  ELANUS_ASSIGN_OR_RETURN(const cache::TierPins pins,
                          WantsOf({&spec.field, 1}).Pin(tiers_, cancellation, waits));
  return SearchWhole(spec, nullptr, candidates, cancellation);
}

absl::StatusOr<std::vector<std::vector<index::Neighbor>>> SealedSegment::SearchTiered(
    const SearchSpec& spec, const LoadedIndex& loaded, const cache::CachedColumn& column,
    const kernels::Bitset& candidates, const Cancellation& cancellation,
    cache::Waits* waits) const {
  ColumnPins rows(column, tiers_, cancellation, waits);
  if (!schema::IsDenseVector(column.View().type.type)) rows.WantAll();
  for (;;) {
    cache::TierWants wants = rows.Wants();
    if (loaded.cells != nullptr) wants.memory.push_back(loaded.cells->WantFor(candidates.view()));
    ELANUS_ASSIGN_OR_RETURN(const cache::TierPins pins,
                            std::move(wants).Pin(tiers_, cancellation, waits));
    if (!rows.all() && !loaded.Get().reads_few_rows()) {
      rows.WantAll();  // Both anew in one call: who waits for room holds nothing.
      continue;
    }
    auto hits = SearchWhole(spec, &loaded, candidates, cancellation, &rows);
    if (hits.ok() || !rows.ran_out()) return hits;
  }
}

absl::StatusOr<std::vector<std::vector<index::Neighbor>>> SealedSegment::SearchPieces(
    const SearchSpec& spec, const cache::CachedColumn& column, kernels::Bitset candidates,
    const Cancellation& cancellation) const {
  const schema::ColumnView view = column.View();
  auto piece_bytes = static_cast<int64_t>(tiers_.memory->options().bytes_high / 4);
  if (tiers_.disk != nullptr) {
    piece_bytes =
        std::min(piece_bytes, static_cast<int64_t>(tiers_.disk->options().bytes_high / 4));
  }
  piece_bytes = std::min(piece_bytes, kPieceBytes);
  const int64_t rows = std::max<int64_t>(piece_bytes / view.type.width() / 64, 1) * 64;
  index::BruteForce search(view.type.type, view.type.dim, spec.metric, spec.queries,
                           spec.num_queries, spec.k, spec.range, SignatureOf(spec));
  cache::Waits ignored;
  cache::Waits* const waits = spec.trace != nullptr ? &spec.trace->waits : &ignored;
  for (int64_t begin = 0; begin < candidates.size(); begin += rows) {
    const int64_t end = std::min(begin + rows, candidates.size());
    const int64_t first = begin / 64, last = (end + 63) / 64;
    const uint64_t* const words = candidates.view().words();
    if (std::all_of(words + first, words + last, [](uint64_t word) { return word == 0; })) continue;
    ELANUS_ASSIGN_OR_RETURN(const cache::TierPins pins,
                            column.PinRange(begin, end, cancellation, waits));
    if (view.validity != nullptr) {
      for (int64_t word = first; word < last; ++word) {
        candidates.words()[word] &= view.validity[word];
      }
    }
    const index::VectorRows piece{view.type.type, view.type.dim, end - begin,
                                  view.fixed + begin * view.type.width()};
    ELANUS_RETURN_IF_ERROR(search.Add(piece, begin, candidates.view(), &cancellation));
  }
  if (spec.trace != nullptr) {
    spec.trace->strategy = "exact";
    spec.trace->statistics.Add(search.statistics());
  }
  return search.Finish();
}

absl::StatusOr<std::vector<std::vector<index::Neighbor>>> SealedSegment::SearchWhole(
    const SearchSpec& spec, const LoadedIndex* loaded, const kernels::Bitset& candidates,
    const Cancellation& cancellation, index::RowPins* pins) const {
  const std::shared_ptr<const storage::ColumnFile>& file = columns_.at(spec.field);
  const schema::ColumnView view = file->View();
  if (view.type.type == schema::DataType::kArrayOfVector) {
    const ListRun run{index::ElementRows(view)};
    return SearchLists(spec, {&run, 1}, loaded != nullptr ? &loaded->Get() : nullptr, candidates,
                       cancellation);
  }
  if (loaded != nullptr) return SearchIndex(*loaded, spec, candidates, cancellation, pins);
  const auto rows = std::make_shared<SealedVectors>(file);
  std::shared_ptr<const InterimIndex> interim;
  // Codes are made behind searches, when nobody has pinned the vectors any more.
  if (spec.interim != nullptr && CachedOf(spec.field) == nullptr) {
    interim = spec.interim->Index(interim_, spec.field, spec.metric, rows, num_rows_);
    if (IndexOf(spec.field) != nullptr) interim_.Drop(spec.field);  // Set meanwhile.
  }
  return SearchVectors(*rows, spec, candidates, interim.get(), cancellation);
}

absl::StatusOr<std::vector<std::vector<index::Neighbor>>> SealedSegment::SearchIndex(
    const LoadedIndex& loaded, const SearchSpec& spec, const kernels::Bitset& candidates,
    const Cancellation& cancellation, index::RowPins* pins) const {
  std::vector<std::vector<index::Neighbor>> hits(spec.num_queries);
  const schema::ColumnView view = Find(spec.field)->View();
  kernels::Bitset without_nulls;
  const kernels::Bitset* allowed = &candidates;
  if (view.validity != nullptr) {
    without_nulls = candidates;
    without_nulls.And({view.validity, num_rows_});
    allowed = &without_nulls;
  }
  const int64_t num_allowed = allowed->Count();
  index::SearchRequest request;
  request.k = spec.k;
  request.params = spec.params;
  request.range = spec.range;
  if (num_allowed < num_rows_) request.allowed = allowed->view();
  request.num_allowed = num_allowed;
  request.cancellation = &cancellation;
  request.pins = pins;
  if (spec.trace != nullptr) spec.trace->strategy = loaded.type;
  if (num_allowed == 0) return hits;
  index::SearchStatistics ignored;
  index::SearchStatistics& statistics = spec.trace != nullptr ? spec.trace->statistics : ignored;
  request.query = spec.queries;
  request.query_width = view.type.width();
  ELANUS_ASSIGN_OR_RETURN(hits, loaded.Get().SearchMany(request, spec.num_queries, &statistics));
  if (spec.trace != nullptr) {
    spec.trace->strategy += fmt::format(": {}", index::SearchStrategyName(statistics.strategy));
  }
  return hits;
}

}  // namespace elanus::segment
