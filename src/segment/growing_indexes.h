// Scalar indexes of a growing segment's rows: one for each chunk (growing_column.h) that is full,
// in memory. The rows behind are left to their columns.
//
// A chunk is indexed once the filters that looked at it have taken about as long as that takes, so
// rows that nobody filters cost nothing, and those that many do at most twice what they must.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "common/executor.h"
#include "expr/field_index.h"
#include "expr/index_question.h"
#include "segment/growing_column.h"
#include "segment/scalar_indexes.h"

namespace elanus::segment {

// An index that a client declared.
struct DeclaredIndex {
  IndexId id;
  std::string name;  // "INVERTED by_city", for people.
  IndexSubject subject;
  expr::FieldIndexOptions build;
};

// Threads: any.
class GrowingIndexes {
 public:
  // Smaller chunks are looked at faster than asked about.
  static constexpr int64_t kChunkRowsMin = 4096;

  using ColumnPtr = std::shared_ptr<const GrowingColumn>;

  // All there are now. `executor` (borrowed, outlives the builds) builds; null: who asks does.
  void Declare(std::vector<DeclaredIndex> indexes, Executor* executor) ABSL_LOCKS_EXCLUDED(mutex_);
  // Whether those are all that were declared.
  bool AreDeclared(std::span<const IndexId> ids) const ABSL_LOCKS_EXCLUDED(mutex_);
  bool empty() const ABSL_LOCKS_EXCLUDED(mutex_);

  // See expr::ColumnSource; `column`: of the question's field, of which the first `num_rows` rows
  // are asked about. Null: nothing is known.
  std::optional<expr::IndexAnswer> Ask(const expr::IndexQuestion& question, double budget_ns,
                                       const ColumnPtr& column, int64_t num_rows,
                                       const Cancellation& cancellation)
      ABSL_LOCKS_EXCLUDED(mutex_);
  int64_t memory_bytes() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  using DeclaredPtr = std::shared_ptr<const DeclaredIndex>;
  // What is known of one chunk; shared with builds, which may end after the segment.
  using ChunkPtr = std::shared_ptr<ScalarIndexes>;

  ChunkPtr ChunkAt(int chunk) ABSL_LOCKS_EXCLUDED(mutex_);
  // Notes that the rows of a chunk are looked at, and indexes them if that was often enough.
  void NoteLook(const expr::IndexQuestion& question, int chunk, const ColumnPtr& column)
      ABSL_LOCKS_EXCLUDED(mutex_);
  static void Build(const DeclaredIndex& declared, int chunk, const GrowingColumn& column,
                    ScalarIndexes& into);

  mutable absl::Mutex mutex_;
  Executor* executor_ ABSL_GUARDED_BY(mutex_) = nullptr;
  std::vector<DeclaredPtr> declared_ ABSL_GUARDED_BY(mutex_);
  std::map<int, ChunkPtr> chunks_ ABSL_GUARDED_BY(mutex_);
  // What looks have taken, in nanoseconds, about; infinite once a build has begun.
  std::map<std::pair<IndexId, int>, double> looked_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace elanus::segment
