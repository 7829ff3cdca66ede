// Loading: from the catalog's list of segments to open columns and indexes.
#include <algorithm>
#include <atomic>

#include "absl/container/flat_hash_map.h"
#include "absl/container/node_hash_map.h"
#include "common/logging.h"
#include "index/index_kinds.h"
#include "index/max_sim.h"
#include "querynode/local_query_node.h"
#include "storage/delta_file.h"

namespace elanus::querynode {
namespace {

segment::SealedFiles FilesOf(const meta::Collection& collection, const meta::Segment& flushed) {
  segment::SealedFiles files;
  files.id = flushed.id;
  files.partition = flushed.partition;
  files.shard = flushed.shard;
  files.num_rows = flushed.num_rows;
  files.max_timestamp = flushed.max_timestamp;
  const std::vector<FieldId>& wanted = collection.load.fields;
  for (const meta::FieldFile& file : flushed.files) {
    if (file.field == meta::kTimestampField) {
      files.timestamps = file.key;
    } else if (wanted.empty() ||
               std::find(wanted.begin(), wanted.end(), file.field) != wanted.end()) {
      files.columns.push_back({file.field, file.key});
    }
  }
  return files;
}

// A truncation takes deltas away that no row needs any more, perhaps while they are being read.
bool StillListed(roles::Coordinator& coordinator, const meta::Delta& delta) {
  const std::vector<meta::Delta> listed = coordinator.Deltas(delta.collection);
  return std::any_of(listed.begin(), listed.end(),
                     [&](const meta::Delta& other) { return other.id == delta.id; });
}

}  // namespace

// The deletes of a collection, read once for all segments of a load and found by key: there may be
// many small segments, and each may be touched by every delete. Threads: any.
class LocalQueryNode::LoadedDeletes {
 public:
  explicit LoadedDeletes(storage::ObjectStore& store) : store_(store) {}

  // Adds what the file holds, unless it is there already.
  absl::Status Add(const meta::Delta& delta) {
    {
      absl::ReaderMutexLock lock(&mutex_);
      if (files_.contains(delta.id)) return absl::OkStatus();
    }
    absl::MutexLock lock(&mutex_);
    const auto [at, added] = files_.try_emplace(delta.id);
    if (!added) return absl::OkStatus();
    absl::StatusOr<storage::DeltaRows> rows = Read(delta);
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

  // Hides what the deletes added so far hide. Costs the smaller of the segment's rows and the keys.
  void ApplyTo(segment::SealedSegment& segment) const {
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

 private:
  struct Deletion {
    Timestamp at;
    int64_t partition;  // Negative: of any.
  };

  absl::StatusOr<storage::DeltaRows> Read(const meta::Delta& delta) const {
    ELANUS_ASSIGN_OR_RETURN(const auto object, store_.Get(delta.key));
    return storage::DecodeDeltaFile(object->data(), delta.key);
  }
  static void Hide(segment::SealedSegment& segment, schema::PrimaryKeyView key,
                   const std::vector<Deletion>& deletes) {
    for (const Deletion& deletion : deletes) {
      const bool here =
          deletion.partition < 0 || PartitionId(deletion.partition) == segment.partition();
      if (here) segment.Delete(key, deletion.at);
    }
  }

  storage::ObjectStore& store_;
  mutable absl::Mutex mutex_;
  absl::node_hash_map<int64_t, storage::DeltaRows> files_ ABSL_GUARDED_BY(mutex_);
  // Keys lie in files_.
  absl::flat_hash_map<schema::PrimaryKeyView, std::vector<Deletion>> by_key_
      ABSL_GUARDED_BY(mutex_);
};

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
    return;
  }
  const LoadTask task = BeginLoad(std::move(collection));
  const bool queued =
      parts_.loading.Submit([this, task] { task.loaded->End(task.load, LoadSegments(task)); });
  if (!queued) {
    task.loaded->End(task.load,
                     RetryableError(ErrorCode::kTooManyRequests, "too many loads are waiting"));
  }
}

absl::Status LocalQueryNode::LoadSegments(const LoadTask& task) {
  const segment::SegmentSet::Wanted wanted = WantedOf(task.collection->load);
  std::vector<meta::SegmentPtr> todo;
  for (const meta::SegmentPtr& segment : parts_.coordinator.Segments(task.collection->id)) {
    if (wanted.Covers(segment->partition)) todo.push_back(segment);
  }
  // Asked after the list, so that it knows every field of every segment.
  const auto current = parts_.coordinator.GetCollection(task.collection->id);
  if (!current.ok()) return current.status();
  meta::Collection collection = **current;
  collection.load = task.collection->load;
  const int64_t total = static_cast<int64_t>(todo.size());
  task.loaded->Progress(task.load, 0, total);
  LoadedDeletes deletes(parts_.store);
  std::atomic<int64_t> done{0};
  absl::Mutex mutex;
  absl::Status first;
  parts_.loading.ParallelFor(todo.size(), [&](size_t i) {
    const absl::Status status = LoadSegment(collection, todo[i], *task.set, deletes);
    // A bad segment never blocks the rest; it is named in the load's error.
    if (!status.ok()) {
      ELANUS_LOG(Error, "segment not loaded", Field("collection", collection.schema.name),
                 Field("segment", todo[i]->id.value()), Field("reason", status));
      absl::MutexLock lock(&mutex);
      if (first.ok()) first = status;
    }
    task.loaded->Progress(task.load, done.fetch_add(1) + 1, total);
  });
  if (first.ok() && wanted.all_partitions) task.set->SetComplete(task.wish);
  return first;
}

absl::Status LocalQueryNode::LoadSegment(const meta::Collection& collection,
                                         const meta::SegmentPtr& listed, segment::SegmentSet& set,
                                         LoadedDeletes& deletes) {
  const meta::Segment& flushed = *listed;
  if (set.FindSealed(flushed.id) != nullptr) return absl::OkStatus();
  const auto in_catalog = [&] { return parts_.coordinator.FindSegment(flushed.id).has_value(); };
  if (!in_catalog()) return absl::OkStatus();
  absl::StatusOr<std::shared_ptr<segment::SealedSegment>> opened =
      segment::SealedSegment::Open(FilesOf(collection, flushed), collection.schema, parts_.store);
  // Dropped while it was read: its objects may be gone.
  if (!opened.ok()) return in_catalog() ? opened.status() : absl::OkStatus();
  const std::shared_ptr<segment::SealedSegment> sealed = *std::move(opened);
  if (flushed.min_timestamp <= collection.truncated) sealed->HideUpTo(collection.truncated);
  UseIndexes(collection, flushed, *sealed);
  for (;;) {
    const uint64_t epoch = set.delete_epoch();
    for (const meta::Delta& delta : parts_.coordinator.Deltas(collection.id)) {
      if (delta.max_timestamp < flushed.min_timestamp) continue;
      const absl::Status added = deletes.Add(delta);
      if (!added.ok() && StillListed(parts_.coordinator, delta) && in_catalog()) return added;
    }
    deletes.ApplyTo(*sealed);
    switch (set.AddSealed(sealed, in_catalog, epoch)) {
      case segment::SegmentSet::Added::kYes:
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

absl::StatusOr<std::shared_ptr<segment::LoadedIndex>> LocalQueryNode::OpenIndex(
    const index::IndexKind& kind, const std::string& key, const index::VectorRows& rows,
    kernels::Metric metric, const index::Params& params) {
  auto loaded = std::make_shared<segment::LoadedIndex>();
  loaded->metric = metric;
  if (kind.open_blocks != nullptr) {
    ELANUS_ASSIGN_OR_RETURN(auto blocks, parts_.store.OpenBlocks(key));
    ELANUS_ASSIGN_OR_RETURN(loaded->index,
                            kind.open_blocks(std::move(blocks), rows, metric, params));
    return loaded;
  }
  ELANUS_ASSIGN_OR_RETURN(loaded->file, parts_.store.Get(key));
  ELANUS_ASSIGN_OR_RETURN(loaded->index, kind.open(loaded->file->data(), rows, metric, params));
  return loaded;
}

void LocalQueryNode::UseIndexes(const meta::Collection& collection, const meta::Segment& flushed,
                                segment::SealedSegment& sealed) {
  for (const meta::Index& index : collection.indexes) {
    if (index.metric.empty()) continue;
    const auto it = std::find_if(flushed.indexes.begin(), flushed.indexes.end(),
                                 [&](const auto& built) { return built.index == index.id; });
    const bool ready =
        it != flushed.indexes.end() && it->state == meta::BuildState::kFinished && !it->key.empty();
    const index::IndexKind* kind = index::FindIndexKind(index.type);
    const auto metric = index::ElementMetric(index.metric);
    if (!ready || kind == nullptr || kind->open == nullptr || !metric.has_value()) {
      sealed.SetIndex(index.field, nullptr);
      continue;
    }
    const index::VectorRows rows = sealed.Vectors(index.field);
    if (rows.data == nullptr) continue;
    auto loaded = OpenIndex(*kind, it->key, rows, *metric, index.params);
    // A damaged index file costs speed, never answers: the segment is scanned instead.
    if (!loaded.ok()) {
      ELANUS_LOG(Error, "index file cannot be used; its segment is scanned instead",
                 Field("segment", flushed.id.value()), Field("index", index.name),
                 Field("object", it->key), Field("reason", loaded.status()));
      continue;
    }
    (*loaded)->id = index.id.value();
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
      for (const meta::Index& index : (*current)->indexes) {
        if (sealed->IndexOf(index.field) != nullptr) info.indexes.push_back(index.id);
      }
    }
    out.push_back(std::move(info));
  }
  return out;
}

}  // namespace elanus::querynode
