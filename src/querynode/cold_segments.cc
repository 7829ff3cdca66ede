// Segments that are searchable before anything of them was read: a load is done when the catalog's
// list is known, and the first request that comes by a segment opens it.
#include <algorithm>

#include "common/logging.h"
#include "querynode/local_query_node.h"
#include "segment/loaded_deletes.h"

namespace elanus::querynode {
namespace {

constexpr absl::Duration kPatience = absl::Milliseconds(20);

// Whether some of it is on local disk since before a restart: that is to be kept, not to be removed
// as nobody's.
bool HasLeftOver(const cache::CacheDirectory* directory, const meta::Segment& flushed) {
  if (directory == nullptr) return false;
  const auto left = [&](const auto& file) { return directory->HasLeftOver(file.key); };
  return std::any_of(flushed.files.begin(), flushed.files.end(), left) ||
         std::any_of(flushed.indexes.begin(), flushed.indexes.end(), left);
}

}  // namespace

bool LocalQueryNode::AddCold(const meta::Collection& collection, const meta::SegmentPtr& flushed,
                             segment::SegmentSet& set) {
  if (parts_.tiers == nullptr || HasLeftOver(parts_.tiers->directory, *flushed)) return false;
  const Warmup level = MostEager(parts_.warmup, collection);
  if (level == Warmup::kSync) return false;
  const segment::ColdSegment cold{.id = flushed->id,
                                  .partition = flushed->partition,
                                  .num_rows = flushed->num_rows,
                                  .max_timestamp = flushed->max_timestamp};
  std::vector<SegmentId> replaces;
  for (const meta::ReplacedSegment& replaced : flushed->replaces) replaces.push_back(replaced.id);
  const auto in_catalog = [&] { return parts_.coordinator.FindSegment(flushed->id).has_value(); };
  if (!set.AddCold(cold, replaces, flushed->siblings, in_catalog)) return false;
  if (level == Warmup::kAsync) {
    (void)parts_.loading.Submit([this, id = collection.id, cold] {
      const auto current = parts_.registry.Find(id);
      if (current == nullptr) return;
      const absl::Status status = OpenCold(id, *current, {cold}, std::nullopt, Cancellation());
      if (status.ok()) return;
      ELANUS_LOG(Warn, "segment not warmed; the first request opens it",
                 Field("segment", cold.id.value()), Field("reason", status));
    });
  }
  return true;
}

absl::Status LocalQueryNode::OpenCold(CollectionId collection, segment::SegmentSet& set,
                                      const std::vector<segment::ColdSegment>& cold,
                                      std::optional<FieldId> searched,
                                      const Cancellation& cancellation) {
  // Asked for now, so that it knows every field of every segment.
  ELANUS_ASSIGN_OR_RETURN(const meta::CollectionPtr current,
                          parts_.coordinator.GetCollection(collection));
  std::shared_ptr<segment::LoadedDeletes> deletes;
  {
    absl::MutexLock lock(&cold_mutex_);
    std::shared_ptr<segment::LoadedDeletes>& shared = cold_deletes_[collection];
    if (shared == nullptr) shared = std::make_shared<segment::LoadedDeletes>(parts_.store);
    deletes = shared;
  }
  absl::Mutex mutex;
  absl::Status first;
  // Each waits for the store.
  parts_.tiers->io->ParallelFor(cold.size(), [&](size_t i) {
    const absl::Status status =
        OpenColdSegment(*current, cold[i].id, searched, set, *deletes, cancellation);
    absl::MutexLock lock(&mutex);
    if (first.ok()) first = status;
  });
  if (!set.has_cold()) {
    absl::MutexLock lock(&cold_mutex_);
    cold_deletes_.erase(collection);
  }
  return first;
}

absl::Status LocalQueryNode::OpenColdSegment(const meta::Collection& collection, SegmentId segment,
                                             std::optional<FieldId> searched,
                                             segment::SegmentSet& set,
                                             segment::LoadedDeletes& deletes,
                                             const Cancellation& cancellation) {
  {
    absl::MutexLock lock(&cold_mutex_);
    while (!opening_.insert(segment).second) {
      ELANUS_RETURN_IF_ERROR(cancellation.Check());
      cold_opened_.WaitWithTimeout(&cold_mutex_, kPatience);
    }
  }
  absl::Status status;
  if (const auto listed = parts_.coordinator.FindSegment(segment)) {
    const EarlyIndex early =
        searched.has_value() ? FetchIndex(collection, **listed, *searched) : nullptr;
    status = LoadSegment(collection, *listed, set, deletes, early);
    if (!status.ok()) {
      ELANUS_LOG(Error, "segment not opened", Field("collection", collection.schema.name),
                 Field("segment", segment.value()), Field("reason", status));
    }
  } else {
    // Merged or dropped just now; who did that is about to say so.
    status = cancellation.Check();
    absl::SleepFor(absl::Milliseconds(1));
  }
  absl::MutexLock lock(&cold_mutex_);
  opening_.erase(segment);
  cold_opened_.SignalAll();
  return status;
}

}  // namespace elanus::querynode
