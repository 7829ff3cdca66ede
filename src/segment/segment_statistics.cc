#include "segment/segment_statistics.h"

namespace elanus::segment {

std::shared_ptr<const storage::ColumnStatistics> SegmentStatistics::Of(
    FieldId field, const schema::ColumnView& column) {
  if (auto known = Known(field)) return known;
  auto made = std::make_shared<const storage::ColumnStatistics>(column);
  absl::MutexLock lock(&mutex_);
  return fields_.try_emplace(field, std::move(made)).first->second;
}

std::shared_ptr<const storage::ColumnStatistics> SegmentStatistics::Known(FieldId field) const {
  absl::ReaderMutexLock lock(&mutex_);
  const auto it = fields_.find(field);
  return it == fields_.end() ? nullptr : it->second;
}

int64_t SegmentStatistics::memory_bytes() const {
  absl::ReaderMutexLock lock(&mutex_);
  int64_t sum = 0;
  for (const auto& [field, statistics] : fields_) sum += statistics->memory_bytes();
  return sum;
}

}  // namespace elanus::segment
