// Loading: from the catalog's list of segments to open columns and indexes.
#include <algorithm>
#include <atomic>
#include <set>

#include "common/clock.h"
#include "common/logging.h"
#include "common/metric_families.h"
#include "index/encoded_lists.h"
#include "index/index_kinds.h"
#include "index/index_params.h"
#include "index/max_sim.h"
#include "index/parted_index.h"
#include "meta/implied_indexes.h"
#include "querynode/local_query_node.h"
#include "segment/loaded_deletes.h"
#include "segment/read_until.h"

namespace elanus::querynode {
namespace {

segment::SealedFiles FilesOf(const meta::Collection& collection, const meta::Segment& flushed) {
  segment::SealedFiles files;
  files.id = flushed.id;
  files.partition = flushed.partition;
  files.shard = flushed.shard;
  files.num_rows = flushed.num_rows;
  files.min_timestamp = flushed.min_timestamp;
  files.max_timestamp = flushed.max_timestamp;
  files.deletes_applied = flushed.deletes_applied;
  files.ordered_by = flushed.ordered_by;
  for (const meta::ReplacedSegment& replaced : flushed.replaces) {
    files.replaces.push_back(replaced.id);
  }
  files.siblings = flushed.siblings;
  const std::vector<FieldId>& wanted = collection.load.fields;
  for (const meta::FieldFile& file : flushed.files) {
    if (file.field == meta::kTimestampField) {
      files.timestamps = file.key;
    } else if (file.paths) {
      files.shredded.push_back({file.field, file.key, file.bytes});
    } else if (wanted.empty() ||
               std::find(wanted.begin(), wanted.end(), file.field) != wanted.end()) {
      files.columns.push_back({file.field, file.key, file.bytes});
    }
  }
  return files;
}

// The segment's part of an index, if it is built and has a file; else null.
const meta::SegmentIndex* FinishedFile(const meta::Segment& flushed, IndexId index) {
  for (const meta::SegmentIndex& built : flushed.indexes) {
    if (built.index != index) continue;
    return built.state == meta::BuildState::kFinished && !built.key.empty() ? &built : nullptr;
  }
  return nullptr;
}

// One over the whole object where the index has no parts.
std::vector<segment::StoredPart> PartsOf(const meta::SegmentIndex& built) {
  std::vector<segment::StoredPart> parts;
  for (const meta::IndexPart& part : built.parts) {
    parts.push_back(
        {part.first_row, static_cast<uint64_t>(part.offset), static_cast<uint64_t>(part.bytes)});
  }
  if (parts.empty()) parts.push_back({0, 0, static_cast<uint64_t>(built.bytes)});
  return parts;
}

std::shared_ptr<const cache::StoredObject> StoredIndex(const cache::Tiers& tiers,
                                                       CollectionId collection,
                                                       const meta::SegmentIndex& built) {
  return segment::CachedIndex::Stored(tiers,
                                      {cache::Kind::kVectorIndex, collection.value(), built.key},
                                      static_cast<uint64_t>(built.bytes), PartsOf(built));
}

bool MayPass(const absl::Status& status) {
  return !status.ok() && elanus::MayPass(CodeOf(status));
}

// Those that are not dropped.
void KeepScalarIndexes(const meta::Collection& collection, const segment::SealedSegment& sealed) {
  std::set<IndexId> kept;
  for (const meta::Index& index : meta::AllIndexes(collection)) kept.insert(index.id);
  sealed.scalar_indexes().Keep(kept);
}

// Truncations and merges take deltas away, perhaps while they are being read.
bool StillListed(roles::Coordinator& coordinator, const meta::Delta& delta) {
  const std::vector<meta::Delta> listed = coordinator.Deltas(delta.collection);
  return std::any_of(listed.begin(), listed.end(),
                     [&](const meta::Delta& other) { return other.id == delta.id; });
}

}  // namespace

bool LocalQueryNode::EncodesLists(const meta::Index& index) {
  return index::ListStrategyOf(index.metric, index.params) != index::ListStrategy::kTokenAnn;
}

bool LocalQueryNode::OpensBlocks(const index::IndexKind& kind, const meta::Index& index) {
  return (kind.stays_on_disk || WantsMmap(index)) && kind.open_blocks != nullptr &&
         !EncodesLists(index);
}

bool LocalQueryNode::WantsMmap(const meta::Index& index) {
  for (const auto& [key, value] : index.user_params) {
    if (key == "mmap.enabled") return index::ParseSettingBool(value).value_or(false);
  }
  return false;
}

LocalQueryNode::LocalQueryNode(Parts parts) : parts_(parts) {
  parts_.registry.SetListener(
      [this](CollectionId collection, SegmentId segment) { RefreshIndexes(collection, segment); });
}

LocalQueryNode::~LocalQueryNode() {
  parts_.registry.SetListener(nullptr);
}

std::shared_ptr<LoadedCollection> LocalQueryNode::Find(CollectionId collection) const {
  absl::ReaderMutexLock lock(&mutex_);
  const auto it = collections_.find(collection);
  return it == collections_.end() ? nullptr : it->second;
}

std::shared_ptr<LoadedCollection> LocalQueryNode::Get(CollectionId collection) {
  absl::MutexLock lock(&mutex_);
  std::shared_ptr<LoadedCollection>& loaded = collections_[collection];
  if (loaded == nullptr) loaded = std::make_shared<LoadedCollection>();
  return loaded;
}

LocalQueryNode::LoadTask LocalQueryNode::BeginLoad(meta::CollectionPtr collection) {
  LoadTask task;
  task.loaded = Get(collection->id);
  task.set = parts_.registry.Get(collection->id);
  // Readers first: what they may still read is in the set, and what is no longer wanted leaves the
  // set afterwards. Requests that hold it finish.
  task.load = task.loaded->Begin(collection);
  task.wish = task.set->SetWanted(WantedOf(collection->load));
  task.collection = std::move(collection);
  return task;
}

void LocalQueryNode::OnLoadChanged(meta::CollectionPtr collection, bool refresh) {
  if (!collection->load.loaded) {
    const std::shared_ptr<LoadedCollection> loaded = Get(collection->id);
    loaded->Release();
    loaded->Update(collection);
    parts_.registry.Get(collection->id)->SetWanted({});
    absl::MutexLock lock(&cold_mutex_);
    cold_deletes_.erase(collection->id);
    return;
  }
  const LoadTask task = BeginLoad(std::move(collection));
  if (!StartLoad(task)) {
    task.loaded->End(task.load,
                     RetryableError(ErrorCode::kTooManyRequests, "too many loads are waiting"));
  }
}

bool LocalQueryNode::StartLoad(const LoadTask& task) {
  return parts_.loading.Submit([this, task] {
    absl::Status status = LoadSegments(task);
    if (MayPass(status)) {
      absl::MutexLock lock(&failed_mutex_);
      failed_loads_.push_back(task);
    }
    task.loaded->End(task.load, std::move(status));
  });
}

void LocalQueryNode::RetryFailed() {
  std::vector<LoadTask> loads;
  std::set<std::pair<CollectionId, SegmentId>> indexes;
  {
    absl::MutexLock lock(&failed_mutex_);
    loads.swap(failed_loads_);
    indexes.swap(failed_indexes_);
  }
  for (const LoadTask& task : loads) {
    if (!task.loaded->IsLast(task.load) || StartLoad(task)) continue;
    absl::MutexLock lock(&failed_mutex_);
    failed_loads_.push_back(task);
  }
  for (const auto& key : indexes) {
    const auto refresh = [this, key = key] { RefreshIndexes(key.first, key.second); };
    if (parts_.loading.Submit(refresh)) continue;
    absl::MutexLock lock(&failed_mutex_);
    failed_indexes_.insert(key);
  }
}

absl::Status LocalQueryNode::LoadSegments(const LoadTask& task) {
  const segment::SegmentSet::Wanted wanted = WantedOf(task.collection->load);
  segment::LoadedDeletes deletes(parts_.store);
  std::atomic<int64_t> done{0};
  std::set<SegmentId> tried;
  absl::Status first;
  for (;;) {
    std::vector<meta::SegmentPtr> todo;
    for (const meta::SegmentPtr& segment : parts_.coordinator.Segments(task.collection->id)) {
      if (wanted.Covers(segment->partition) && tried.insert(segment->id).second) {
        todo.push_back(segment);
      }
    }
    // A compaction puts segments in the place of others while they are being loaded.
    if (todo.empty()) break;
    const absl::Status status = LoadSegments(task, todo, tried.size(), deletes, done);
    if (first.ok()) first = status;
  }
  if (first.ok() && wanted.all_partitions) task.set->SetComplete(task.wish);
  return first;
}

absl::Status LocalQueryNode::LoadSegments(const LoadTask& task,
                                          const std::vector<meta::SegmentPtr>& todo, size_t total,
                                          segment::LoadedDeletes& deletes,
                                          std::atomic<int64_t>& done) {
  // Asked after the list, so that it knows every field of every segment.
  const auto current = parts_.coordinator.GetCollection(task.collection->id);
  if (!current.ok()) return current.status();
  meta::Collection collection = **current;
  collection.load = task.collection->load;
  task.loaded->Progress(task.load, done, static_cast<int64_t>(total));
  absl::Mutex mutex;
  absl::Status first;
  parts_.loading.ParallelFor(todo.size(), [&](size_t i) {
    const absl::Status status = AddCold(collection, todo[i], *task.set)
                                    ? absl::OkStatus()
                                    : LoadSegment(collection, todo[i], *task.set, deletes);
    // A bad segment never blocks the rest; it is named in the load's error.
    if (!status.ok()) {
      ELANUS_LOG(Error, "segment not loaded", Field("collection", collection.schema.name),
                 Field("segment", todo[i]->id.value()), Field("reason", status));
      absl::MutexLock lock(&mutex);
      if (first.ok()) first = status;
    }
    task.loaded->Progress(task.load, done.fetch_add(1) + 1, static_cast<int64_t>(total));
  });
  return first;
}

absl::Status LocalQueryNode::LoadSegment(const meta::Collection& collection,
                                         const meta::SegmentPtr& listed, segment::SegmentSet& set,
                                         segment::LoadedDeletes& deletes, const EarlyIndex& early) {
  const meta::Segment& flushed = *listed;
  const uint64_t begin_ns = SystemClock().MonotonicNs();
  if (set.FindSealed(flushed.id) != nullptr) return absl::OkStatus();
  const auto in_catalog = [&] { return parts_.coordinator.FindSegment(flushed.id).has_value(); };
  if (!in_catalog()) return absl::OkStatus();
  absl::StatusOr<std::shared_ptr<segment::SealedSegment>> opened =
      segment::SealedSegment::Open(FilesOf(collection, flushed), collection.schema, parts_.store,
                                   {parts_.tiers, collection.id.value()});
  // Dropped while it was read: its objects may be gone.
  if (!opened.ok()) return in_catalog() ? opened.status() : absl::OkStatus();
  const std::shared_ptr<segment::SealedSegment> sealed = *std::move(opened);
  if (flushed.min_timestamp <= collection.truncated) sealed->HideUpTo(collection.truncated);
  UseIndexes(collection, flushed, *sealed, early);
  sealed->BuildMatchColumns(collection.schema);
  const absl::Status warm =
      WarmSegment(parts_.warmup, collection, *sealed, Warmup::kSync, Cancellation());
  if (!warm.ok()) return in_catalog() ? warm : absl::OkStatus();
  for (;;) {
    const uint64_t epoch = set.delete_epoch();
    bool changed = false;
    for (const meta::Delta& delta : parts_.coordinator.Deltas(collection.id)) {
      if (delta.max_timestamp < flushed.min_timestamp ||
          delta.max_timestamp <= flushed.deletes_applied) {
        continue;
      }
      const absl::Status added = deletes.Add(delta.id, delta.key);
      if (!added.ok() && StillListed(parts_.coordinator, delta) && in_catalog()) return added;
      changed |= !added.ok();
    }
    // What it held may stand in a merged file now.
    if (changed && in_catalog()) continue;
    deletes.ApplyTo(*sealed);
    switch (set.AddSealed(sealed, in_catalog, epoch)) {
      case segment::SegmentSet::Added::kYes:
        if (parts_.metrics != nullptr) {
          parts_.metrics->GetHistogram(metric::kQueryLoadSegmentLatency)
              ->Observe(static_cast<double>(SystemClock().MonotonicNs() - begin_ns) / 1e6);
        }
        WarmBehind(collection, sealed);
        // A build that ended before the segment was there found nobody to tell.
        if (parts_.coordinator.FindSegment(flushed.id) != listed) {
          RefreshIndexes(flushed.collection, flushed.id);
        }
        return absl::OkStatus();
      case segment::SegmentSet::Added::kNotWanted:
        return absl::OkStatus();
      case segment::SegmentSet::Added::kDeletesMoved:
        break;
    }
  }
}

void LocalQueryNode::WarmBehind(const meta::Collection& collection,
                                std::shared_ptr<const segment::SealedSegment> sealed) {
  if (parts_.tiers == nullptr) return;
  const auto warm = [this, collection, held = std::weak_ptr(std::move(sealed))] {
    // Released meanwhile: nobody wants it any more.
    const std::shared_ptr<const segment::SealedSegment> segment = held.lock();
    if (segment == nullptr) return;
    const absl::Status status =
        WarmSegment(parts_.warmup, collection, *segment, Warmup::kAsync, Cancellation());
    if (status.ok()) return;
    ELANUS_LOG(Warn, "segment not warmed; requests bring what they use",
               Field("segment", segment->id().value()), Field("reason", status));
  };
  (void)parts_.loading.Submit(warm);
}

LocalQueryNode::EarlyIndex LocalQueryNode::FetchIndex(const meta::Collection& collection,
                                                      const meta::Segment& flushed, FieldId field) {
  const meta::Index* index = collection.IndexOf(field);
  const index::IndexKind* kind = index != nullptr ? index::FindIndexKind(index->type) : nullptr;
  if (kind == nullptr || !kind->is_vector || OpensBlocks(*kind, *index)) return nullptr;
  const meta::SegmentIndex* built = FinishedFile(flushed, index->id);
  // Which parts a search needs is not known yet.
  if (built == nullptr || built->bytes <= 0 || !built->parts.empty()) return nullptr;
  EarlyIndex early = StoredIndex(*parts_.tiers, collection.id, *built);
  const Cancellation reader = segment::ReadUntil::Current();
  (void)parts_.tiers->io->Submit([early, reader] { early->Prefetch(reader); });
  return early;
}

absl::StatusOr<std::shared_ptr<segment::LoadedIndex>> LocalQueryNode::OpenIndex(
    const index::IndexKind& kind, const meta::Index& index, const meta::SegmentIndex& built,
    CollectionId collection, const index::VectorRows& rows, int64_t num_rows,
    kernels::Metric metric, const EarlyIndex& early) {
  const std::string& key = built.key;
  const auto open = [&kind, encodes = EncodesLists(index), num_rows, metric, params = index.params](
                        std::span<const uint8_t> file, const index::VectorRows& own) {
    return encodes ? index::OpenEncodedLists(kind, file, own, num_rows, metric, params)
                   : kind.open(file, own, metric, params);
  };
  auto loaded = std::make_shared<segment::LoadedIndex>();
  loaded->metric = metric;
  loaded->type = kind.name;
  const std::vector<segment::StoredPart> parts = PartsOf(built);
  if (OpensBlocks(kind, index)) {
    ELANUS_ASSIGN_OR_RETURN(auto opened, parts_.store.OpenBlocks(key));
    segment::ReadUntil::Current().NoteFetched(opened->size());
    if (built.parts.empty()) {
      ELANUS_ASSIGN_OR_RETURN(loaded->index,
                              kind.open_blocks(std::move(opened), rows, metric, index.params));
      return loaded;
    }
    const std::shared_ptr<storage::BlockReader> blocks = std::move(opened);
    ELANUS_ASSIGN_OR_RETURN(
        loaded->index,
        index::OpenParts(segment::StartsOf(parts), rows,
                         [&](size_t i, const index::VectorRows& own) {
                           return kind.open_blocks(
                               storage::MakeSliceReader(blocks, parts[i].offset, parts[i].bytes),
                               own, metric, index.params);
                         }));
    return loaded;
  }
  if (parts_.tiers != nullptr && built.bytes > 0) {
    const bool on_its_way = early != nullptr && early->identity().name == key;
    loaded->cells = std::make_shared<segment::CachedIndex>(
        *parts_.tiers, on_its_way ? early : StoredIndex(*parts_.tiers, collection, built), parts,
        rows, open);
    return loaded;
  }
  ELANUS_ASSIGN_OR_RETURN(loaded->file, parts_.store.Get(key));
  const std::span<const uint8_t> file = loaded->file->data();
  if (file.size() < parts.back().offset + parts.back().bytes) {
    return InternalError(ErrorCode::kDataIntegrity, "index file is damaged: it ends early");
  }
  ELANUS_ASSIGN_OR_RETURN(
      loaded->index,
      index::OpenParts(segment::StartsOf(parts), rows, [&](size_t i, const index::VectorRows& own) {
        return open(file.subspan(parts[i].offset, parts[i].bytes), own);
      }));
  return loaded;
}

void LocalQueryNode::UseIndexes(const meta::Collection& collection, const meta::Segment& flushed,
                                segment::SealedSegment& sealed, const EarlyIndex& early) {
  KeepScalarIndexes(collection, sealed);  // One may have been dropped while the segment was loaded.
  for (const meta::Index& index : meta::AllIndexes(collection)) {
    const meta::SegmentIndex* built = FinishedFile(flushed, index.id);
    const index::IndexKind* kind = index::FindIndexKind(index.type);
    if (index.type == meta::kTextMatchIndex || (kind != nullptr && !kind->is_vector)) {
      UseScalarIndex(collection, flushed, index, built != nullptr ? *built : meta::SegmentIndex(),
                     sealed);
      continue;
    }
    const auto metric = index::ElementMetric(index.metric);
    if (built == nullptr || kind == nullptr || kind->open == nullptr || !metric.has_value()) {
      sealed.SetIndex(index.field, nullptr);
      continue;
    }
    const index::VectorRows rows = sealed.Vectors(index.field);
    if (rows.data == nullptr) continue;
    const auto used = sealed.IndexOf(index.field);
    if (used != nullptr && used->key == built->key) continue;
    auto loaded =
        OpenIndex(*kind, index, *built, collection.id, rows, sealed.num_rows(), *metric, early);
    if (!loaded.ok()) {
      NoteBadIndex(collection, flushed, index, built->key, loaded.status());
      continue;
    }
    (*loaded)->id = index.id.value();
    (*loaded)->key = built->key;
    if (WarmupOf(parts_.warmup, collection, index) == Warmup::kSync) {
      // Before it takes the place of what serves now. Damage is for searches to find.
      const absl::Status warm = sealed.WarmIndex(index.field, **loaded, Cancellation());
      if (!warm.ok()) {
        ELANUS_LOG(Warn, "index not warmed; the first search brings it",
                   Field("segment", flushed.id.value()), Field("index", index.name),
                   Field("reason", warm));
      }
    }
    sealed.SetIndex(index.field, *std::move(loaded));
  }
}

void LocalQueryNode::RefreshIndexes(CollectionId collection_id, SegmentId segment_id) {
  absl::MutexLock lock(&indexes_mutex_);
  const auto set = parts_.registry.Find(collection_id);
  if (set == nullptr) return;
  const auto sealed = set->FindSealed(segment_id);
  const auto segment = parts_.coordinator.FindSegment(segment_id);
  const auto collection = parts_.coordinator.GetCollection(collection_id);
  if (sealed == nullptr || !segment.has_value() || !collection.ok()) return;
  UseIndexes(**collection, **segment, *sealed);
}

void LocalQueryNode::OnSegmentsMerged(CollectionId collection_id,
                                      const std::vector<SegmentId>& replaced,
                                      const std::vector<meta::SegmentPtr>& made) {
  const auto set = parts_.registry.Find(collection_id);
  if (set == nullptr) return;
  if (made.empty()) {
    set->RemoveEmptied(replaced);
    return;
  }
  std::vector<SegmentId> ids;
  for (const meta::SegmentPtr& segment : made) ids.push_back(segment->id);
  set->NoteReplaced(replaced, ids);
  const auto collection = parts_.coordinator.GetCollection(collection_id);
  // A load that begins now finds it in the catalog.
  if (!collection.ok() || !set->wanted().Covers(made.front()->partition)) return;
  const bool was_cold =
      std::any_of(replaced.begin(), replaced.end(), [&](SegmentId id) { return set->IsCold(id); });
  segment::LoadedDeletes deletes(parts_.store);
  for (const meta::SegmentPtr& segment : made) {
    // What is not open cannot be opened any more.
    if (was_cold && AddCold(**collection, segment, *set)) continue;
    const absl::Status status = LoadSegment(**collection, segment, *set, deletes);
    if (!status.ok()) {
      ELANUS_LOG(Error, "merged segment not loaded; what it replaces serves on",
                 Field("segment", segment->id.value()), Field("reason", status));
    }
  }
}

void LocalQueryNode::OnSegmentIndexesChanged(meta::SegmentPtr segment) {
  RefreshIndexes(segment->collection, segment->id);
}

void LocalQueryNode::OnCollectionChanged(meta::CollectionPtr collection) {
  if (const auto loaded = Find(collection->id)) loaded->Update(collection);
  const auto set = parts_.registry.Find(collection->id);
  if (set == nullptr) return;
  // An index that was dropped is used no more.
  absl::MutexLock lock(&indexes_mutex_);
  for (const meta::SegmentPtr& flushed : parts_.coordinator.Segments(collection->id)) {
    const auto sealed = set->FindSealed(flushed->id);
    if (sealed == nullptr) continue;
    KeepScalarIndexes(*collection, *sealed);
    for (const schema::FieldSchema* field : collection->schema.vector_fields()) {
      const auto used = sealed->IndexOf(field->id);
      const meta::Index* index = collection->IndexOf(field->id);
      if (used != nullptr && (index == nullptr || index->id.value() != used->id)) {
        sealed->SetIndex(field->id, nullptr);
      }
    }
  }
}

void LocalQueryNode::OnCollectionDropped(CollectionId collection) {
  {
    absl::MutexLock lock(&cold_mutex_);
    cold_deletes_.erase(collection);
  }
  if (const auto loaded = Find(collection)) loaded->Release();  // Who waits for it is told.
  absl::MutexLock lock(&mutex_);
  collections_.erase(collection);
}

void LocalQueryNode::OnPartitionDropped(CollectionId collection, PartitionId partition) {
  if (const auto set = parts_.registry.Find(collection)) set->RemovePartition(partition);
}

void LocalQueryNode::OnCollectionTruncated(CollectionId /*collection*/, Timestamp /*at*/) {
  // The data node has taken the rows out of the shared set.
}

roles::LoadStatus LocalQueryNode::GetLoadStatus(CollectionId collection,
                                                const std::vector<PartitionId>& partitions) {
  const auto loaded = Find(collection);
  if (loaded == nullptr) return {};
  return loaded->Status(partitions);
}

std::vector<roles::QuerySegment> LocalQueryNode::LoadedSegments(CollectionId collection) {
  std::vector<roles::QuerySegment> out;
  const auto set = parts_.registry.Find(collection);
  if (set == nullptr) return out;
  for (const segment::ColdSegment& cold : set->Cold([](PartitionId) { return true; })) {
    roles::QuerySegment info;
    info.id = cold.id;
    info.partition = cold.partition;
    info.num_rows = cold.num_rows;
    if (const auto flushed = parts_.coordinator.FindSegment(cold.id)) info.sealed = *flushed;
    out.push_back(std::move(info));
  }
  const auto current = parts_.coordinator.GetCollection(collection);
  const segment::SegmentSet::Snapshot snapshot =
      set->snapshot();  // The loop alone would not hold it.
  for (const segment::SegmentPtr& segment : *snapshot) {
    if (segment->num_rows() == 0) continue;
    roles::QuerySegment info;
    info.id = segment->id();
    info.partition = segment->partition();
    info.num_rows = segment->num_rows();
    info.memory_bytes = segment->memory_bytes();
    info.growing = segment->growing();
    if (const auto flushed = parts_.coordinator.FindSegment(segment->id())) info.sealed = *flushed;
    if (const auto sealed = set->FindSealed(segment->id()); sealed != nullptr && current.ok()) {
      info.num_deleted = sealed->deletes().size();
      for (const meta::Index& index : (*current)->indexes) {
        if (sealed->IndexOf(index.field) != nullptr ||
            !sealed->scalar_indexes().KeyOf(index.id).empty()) {
          info.indexes.push_back(index.id);
        }
      }
    }
    out.push_back(std::move(info));
  }
  return out;
}

}  // namespace elanus::querynode
