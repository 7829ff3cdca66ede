// Rows that were acknowledged but are not yet in segment files: in memory, searchable at once.
//
// Rows are kept in the order of their timestamps, so what a reader at `at` may see is a prefix.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "schema/row_batch.h"
#include "segment/delete_log.h"
#include "segment/growing_column.h"
#include "segment/growing_indexes.h"
#include "segment/interim_index.h"
#include "segment/match_column.h"
#include "segment/segment.h"

namespace elanus::segment {

// Threads: one appender (Insert, Delete, Sealed...); any number of readers.
class GrowingSegment final : public Segment {
 public:
  GrowingSegment(SegmentId id, PartitionId partition, int32_t shard,
                 const schema::CollectionSchema& schema);

  // Appends rows inserted at `at`, at or after every earlier row's timestamp. Fields that the batch
  // lacks get their default or null; fields new to the segment are filled up for its older rows.
  void Insert(const schema::CollectionSchema& schema, const schema::RowBatch& rows, Timestamp at);

  // Hides rows of this key inserted before `at`. True if any row was hidden by this call.
  bool Delete(schema::PrimaryKeyView key, Timestamp at);

  // Hides every row inserted at or before `at` (truncation of the collection).
  void HideUpTo(Timestamp at);

  const DeleteLog& deletes() const { return deletes_; }
  int64_t byte_size() const;        // Of values, without spare room.
  Timestamp min_timestamp() const;  // Of its rows; zero when empty.
  Timestamp max_timestamp() const;
  // The ids of the fields held, ascending.
  std::vector<FieldId> Fields() const;
  const GrowingColumn* Find(FieldId field) const;
  MatchColumns& match_columns() const { return match_columns_; }
  GrowingIndexes& indexes() const { return indexes_; }
  // The field's column, to be kept; null if these rows have none.
  std::shared_ptr<const GrowingColumn> Share(FieldId field) const;

  bool growing() const override { return true; }
  int64_t num_rows() const override { return num_rows_.load(std::memory_order_acquire); }
  int64_t memory_bytes() const override {
    return byte_size() + match_columns_.memory_bytes() + interim_.memory_bytes() +
           indexes_.memory_bytes();
  }
  bool sorted_by_key() const override { return false; }
  kernels::Bitset Visible(Timestamp at) const override;
  void HideInsertedUpTo(Timestamp at, kernels::Bitset& rows) const override;
  std::unique_ptr<expr::ColumnSource> Source(const schema::CollectionSchema& schema,
                                             int64_t num_rows) const override;
  schema::PrimaryKeyView Key(int64_t row) const override;
  Timestamp RowTimestamp(int64_t row) const override;
  absl::Status Fetch(const schema::FieldSchema& field, std::span<const int64_t> rows,
                     schema::Column& out, const Cancellation& cancellation) const override;
  absl::StatusOr<std::vector<std::vector<index::Neighbor>>> Search(
      const SearchSpec& spec, const kernels::Bitset& candidates,
      const Cancellation& cancellation) const override;

 private:
  // How many of the first `num_rows` rows were inserted at or before `at`.
  int64_t RowsUpTo(Timestamp at, int64_t num_rows) const;
  void IndexKeys(int64_t begin, int64_t end);

  const FieldId key_field_;
  const bool string_keys_;
  GrowingColumn timestamps_;
  const GrowingColumn* keys_ = nullptr;  // In columns_, never removed.
  std::atomic<int64_t> num_rows_{0};
  DeleteLog deletes_;
  mutable MatchColumns match_columns_;
  mutable GrowingIndexes indexes_;

  mutable absl::Mutex columns_mutex_;  // Columns are added, never removed.
  std::map<FieldId, std::shared_ptr<GrowingColumn>> columns_ ABSL_GUARDED_BY(columns_mutex_);
  mutable InterimIndexes interim_;

  // Appender only: key -> its newest row, and each row's next older row of the same key (-1 =
  // none).
  absl::flat_hash_map<int64_t, int64_t> newest_by_int_;
  absl::flat_hash_map<std::string_view, int64_t> newest_by_text_;
  std::vector<int64_t> older_;
};

}  // namespace elanus::segment
