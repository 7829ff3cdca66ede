// A flushed segment whose files are open, rows in (key, timestamp) order or by tenant
// (row_order.h): columns mapped or in memory, or, in tiers, there while they are used
// (docs/decisions/012-tiers.md).
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/call_once.h"
#include "absl/synchronization/mutex.h"
#include "cache/cached_column.h"
#include "segment/cached_index.h"
#include "segment/delete_log.h"
#include "segment/interim_index.h"
#include "segment/match_column.h"
#include "segment/scalar_indexes.h"
#include "segment/segment.h"
#include "segment/segment_statistics.h"
#include "segment/shredded_field.h"
#include "storage/column_file.h"
#include "storage/object_store.h"

namespace elanus::segment {

struct ColumnObject {
  FieldId field;
  std::string key;    // In the object store.
  int64_t bytes = 0;  // Of the object, as the catalog knows it; 0: not known.
};

// What to open. `timestamps` is the key of the column of row timestamps.
struct SealedFiles {
  SegmentId id;
  PartitionId partition;
  int32_t shard = 0;
  int64_t num_rows = 0;
  Timestamp min_timestamp;  // Of its rows, or earlier.
  Timestamp max_timestamp;
  std::string timestamps;
  std::vector<ColumnObject> columns;
  std::vector<ColumnObject> shredded;  // Paths of JSON fields (shredded_field.h).
  std::vector<SegmentId> replaces;     // Segments whose rows these are, merged.
  // All that one compaction made, this one too: only together they hold the rows of those that they
  // replace. Empty: this one holds them all.
  std::vector<SegmentId> siblings;
  Timestamp deletes_applied;  // Rows deleted at or before this are left out.
  FieldId ordered_by;         // Rows lie by (this field, key, timestamp). Not valid: by the latter.
};

// How to open: whole, or in tiers.
struct TierOptions {
  const cache::Tiers* tiers = nullptr;  // Null: every file is opened whole and verified now.
  int64_t owner = 0;                    // Whom cells are counted for.
};

// A vector index over one of the segment's columns.
struct LoadedIndex {
  std::shared_ptr<storage::MappedFile> file;
  std::unique_ptr<index::VectorIndex> index;  // Null: in `cells`.
  std::shared_ptr<CachedIndex> cells;
  std::string type;  // Of the index, for traces.
  // In `cells`: only what is pinned of it.
  const index::VectorIndex& Get() const { return cells != nullptr ? cells->index() : *index; }

  kernels::Metric metric = kernels::Metric::kL2;
  int64_t id = 0;   // Of the index in the catalog.
  std::string key;  // Of the object.
};

// Threads: const calls and Delete, SetIndex from any.
class SealedSegment final : public Segment {
 public:
  // Opens and verifies every file; in tiers keys, timestamps and footers, other parts when they are
  // used. Damage: kDataIntegrity naming the object and offset.
  static absl::StatusOr<std::shared_ptr<SealedSegment>> Open(const SealedFiles& files,
                                                             const schema::CollectionSchema& schema,
                                                             storage::ObjectStore& store,
                                                             const TierOptions& tiers = {});

  // Fills the text match indexes of fields without a file, unless their text comes and goes: here,
  // where nobody waits for an answer, rather than in the first filter.
  void BuildMatchColumns(const schema::CollectionSchema& schema);

  // Hides rows of this key inserted before `at`. True if any row was hidden by this call.
  bool Delete(schema::PrimaryKeyView key, Timestamp at);
  // Hides every row inserted at or before `at` (truncation of the collection).
  void HideUpTo(Timestamp at);
  const DeleteLog& deletes() const { return deletes_; }

  // Uses this index for searches on `field` from now on; nullptr stops using one.
  void SetIndex(FieldId field, std::shared_ptr<const LoadedIndex> index);
  std::shared_ptr<const LoadedIndex> IndexOf(FieldId field) const;
  // Those on scalar fields.
  ScalarIndexes& scalar_indexes() const { return scalar_indexes_; }
  // The vectors of a dense field, those inside the rows of an ArrayOfVector field; no rows if the
  // segment lacks it.
  index::VectorRows Vectors(FieldId field) const;

  bool growing() const override { return false; }
  const std::vector<SegmentId>& replaces() const { return replaces_; }
  const std::vector<SegmentId>& siblings() const { return siblings_; }
  Timestamp deletes_applied() const override { return deletes_applied_; }
  int64_t num_rows() const override { return num_rows_; }
  Timestamp max_timestamp() const { return max_timestamp_; }  // Of its rows.
  int64_t memory_bytes() const override;
  FieldId ordered_by() const { return ordered_by_; }
  bool sorted_by_key() const override { return !ordered_by_.valid(); }
  std::span<const uint32_t> KeyOrder() const override;
  kernels::Bitset Visible(Timestamp at) const override;
  void HideInsertedUpTo(Timestamp at, kernels::Bitset& rows) const override;
  absl::StatusOr<cache::TierPins> Pin(std::span<const FieldId> fields,
                                      const Cancellation& cancellation) const override;
  int64_t BytesAway(FieldId field) const override;
  // Brings every column, as far as there is room, and lets go again.
  absl::Status WarmAll(const Cancellation& cancellation) const;
  absl::Status WarmColumn(FieldId field, const Cancellation& cancellation) const;
  // The index of the field, and the column if searches read it anywhere.
  absl::Status WarmIndex(FieldId field, const Cancellation& cancellation) const;
  // The same of an index that is not used yet.
  absl::Status WarmIndex(FieldId field, const LoadedIndex& loaded,
                         const Cancellation& cancellation) const;
  // Brings the scalar or text index whole; it may not be in use yet.
  absl::Status WarmIndex(const LoadedScalarIndex& loaded, const Cancellation& cancellation) const;
  std::unique_ptr<expr::ColumnSource> Source(const schema::CollectionSchema& schema,
                                             int64_t num_rows) const override;
  absl::StatusOr<std::unique_ptr<expr::ColumnSource>> SourceFor(
      const expr::Plan& plan, const PlanReads& reads, const schema::CollectionSchema& schema,
      int64_t num_rows, const Cancellation& cancellation) const override;
  schema::PrimaryKeyView Key(int64_t row) const override {
    return schema::PrimaryKeyView::Of(keys_, row);
  }
  Timestamp RowTimestamp(int64_t row) const override {
    return Timestamp(timestamps_.Value<uint64_t>(row));
  }
  absl::Status Fetch(const schema::FieldSchema& field, std::span<const int64_t> rows,
                     schema::Column& out, const Cancellation& cancellation) const override;
  absl::StatusOr<std::vector<std::vector<index::Neighbor>>> Search(
      const SearchSpec& spec, const kernels::Bitset& candidates,
      const Cancellation& cancellation) const override;

  const storage::ColumnFile* Find(FieldId field) const;
  // Null if the field's paths are not kept as columns.
  const ShreddedField* Shredded(FieldId field) const;
  MatchColumns& match_columns() const { return match_columns_; }
  SegmentStatistics& statistics() const { return statistics_; }
  // The first place in the order of keys whose row is not below (key, at). Where the rows lie in
  // that order, the place is the row.
  int64_t LowerBound(schema::PrimaryKeyView key, Timestamp at = {}) const;

 private:
  SealedSegment(const SealedFiles& files);
  // The row at a place in the order of keys.
  int64_t RowAt(int64_t place) const { return sorted_by_key() ? place : KeyOrder()[place]; }
  // The columns of these fields that are not there for good, and `also`.
  cache::TierWants WantsOf(std::span<const FieldId> fields, cache::TierWants also = {}) const;
  const cache::CachedColumn* CachedOf(FieldId field) const;
  // Pins `also`, and of these fields' columns these rows; empty: all.
  absl::StatusOr<cache::TierPins> PinRows(std::span<const FieldId> fields, kernels::BitView rows,
                                          cache::TierWants also,
                                          const Cancellation& cancellation) const;
  // With the column there; `pins`: with as much of it as they give.
  absl::StatusOr<std::vector<std::vector<index::Neighbor>>> SearchWhole(
      const SearchSpec& spec, const LoadedIndex* loaded, const kernels::Bitset& candidates,
      const Cancellation& cancellation, index::RowPins* pins = nullptr) const;
  // Brings the index, and of the column what the search by it reads.
  absl::StatusOr<std::vector<std::vector<index::Neighbor>>> SearchTiered(
      const SearchSpec& spec, const LoadedIndex& loaded, const cache::CachedColumn& column,
      const kernels::Bitset& candidates, const Cancellation& cancellation,
      cache::Waits* waits) const;
  // Compares all candidates, a piece of the column at a time.
  absl::StatusOr<std::vector<std::vector<index::Neighbor>>> SearchPieces(
      const SearchSpec& spec, const cache::CachedColumn& column, kernels::Bitset candidates,
      const Cancellation& cancellation) const;
  absl::StatusOr<std::vector<std::vector<index::Neighbor>>> SearchIndex(
      const LoadedIndex& loaded, const SearchSpec& spec, const kernels::Bitset& candidates,
      const Cancellation& cancellation, index::RowPins* pins) const;

  const int64_t num_rows_;
  const Timestamp min_timestamp_;
  const Timestamp max_timestamp_;
  const std::vector<SegmentId> replaces_;
  const std::vector<SegmentId> siblings_;
  const Timestamp deletes_applied_;
  const FieldId ordered_by_;
  mutable absl::once_flag key_order_once_;
  mutable std::vector<uint32_t> key_order_;       // Made when it is asked for first.
  mutable std::atomic<int64_t> key_order_bytes_{0};
  std::map<FieldId, std::shared_ptr<const storage::ColumnFile>> columns_;  // Constant after Open.
  std::map<FieldId, std::shared_ptr<const ShreddedField>> shredded_;       // Constant after Open.
  // Columns whose parts come and go.
  std::map<FieldId, std::shared_ptr<const cache::CachedColumn>> cached_;
  cache::Tiers tiers_;
  std::shared_ptr<const storage::ColumnFile> timestamp_file_;
  schema::ColumnView keys_;
  schema::ColumnView timestamps_;
  DeleteLog deletes_;
  mutable MatchColumns match_columns_;
  mutable ScalarIndexes scalar_indexes_;
  mutable SegmentStatistics statistics_;

  mutable absl::Mutex index_mutex_;
  std::map<FieldId, std::shared_ptr<const LoadedIndex>> indexes_ ABSL_GUARDED_BY(index_mutex_);
  mutable InterimIndexes interim_;  // Of fields whose index is not built yet.
};

}  // namespace elanus::segment
