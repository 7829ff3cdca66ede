// The statistics of a sealed segment's columns whose files have none, made when a filter first
// asks.
#pragma once

#include <map>
#include <memory>

#include "absl/synchronization/mutex.h"
#include "common/strong_id.h"
#include "storage/column_statistics.h"

namespace elanus::segment {

// Threads: any. A field that two ask for at once may be looked at twice.
class SegmentStatistics {
 public:
  // `column` is always the same for a field.
  std::shared_ptr<const storage::ColumnStatistics> Of(FieldId field,
                                                      const schema::ColumnView& column)
      ABSL_LOCKS_EXCLUDED(mutex_);
  // Null if nobody has asked for them.
  std::shared_ptr<const storage::ColumnStatistics> Known(FieldId field) const
      ABSL_LOCKS_EXCLUDED(mutex_);
  int64_t memory_bytes() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  mutable absl::Mutex mutex_;
  std::map<FieldId, std::shared_ptr<const storage::ColumnStatistics>> fields_
      ABSL_GUARDED_BY(mutex_);
};

}  // namespace elanus::segment
