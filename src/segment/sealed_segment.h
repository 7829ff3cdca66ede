// A flushed segment whose files are open: columns mapped or in memory, rows in (key, timestamp)
// order.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "segment/delete_log.h"
#include "segment/interim_index.h"
#include "segment/match_column.h"
#include "segment/scalar_indexes.h"
#include "segment/segment.h"
#include "segment/segment_statistics.h"
#include "storage/column_file.h"
#include "storage/object_store.h"

namespace elanus::segment {

struct ColumnObject {
  FieldId field;
  std::string key;  // In the object store.
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
  std::vector<SegmentId> replaces;  // Segments whose rows these are, merged.
  Timestamp deletes_applied;        // Rows deleted at or before this are left out.
};

// A vector index over one of the segment's columns.
struct LoadedIndex {
  std::shared_ptr<storage::MappedFile> file;
  std::unique_ptr<index::VectorIndex> index;
  std::string type;  // Of the index, for traces.
  kernels::Metric metric = kernels::Metric::kL2;
  int64_t id = 0;  // Of the index in the catalog.
  std::string key;  // Of the object.
};

// Threads: const calls and Delete, SetIndex from any.
class SealedSegment final : public Segment {
 public:
  // Opens and verifies every file. Damage: kDataIntegrity naming the object and offset.
  static absl::StatusOr<std::shared_ptr<SealedSegment>> Open(const SealedFiles& files,
                                                             const schema::CollectionSchema& schema,
                                                             storage::ObjectStore& store);

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
  Timestamp deletes_applied() const override { return deletes_applied_; }
  int64_t num_rows() const override { return num_rows_; }
  Timestamp max_timestamp() const { return max_timestamp_; }  // Of its rows.
  int64_t memory_bytes() const override;
  bool sorted_by_key() const override { return true; }
  kernels::Bitset Visible(Timestamp at) const override;
  void HideInsertedUpTo(Timestamp at, kernels::Bitset& rows) const override;
  std::unique_ptr<expr::ColumnSource> Source(const schema::CollectionSchema& schema,
                                             int64_t num_rows) const override;
  schema::PrimaryKeyView Key(int64_t row) const override {
    return schema::PrimaryKeyView::Of(keys_, row);
  }
  Timestamp RowTimestamp(int64_t row) const override {
    return Timestamp(timestamps_.Value<uint64_t>(row));
  }
  void Fetch(const schema::FieldSchema& field, std::span<const int64_t> rows,
             schema::Column& out) const override;
  absl::StatusOr<std::vector<std::vector<index::Neighbor>>> Search(
      const SearchSpec& spec, const kernels::Bitset& candidates,
      const Cancellation& cancellation) const override;

  const storage::ColumnFile* Find(FieldId field) const;
  MatchColumns& match_columns() const { return match_columns_; }
  SegmentStatistics& statistics() const { return statistics_; }
  // The first row that is not below (key, at) in the order of rows.
  int64_t LowerBound(schema::PrimaryKeyView key, Timestamp at = {}) const;

 private:
  SealedSegment(const SealedFiles& files);
  absl::StatusOr<std::vector<std::vector<index::Neighbor>>> SearchIndex(
      const LoadedIndex& loaded, const SearchSpec& spec, const kernels::Bitset& candidates,
      const Cancellation& cancellation) const;

  const int64_t num_rows_;
  const Timestamp min_timestamp_;
  const Timestamp max_timestamp_;
  const std::vector<SegmentId> replaces_;
  const Timestamp deletes_applied_;
  std::map<FieldId, std::shared_ptr<const storage::ColumnFile>> columns_;  // Constant after Open.
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
