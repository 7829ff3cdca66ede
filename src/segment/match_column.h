// The text match indexes of a segment, one a field with `enable_match`.
//
// An index holds the first rows of the segment, as many as anybody has asked for so far: a growing
// segment's is brought up to date by the reader that needs newer rows, so that inserts do not wait
// for analyzers.
#pragma once

#include <map>
#include <memory>
#include <optional>

#include "absl/synchronization/mutex.h"
#include "common/cancellation.h"
#include "common/strong_id.h"
#include "expr/expr.h"
#include "kernels/bitset.h"
#include "schema/collection_schema.h"
#include "text/analyzer.h"
#include "text/match_index.h"

namespace elanus::segment {

// Threads: any. Readers share; one that finds rows missing adds them alone, the others wait.
class MatchColumn {
 public:
  explicit MatchColumn(text::AnalyzerPtr analyzer) : analyzer_(std::move(analyzer)) {}

  // See expr::ColumnSource::MatchText. `source` has the rows.
  kernels::Bitset Match(FieldId field, const expr::ColumnSource& source,
                        const text::MatchQuery& query, const Cancellation& cancellation)
      ABSL_LOCKS_EXCLUDED(mutex_);
  // Adds all rows of `source`, the last ones to come.
  void Build(FieldId field, const expr::ColumnSource& source) ABSL_LOCKS_EXCLUDED(mutex_);
  int64_t memory_bytes() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  void CatchUp(FieldId field, const expr::ColumnSource& source, const Cancellation& cancellation)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const text::AnalyzerPtr analyzer_;
  mutable absl::Mutex mutex_;
  text::MatchIndex index_ ABSL_GUARDED_BY(mutex_);
  int64_t num_rows_ ABSL_GUARDED_BY(mutex_) = 0;
};

// Threads: any.
class MatchColumns {
 public:
  // Nothing if the field's analyzer is not known to this version.
  std::optional<kernels::Bitset> Match(const schema::FieldSchema& field,
                                       const expr::ColumnSource& source,
                                       const text::MatchQuery& query,
                                       const Cancellation& cancellation);
  void Build(const schema::FieldSchema& field, const expr::ColumnSource& source);
  // Forgets what was built; a later question builds it anew.
  void Drop(FieldId field) ABSL_LOCKS_EXCLUDED(mutex_);
  int64_t memory_bytes() const;

 private:
  std::shared_ptr<MatchColumn> Find(const schema::FieldSchema& field) ABSL_LOCKS_EXCLUDED(mutex_);

  mutable absl::Mutex mutex_;
  std::map<FieldId, std::shared_ptr<MatchColumn>> columns_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace elanus::segment
