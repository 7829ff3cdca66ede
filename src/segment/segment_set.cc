#include "segment/segment_set.h"

#include <algorithm>

namespace elanus::segment {
namespace {

void ApplyTo(SealedSegment& segment, const PendingDelete& deleted) {
  if (deleted.partition.value() < 0 || deleted.partition == segment.partition()) {
    segment.Delete(deleted.key, deleted.at);
  }
}

// Returns how many rows were deleted in `from` when it looked.
int64_t CopyDeletes(const GrowingSegment& from, SealedSegment& to) {
  const std::vector<std::pair<int64_t, Timestamp>> entries = from.deletes().Entries();
  for (const auto& [row, at] : entries) to.Delete(from.Key(row), at);
  return static_cast<int64_t>(entries.size());
}

}  // namespace

bool SegmentSet::Wanted::Covers(PartitionId partition) const {
  return loaded && (all_partitions ||
                    std::find(partitions.begin(), partitions.end(), partition) != partitions.end());
}

SegmentSet::Snapshot SegmentSet::snapshot() const {
  absl::ReaderMutexLock lock(&snapshot_mutex_);
  return snapshot_;
}

bool SegmentSet::HasLocked(SegmentId id) const {
  return growing_.contains(id) || sealed_.contains(id) || cold_.contains(id);
}

void SegmentSet::EraseLocked(SegmentId id) {
  // A growing one may be among those replaced whose own files could not be read back.
  growing_.erase(id);
  sealed_.erase(id);
  cold_.erase(id);
}

void SegmentSet::NoteReplacesLocked(SegmentId made, const std::vector<SegmentId>& replaces,
                                    const std::vector<SegmentId>& siblings) {
  const std::vector<SegmentId> by = siblings.empty() ? std::vector<SegmentId>{made} : siblings;
  // What is known of a segment already is closer to it: `replaces` goes back several compactions.
  for (const SegmentId replaced : replaces) replaced_by_.try_emplace(replaced, by);
}

void SegmentSet::NoteGoneLocked(SegmentId id) {
  replaced_by_.try_emplace(id, std::vector<SegmentId>());
}

void SegmentSet::SettleReplacedLocked() {
  waiting_.clear();
  if (replaced_by_.empty()) return;
  struct Heirs {
    std::set<SegmentId> all;   // Directly or by way of others.
    std::set<SegmentId> last;  // Those of them that nothing has replaced.
  };
  std::map<SegmentId, Heirs> replaced;
  std::map<SegmentId, std::vector<SegmentId>> known;
  for (const auto& [id, by] : replaced_by_) {
    if (!HasLocked(id)) continue;
    Heirs& heirs = replaced[id];
    std::vector<SegmentId> todo = {id};
    while (!todo.empty()) {
      const auto it = replaced_by_.find(todo.back());
      if (it == replaced_by_.end()) heirs.last.insert(todo.back());
      todo.pop_back();
      if (it == replaced_by_.end()) continue;
      known.insert(*it);
      for (const SegmentId next : it->second) {
        if (heirs.all.insert(next).second) todo.push_back(next);
      }
    }
  }
  // One that has to serve on keeps its heirs waiting, and these what else they replace.
  std::set<SegmentId> serving;
  for (bool changed = true; changed;) {
    changed = false;
    for (const auto& [id, heirs] : replaced) {
      if (serving.contains(id) || waiting_.contains(id)) continue;
      const bool ready = std::all_of(heirs.last.begin(), heirs.last.end(), [this](SegmentId last) {
        mutex_.AssertHeld();
        return HasLocked(last) && !waiting_.contains(last);
      });
      if (ready) continue;
      serving.insert(id);
      waiting_.insert(heirs.all.begin(), heirs.all.end());
      changed = true;
    }
  }
  for (const auto& [id, heirs] : replaced) {
    if (!serving.contains(id) && !waiting_.contains(id)) EraseLocked(id);
  }
  replaced_by_ = std::move(known);
  if (serving.empty()) replaced_by_.clear();
}

void SegmentSet::PublishLocked() {
  SettleReplacedLocked();
  auto next = std::make_shared<std::vector<SegmentPtr>>();
  next->reserve(growing_.size() + sealed_.size());
  for (const auto& [id, segment] : sealed_) {
    if (!waiting_.contains(id)) next->push_back(segment);
  }
  for (const auto& [id, segment] : growing_) next->push_back(segment);
  absl::MutexLock lock(&snapshot_mutex_);
  snapshot_ = std::move(next);
}

void SegmentSet::AddGrowing(std::shared_ptr<GrowingSegment> segment) {
  absl::MutexLock lock(&mutex_);
  growing_[segment->id()] = std::move(segment);
  PublishLocked();
}

void SegmentSet::ApplyDeletes(const schema::ColumnView& keys, Timestamp at, PartitionId partition,
                              uint64_t position, bool remember) {
  absl::MutexLock lock(&mutex_);
  const auto affected = [partition](const Segment& segment) {
    return partition.value() < 0 || segment.partition() == partition;
  };
  for (int64_t i = 0; i < keys.num_rows; ++i) {
    const schema::PrimaryKeyView key = schema::PrimaryKeyView::Of(keys, i);
    bool hit = false;
    for (const auto& [id, segment] : growing_) {
      if (affected(*segment)) hit |= segment->Delete(key, at);
    }
    for (const auto& [id, segment] : sealed_) {
      if (affected(*segment)) hit |= segment->Delete(key, at);
    }
    for (const auto& [id, cold] : cold_) {
      hit |= partition.value() < 0 || cold.partition == partition;  // Perhaps.
    }
    if (remember && (hit || !complete_)) {
      pending_.push_back({key.ToOwned(), at, partition, position});
    }
  }
}

std::vector<PendingDelete> SegmentSet::PendingDeletes() const {
  absl::ReaderMutexLock lock(&mutex_);
  return pending_;
}

void SegmentSet::ForgetDeletes(size_t count) {
  absl::MutexLock lock(&mutex_);
  pending_.erase(pending_.begin(), pending_.begin() + std::min(count, pending_.size()));
  ++epoch_;
}

size_t SegmentSet::num_pending_deletes() const {
  absl::ReaderMutexLock lock(&mutex_);
  return pending_.size();
}

std::optional<uint64_t> SegmentSet::PendingPosition(size_t index) const {
  absl::ReaderMutexLock lock(&mutex_);
  if (index >= pending_.size()) return std::nullopt;
  return pending_[index].position;
}

void SegmentSet::RemoveGrowing(SegmentId id) {
  absl::MutexLock lock(&mutex_);
  if (growing_.erase(id) > 0) PublishLocked();
}

uint64_t SegmentSet::delete_epoch() const {
  absl::ReaderMutexLock lock(&mutex_);
  return epoch_;
}

SegmentSet::Added SegmentSet::AddSealed(std::shared_ptr<SealedSegment> segment,
                                        const std::function<bool()>& in_catalog, uint64_t epoch) {
  // Most of the work is done before the lock that writes wait for is taken.
  const std::vector<PendingDelete> pending = PendingDeletes();
  for (const PendingDelete& deleted : pending) ApplyTo(*segment, deleted);

  absl::MutexLock lock(&mutex_);
  if (!wanted_.Covers(segment->partition()) || !in_catalog()) return Added::kNotWanted;
  if (epoch != epoch_) return Added::kDeletesMoved;
  // Within one epoch the list only grows.
  for (size_t i = pending.size(); i < pending_.size(); ++i) ApplyTo(*segment, pending_[i]);
  const auto growing = growing_.find(segment->id());
  if (growing != growing_.end()) CopyDeletes(*growing->second, *segment);
  AdmitLocked(std::move(segment));
  return Added::kYes;
}

bool SegmentSet::HandOver(std::shared_ptr<SealedSegment> flushed,
                          const std::function<bool()>& in_catalog) {
  const SegmentId id = flushed->id();
  std::shared_ptr<GrowingSegment> growing;
  {
    absl::ReaderMutexLock lock(&mutex_);
    if (const auto it = growing_.find(id); it != growing_.end()) growing = it->second;
  }
  if (growing == nullptr) return false;
  const int64_t num_deleted = CopyDeletes(*growing, *flushed);

  absl::MutexLock lock(&mutex_);
  // A loader was faster, or it was dropped.
  if (const auto it = growing_.find(id); it == growing_.end() || it->second != growing)
    return false;
  if (!wanted_.Covers(flushed->partition()) || !in_catalog()) {
    growing_.erase(id);
    PublishLocked();
    return false;
  }
  if (growing->deletes().size() != num_deleted) CopyDeletes(*growing, *flushed);
  AdmitLocked(std::move(flushed));
  return true;
}

bool SegmentSet::AddCold(const ColdSegment& segment, const std::vector<SegmentId>& replaces,
                         const std::vector<SegmentId>& siblings,
                         const std::function<bool()>& in_catalog) {
  absl::MutexLock lock(&mutex_);
  const SegmentId id = segment.id;
  if (sealed_.contains(id) || cold_.contains(id)) return true;
  if (growing_.contains(id) || !wanted_.Covers(segment.partition) || !in_catalog()) return false;
  NoteReplacesLocked(id, replaces, siblings);
  cold_[id] = segment;
  PublishLocked();
  return true;
}

std::vector<ColdSegment> SegmentSet::Cold(const std::function<bool(PartitionId)>& wanted) const {
  absl::ReaderMutexLock lock(&mutex_);
  std::vector<ColdSegment> cold;
  for (const auto& [id, segment] : cold_) {
    if (!waiting_.contains(id) && wanted(segment.partition)) cold.push_back(segment);
  }
  return cold;
}

bool SegmentSet::IsCold(SegmentId id) const {
  absl::ReaderMutexLock lock(&mutex_);
  return cold_.contains(id);
}

bool SegmentSet::has_cold() const {
  absl::ReaderMutexLock lock(&mutex_);
  return !cold_.empty();
}

void SegmentSet::AdmitLocked(std::shared_ptr<SealedSegment> segment) {
  const SegmentId id = segment->id();
  if (sealed_.contains(id)) return;
  if (truncated_.valid()) segment->HideUpTo(truncated_);
  growing_.erase(id);
  cold_.erase(id);
  NoteReplacesLocked(id, segment->replaces(), segment->siblings());
  sealed_[id] = std::move(segment);
  PublishLocked();
}

void SegmentSet::NoteReplaced(const std::vector<SegmentId>& replaced,
                              const std::vector<SegmentId>& by) {
  absl::MutexLock lock(&mutex_);
  for (const SegmentId id : replaced) replaced_by_.try_emplace(id, by);
  PublishLocked();
}

void SegmentSet::RemoveEmptied(const std::vector<SegmentId>& ids) {
  absl::MutexLock lock(&mutex_);
  for (const SegmentId id : ids) NoteGoneLocked(id);
  PublishLocked();
}

void SegmentSet::Truncate(Timestamp at, const std::vector<SegmentId>& in_use) {
  absl::MutexLock lock(&mutex_);
  truncated_ = std::max(truncated_, at);
  for (const auto& [id, segment] : sealed_) {
    if (segment->max_timestamp() <= at) NoteGoneLocked(id);
  }
  for (const auto& [id, segment] : cold_) {
    if (segment.max_timestamp <= at) NoteGoneLocked(id);
  }
  std::erase_if(sealed_, [&](const auto& entry) { return entry.second->max_timestamp() <= at; });
  std::erase_if(cold_, [&](const auto& entry) { return entry.second.max_timestamp <= at; });
  for (const auto& [id, segment] : sealed_) segment->HideUpTo(at);
  std::erase_if(growing_, [&](const auto& entry) {
    const Timestamp newest = entry.second->max_timestamp();
    return newest.valid() && newest <= at &&
           std::find(in_use.begin(), in_use.end(), entry.first) == in_use.end();
  });
  for (const auto& [id, segment] : growing_) segment->HideUpTo(at);
  PublishLocked();
}

void SegmentSet::RemovePartition(PartitionId partition) {
  absl::MutexLock lock(&mutex_);
  std::erase_if(growing_,
                [&](const auto& entry) { return entry.second->partition() == partition; });
  std::erase_if(sealed_, [&](const auto& entry) { return entry.second->partition() == partition; });
  std::erase_if(cold_, [&](const auto& entry) { return entry.second.partition == partition; });
  PublishLocked();
}

void SegmentSet::Clear() {
  absl::MutexLock lock(&mutex_);
  growing_.clear();
  sealed_.clear();
  cold_.clear();
  pending_.clear();
  ++epoch_;
  PublishLocked();
}

std::shared_ptr<SealedSegment> SegmentSet::FindSealed(SegmentId id) const {
  absl::ReaderMutexLock lock(&mutex_);
  const auto it = sealed_.find(id);
  return it == sealed_.end() ? nullptr : it->second;
}

uint64_t SegmentSet::SetWanted(Wanted wanted) {
  absl::MutexLock lock(&mutex_);
  std::erase_if(sealed_,
                [&](const auto& entry) { return !wanted.Covers(entry.second->partition()); });
  std::erase_if(cold_, [&](const auto& entry) { return !wanted.Covers(entry.second.partition); });
  wanted_ = std::move(wanted);
  complete_ = false;
  PublishLocked();
  return ++wish_;
}

SegmentSet::Wanted SegmentSet::wanted() const {
  absl::ReaderMutexLock lock(&mutex_);
  return wanted_;
}

void SegmentSet::SetComplete(uint64_t wish) {
  absl::MutexLock lock(&mutex_);
  if (wish == wish_) complete_ = true;
}

std::shared_ptr<SegmentSet> SegmentRegistry::Get(CollectionId collection) {
  absl::MutexLock lock(&mutex_);
  std::shared_ptr<SegmentSet>& set = sets_[collection];
  if (set == nullptr) set = std::make_shared<SegmentSet>();
  return set;
}

std::shared_ptr<SegmentSet> SegmentRegistry::Find(CollectionId collection) const {
  absl::ReaderMutexLock lock(&mutex_);
  const auto it = sets_.find(collection);
  return it == sets_.end() ? nullptr : it->second;
}

void SegmentRegistry::Remove(CollectionId collection) {
  absl::MutexLock lock(&mutex_);
  sets_.erase(collection);
}

std::vector<std::pair<CollectionId, std::shared_ptr<SegmentSet>>> SegmentRegistry::All() const {
  absl::ReaderMutexLock lock(&mutex_);
  return {sets_.begin(), sets_.end()};
}

void SegmentRegistry::SetListener(Listener listener) {
  absl::MutexLock lock(&listener_mutex_);
  listener_ = std::move(listener);
}

void SegmentRegistry::TellHandedOver(CollectionId collection, SegmentId segment) const {
  absl::ReaderMutexLock lock(&listener_mutex_);
  if (listener_ != nullptr) listener_(collection, segment);
}

}  // namespace elanus::segment
