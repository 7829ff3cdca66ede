#include "querynode/loaded_collection.h"

#include <algorithm>

#include "absl/time/time.h"

namespace elanus::querynode {
namespace {
using segment::SegmentSet;

// A reader that comes while a collection is being loaded waits so long before it is told to retry.
constexpr absl::Duration kLoadWaitMax = absl::Seconds(10);

// What of `readable` is still wanted.
SegmentSet::Wanted Intersect(const SegmentSet::Wanted& readable, const SegmentSet::Wanted& wanted) {
  if (!readable.loaded || !wanted.loaded) return {};
  if (wanted.all_partitions) return readable;
  SegmentSet::Wanted both;
  both.loaded = true;
  for (const PartitionId partition : wanted.partitions) {
    if (readable.Covers(partition)) both.partitions.push_back(partition);
  }
  if (both.partitions.empty()) return {};
  return both;
}
}  // namespace

SegmentSet::Wanted WantedOf(const meta::LoadSpec& load) {
  return {load.loaded, load.all_partitions, load.partitions};
}

uint64_t LoadedCollection::Begin(meta::CollectionPtr collection) {
  absl::MutexLock lock(&mutex_);
  wanted_ = WantedOf(collection->load);
  readable_ = Intersect(readable_, wanted_);
  collection_ = std::move(collection);
  done_ = total_ = 0;
  failure_ = absl::OkStatus();
  ++version_;
  return ++load_;
}

void LoadedCollection::Progress(uint64_t load, int64_t done, int64_t total) {
  absl::MutexLock lock(&mutex_);
  if (load != load_) return;
  done_ = std::max(done_, done);  // Several threads report.
  total_ = total;
}

void LoadedCollection::End(uint64_t load, absl::Status status) {
  absl::MutexLock lock(&mutex_);
  if (load != load_) return;
  if (status.ok()) {
    readable_ = wanted_;
    ++version_;
  }
  failure_ = std::move(status);
  ended_.SignalAll();
}

bool LoadedCollection::IsLast(uint64_t load) const {
  absl::ReaderMutexLock lock(&mutex_);
  return load == load_;
}

void LoadedCollection::Release() {
  absl::MutexLock lock(&mutex_);
  ++load_;
  ++version_;
  wanted_ = readable_ = {};
  failure_ = absl::OkStatus();
  ended_.SignalAll();
}

void LoadedCollection::Update(meta::CollectionPtr collection) {
  absl::MutexLock lock(&mutex_);
  collection_ = std::move(collection);
}

meta::CollectionPtr LoadedCollection::collection() const {
  absl::ReaderMutexLock lock(&mutex_);
  return collection_;
}

uint64_t LoadedCollection::version() const {
  absl::ReaderMutexLock lock(&mutex_);
  return version_;
}

bool LoadedCollection::IsReadable(const std::vector<PartitionId>& partitions) const {
  if (!readable_.loaded) return false;
  for (const PartitionId partition : partitions) {
    if (!readable_.Covers(partition)) return false;
  }
  return true;
}

absl::Status LoadedCollection::CheckWanted(const std::vector<PartitionId>& partitions) const {
  if (!wanted_.loaded) {
    return UserError(ErrorCode::kCollectionNotLoaded, "collection not loaded[collection={}]",
                     collection_ == nullptr ? "" : collection_->schema.name);
  }
  for (const PartitionId partition : partitions) {
    if (wanted_.Covers(partition)) continue;
    const meta::Partition* found = collection_->FindPartition(partition);
    return UserError(ErrorCode::kPartitionNotLoaded, "partition not loaded[partition={}]",
                     found == nullptr ? std::to_string(partition.value()) : found->name);
  }
  return absl::OkStatus();
}

roles::LoadStatus LoadedCollection::Status(const std::vector<PartitionId>& partitions) const {
  absl::ReaderMutexLock lock(&mutex_);
  roles::LoadStatus status;
  if (!CheckWanted(partitions).ok()) return status;
  status.failure = failure_;
  // All that is wanted is there when a load of just that has ended.
  const bool whole = readable_.all_partitions == wanted_.all_partitions &&
                     (wanted_.all_partitions || IsReadable(wanted_.partitions));
  if (partitions.empty() ? readable_.loaded && whole : IsReadable(partitions)) {
    status.state = roles::LoadState::kLoaded;
    status.percent = 100;
  } else {
    status.state = roles::LoadState::kLoading;
    if (total_ > 0) status.percent = std::min<int64_t>(99, done_ * 100 / total_);
  }
  return status;
}

absl::StatusOr<LoadedCollection::Readable> LoadedCollection::WaitReadable(
    const std::vector<PartitionId>& partitions, const Cancellation& cancellation) {
  absl::MutexLock lock(&mutex_);
  const absl::Time until = absl::Now() + kLoadWaitMax;
  for (;;) {
    ELANUS_RETURN_IF_ERROR(CheckWanted(partitions));
    if (IsReadable(partitions)) return Readable{readable_, version_};
    const std::string& name = collection_->schema.name;
    if (!failure_.ok())
      return WithContext(failure_, fmt::format("collection {} failed to load", name));
    ELANUS_RETURN_IF_ERROR(cancellation.Check());
    if (absl::Now() >= until) {
      return RetryableError(ErrorCode::kCollectionNotFullyLoaded,
                            "collection not fully loaded[collection={}]", name);
    }
    ended_.WaitWithTimeout(&mutex_, absl::Milliseconds(20));
  }
}

}  // namespace elanus::querynode
