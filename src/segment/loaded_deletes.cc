#include "segment/loaded_deletes.h"

#include "segment/read_until.h"

namespace elanus::segment {

absl::Status LoadedDeletes::Add(int64_t id, const std::string& key) {
  {
    absl::ReaderMutexLock lock(&mutex_);
    if (files_.contains(id)) return absl::OkStatus();
  }
  absl::MutexLock lock(&mutex_);
  const auto [at, added] = files_.try_emplace(id);
  if (!added) return absl::OkStatus();
  absl::StatusOr<storage::DeltaRows> rows = Read(key);
  if (!rows.ok()) {
    files_.erase(at);
    return rows.status();
  }
  at->second = *std::move(rows);
  const schema::ColumnView keys = at->second.keys.View();
  for (int64_t i = 0; i < keys.num_rows; ++i) {
    by_key_[schema::PrimaryKeyView::Of(keys, i)].push_back(
        {at->second.timestamps[i], at->second.partitions[i]});
  }
  return absl::OkStatus();
}

void LoadedDeletes::ApplyTo(SealedSegment& segment) const {
  absl::ReaderMutexLock lock(&mutex_);
  if (static_cast<int64_t>(by_key_.size()) < segment.num_rows()) {
    for (const auto& [key, deletes] : by_key_) Hide(segment, key, deletes);
    return;
  }
  for (int64_t row = 0; row < segment.num_rows(); ++row) {
    const schema::PrimaryKeyView key = segment.Key(row);
    if (row > 0 && key == segment.Key(row - 1)) continue;  // Rows are sorted by key.
    const auto at = by_key_.find(key);
    if (at != by_key_.end()) Hide(segment, key, at->second);
  }
}

absl::StatusOr<storage::DeltaRows> LoadedDeletes::Read(const std::string& key) const {
  ELANUS_ASSIGN_OR_RETURN(const auto object, store_.Get(key));
  ReadUntil::Current().NoteFetched(object->data().size());
  return storage::DecodeDeltaFile(object->data(), key);
}

void LoadedDeletes::Hide(SealedSegment& segment, schema::PrimaryKeyView key,
                         const std::vector<Deletion>& deletes) {
  for (const Deletion& deletion : deletes) {
    const bool here =
        deletion.partition < 0 || PartitionId(deletion.partition) == segment.partition();
    if (here) segment.Delete(key, deletion.at);
  }
}

}  // namespace elanus::segment
