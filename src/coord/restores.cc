// Coordinator: a snapshot becomes a collection.
//
// The new collection has ids of its own and names the objects that the snapshot names (or copies
// of them). Only deletes are written anew: they say which partition they are of, and those after
// the snapshot do not count.
#include <algorithm>
#include <map>

#include "common/crash_point.h"
#include "common/logging.h"
#include "coord/change.h"
#include "coord/coordinator.h"
#include "coord/crash_points.h"
#include "coord/object_keys.h"
#include "coord/snapshot_source.h"
#include "schema/names.h"
#include "storage/crc32c.h"

namespace elanus::coord {
namespace {

constexpr size_t kJobsKept = 1000;

using State = meta::RestoreJob::State;

template <typename... Args>
absl::Status Invalid(fmt::format_string<Args...> format, Args&&... args) {
  return UserError(ErrorCode::kParameterInvalid, format, std::forward<Args>(args)...);
}

// The wall clock may have stepped back.
uint64_t MsSince(uint64_t then_ms, const Clock& clock) {
  const uint64_t now_ms = clock.WallMs();
  return now_ms > then_ms ? now_ms - then_ms : 0;
}

}  // namespace

// What a restore makes, before it is committed.
struct Coordinator::Restored {
  SnapshotId snapshot;
  meta::Collection collection;
  std::map<PartitionId, PartitionId> partitions;  // Those of the snapshot -> the new ones.
  std::map<IndexId, IndexId> indexes;
  std::vector<meta::Segment> segments;
  std::optional<meta::Delta> delta;
  std::vector<std::pair<std::string, std::string>> copies;  // From, to.
  std::vector<meta::Delta> deltas;                          // Of the snapshot, to become one.
};

absl::StatusOr<int64_t> Coordinator::RestoreSnapshot(const roles::RestoreRequest& request) {
  meta::RestoreJob job;
  ELANUS_ASSIGN_OR_RETURN(const meta::SnapshotPtr snapshot,
                          GetSnapshot(request.db, request.collection, request.name));
  ELANUS_ASSIGN_OR_RETURN(const meta::Database target, state_.FindDatabase(request.target_db));
  ELANUS_RETURN_IF_ERROR(CheckNewCollection(target, request.target_collection));
  job.snapshot = snapshot->id;
  job.snapshot_name = snapshot->name;
  job.database = target.id;
  job.database_name = target.name;
  job.collection_name = request.target_collection;
  job.copies = request.copies;
  ELANUS_RETURN_IF_ERROR(BeginJob(job));
  // Sharing writes no more than one file of deletes.
  if (!job.copies ||
      !restores_.Run(environment_.run_compaction, [this, job] { (void)RunRestore(job); })) {
    (void)RunRestore(job);
  }
  return job.id;
}

absl::Status Coordinator::CheckNewCollection(const meta::Database& database,
                                             const std::string& name) const {
  {
    std::lock_guard lock(ddl_mutex_);
    ELANUS_RETURN_IF_ERROR(schema::CheckCollectionName(name, limits_.schema));
  }
  if (!state_.FindCollection(database.name, name).ok()) return absl::OkStatus();
  return Invalid("collection {} already exists, a snapshot becomes a new one", name);
}

absl::Status Coordinator::BeginJob(meta::RestoreJob& job) {
  Change change(*this);
  // Dropped meanwhile: from here on a job that runs holds it.
  if (job.uri.empty() || job.exports) ELANUS_RETURN_IF_ERROR(SourceOf(job).status());
  ELANUS_ASSIGN_OR_RETURN(job.id, ids_->Allocate(1));
  job.state = State::kExecuting;
  job.started_ms = environment_.clock.WallMs();
  ELANUS_RETURN_IF_ERROR(change.Put(job));
  const std::vector<meta::RestoreJob> older = state_.Restores();
  if (older.size() >= kJobsKept && older.front().state != State::kExecuting) {
    change.catalog().Remove(older.front());
  }
  return change.Commit();
}

void Coordinator::EndJob(meta::RestoreJob& job) const {
  job.state = State::kCompleted;
  job.progress = 100;
  job.cost_ms = MsSince(job.started_ms, environment_.clock);
}

std::vector<meta::RestoreJob> Coordinator::RestoreJobs() {
  return state_.Restores();
}

absl::Status Coordinator::PutJob(const meta::RestoreJob& job) {
  Change change(*this);
  ELANUS_RETURN_IF_ERROR(change.Put(job));
  return change.Commit();
}

absl::Status Coordinator::RunRestore(const meta::RestoreJob& job) {
  absl::Status status = job.exports ? Export(job) : Restore(job);
  // When the process ends it goes on with the next one.
  if (status.ok() || CodeOf(status) == ErrorCode::kCancelled) return status;
  ELANUS_LOG(Warn,
             job.exports ? "a snapshot could not be exported" : "a snapshot could not be restored",
             Field("snapshot", job.snapshot_name), Field("collection", job.collection_name),
             Field("reason", status));
  meta::RestoreJob failed = job;
  failed.state = State::kFailed;
  failed.reason = std::string(MessageOf(status));
  failed.cost_ms = MsSince(job.started_ms, environment_.clock);
  if (const absl::Status put = PutJob(failed); !put.ok()) {
    ELANUS_LOG(Warn, "the job that failed goes on with the next start", Field("job", job.id),
               Field("reason", put));
  }
  return status;
}

absl::Status Coordinator::Restore(const meta::RestoreJob& job) {
  const std::shared_ptr<void> hold = HoldIds();
  ELANUS_ASSIGN_OR_RETURN(const SnapshotSource source, SourceOf(job));
  const meta::Snapshot& snapshot = *source.snapshot;
  ELANUS_ASSIGN_OR_RETURN(Restored restored, PlanRestore(job, snapshot));
  absl::Status status = CopyObjects(job, restored, source);
  if (status.ok() && data_node_ != nullptr && !restored.deltas.empty()) {
    absl::StatusOr<std::optional<meta::Delta>> delta =
        data_node_->MergeDeltas({.collection = restored.collection.id,
                                 .sources = restored.deltas,
                                 .until = snapshot.at,
                                 .settled = snapshot.at,
                                 .partitions = restored.partitions},
                                Cancellation());
    status = delta.status();
    if (delta.ok()) restored.delta = *std::move(delta);
  }
  if (!status.ok()) {
    std::vector<std::string> made;
    for (auto& [from, to] : restored.copies) made.push_back(std::move(to));
    remover_.Remove(std::move(made));
    return status;
  }
  status = CommitRestore(job, restored);
  if (!status.ok()) {
    // Nobody knows whether it was committed: its objects stay until the next start.
    std::lock_guard lock(garbage_mutex_);
    undecided_holds_.push_back(hold);
    return status;
  }
  if (source.external != nullptr) {
    // Copied to be merged alone.
    std::vector<std::string> merged;
    for (const meta::Delta& delta : restored.deltas) merged.push_back(delta.key);
    remover_.Remove(std::move(merged));
  }
  return status;
}

absl::StatusOr<Coordinator::Restored> Coordinator::PlanRestore(const meta::RestoreJob& job,
                                                               const meta::Snapshot& snapshot) {
  Restored out;
  out.snapshot = snapshot.id;
  out.collection = *snapshot.content->collection;
  meta::Collection& collection = out.collection;
  const auto num_ids =
      static_cast<int64_t>(1 + collection.partitions.size() + collection.indexes.size());
  ELANUS_ASSIGN_OR_RETURN(int64_t id, ids_->Allocate(num_ids));
  collection.id = CollectionId(id++);
  collection.database = job.database;
  collection.database_name = job.database_name;
  collection.schema.name = job.collection_name;
  collection.aliases.clear();
  collection.load = meta::LoadSpec();
  collection.created = collection.updated = timestamps_->Next();
  for (meta::Partition& partition : collection.partitions) {
    partition.id = out.partitions[partition.id] = PartitionId(id++);
  }
  for (meta::Index& index : collection.indexes) {
    index.id = out.indexes[index.id] = IndexId(id++);
  }
  for (const meta::SegmentPtr& kept : snapshot.content->segments) {
    if (!out.partitions.contains(kept->partition)) continue;
    ELANUS_ASSIGN_OR_RETURN(meta::Segment segment, SegmentFor(*kept, out, !job.uri.empty()));
    if (job.copies) ELANUS_RETURN_IF_ERROR(RenameObjects(out, segment));
    out.segments.push_back(std::move(segment));
  }
  out.deltas = snapshot.content->deltas;
  if (job.uri.empty()) return out;
  for (meta::Delta& delta : out.deltas) {
    ELANUS_ASSIGN_OR_RETURN(delta.id, ids_->Allocate(1));
    delta.collection = collection.id;
    std::string key = fmt::format("delta_log/{}/-1/{}/{}", collection.id, delta.id, delta.id);
    out.copies.emplace_back(std::exchange(delta.key, key), key);
  }
  return out;
}

// The segment of the new collection that names the objects of a kept one.
absl::StatusOr<meta::Segment> Coordinator::SegmentFor(const meta::Segment& kept,
                                                      const Restored& restored, bool external) {
  meta::Segment out = kept;
  // An index may have been built since. Ids of another cluster say nothing here.
  const meta::SegmentPtr live = external ? nullptr : state_.FindSegment(kept.id);
  if (live != nullptr) out.indexes = live->indexes;
  std::map<IndexId, meta::SegmentIndex> built;
  for (const meta::SegmentIndex& part : out.indexes) {
    const auto it = restored.indexes.find(part.index);
    if (it == restored.indexes.end() || part.state != meta::BuildState::kFinished) continue;
    built[it->second] = part;
    built[it->second].index = it->second;
  }
  ELANUS_ASSIGN_OR_RETURN(const int64_t id, ids_->Allocate(1));
  out.id = SegmentId(id);
  out.collection = restored.collection.id;
  out.partition = restored.partitions.at(kept.partition);
  // Its rows do not stand in the log: not under the new collection.
  out.log_end = 0;
  out.replaces.clear();
  out.siblings.clear();
  out.indexes.clear();
  for (const meta::Index& index : restored.collection.indexes) {
    const auto it = built.find(index.id);
    if (it != built.end()) {
      out.indexes.push_back(it->second);
      continue;
    }
    ELANUS_ASSIGN_OR_RETURN(meta::SegmentIndex first, FirstState(index, out));
    out.indexes.push_back(std::move(first));
  }
  return out;
}

// Gives the segment's objects keys of its own, and notes what is to be copied.
absl::Status Coordinator::RenameObjects(Restored& restored, meta::Segment& segment) {
  const auto num_ids = static_cast<int64_t>(segment.files.size() + segment.indexes.size());
  if (num_ids == 0) return absl::OkStatus();
  ELANUS_ASSIGN_OR_RETURN(int64_t id, ids_->Allocate(num_ids));
  for (meta::FieldFile& file : segment.files) {
    std::string key = KeyFor(segment, file, id++);
    restored.copies.emplace_back(std::exchange(file.key, key), key);
  }
  for (meta::SegmentIndex& index : segment.indexes) {
    if (index.key.empty()) continue;
    index.build = BuildId(id++);
    std::string key = KeyFor(segment, index, index.build);
    restored.copies.emplace_back(std::exchange(index.key, key), key);
  }
  return absl::OkStatus();
}

absl::Status Coordinator::CopyObjects(meta::RestoreJob job, const Restored& restored,
                                      const SnapshotSource& source) {
  if (environment_.objects == nullptr) return absl::OkStatus();
  size_t done = 0;
  for (const auto& [from, to] : restored.copies) {
    if (restores_.stopped()) return UserError(ErrorCode::kCancelled, "the server stops");
    ELANUS_ASSIGN_OR_RETURN(const auto object, source.external == nullptr
                                                   ? environment_.objects->Get(from)
                                                   : source.external->Get(ExportedKey(from)));
    const std::span<const uint8_t> data = object->data();
    const std::string_view bytes(reinterpret_cast<const char*>(data.data()), data.size());
    if (source.external != nullptr) {
      const SnapshotManifest::Object& expected = source.objects.at(from);
      if (std::ssize(bytes) != expected.bytes || storage::Crc32c(bytes) != expected.crc) {
        return InternalError(ErrorCode::kDataIntegrity,
                             "exported object is damaged: {} of {}: it has {} bytes of {}, or "
                             "another checksum",
                             ExportedKey(from), job.uri, bytes.size(), expected.bytes);
      }
    }
    CrashPoint(kRestoreCopy);
    ELANUS_RETURN_IF_ERROR(environment_.objects->Put(to, {&bytes, 1}));
    ++done;
    const auto percent = static_cast<int32_t>(done * 99 / restored.copies.size());
    if (percent < job.progress + 10) continue;
    job.progress = percent;
    ELANUS_RETURN_IF_ERROR(PutJob(job));
  }
  return absl::OkStatus();
}

absl::Status Coordinator::CheckRoomFor(const meta::Collection& restored) const {
  if (state_.FindCollection(restored.database_name, restored.schema.name).ok()) {
    return Invalid("collection {} already exists, a snapshot becomes a new one",
                   restored.schema.name);
  }
  ELANUS_ASSIGN_OR_RETURN(const meta::Database database,
                          state_.FindDatabase(restored.database_name));
  ELANUS_RETURN_IF_ERROR(CheckRoomForAnother());
  ELANUS_RETURN_IF_ERROR(CheckRoomForAnotherIn(database));
  const auto wanted = static_cast<int64_t>(restored.partitions.size()) * restored.num_shards;
  if (state_.GeneralCapacityUsed() + wanted <= limits_.general_capacity_max) {
    return absl::OkStatus();
  }
  return UserError(ErrorCode::kGeneralCapacityExceeded,
                   "general capacity exceeded[used={}][wanted={}][limit={}]",
                   state_.GeneralCapacityUsed(), wanted, limits_.general_capacity_max);
}

absl::Status Coordinator::CommitRestore(meta::RestoreJob job, Restored& restored) {
  std::vector<std::pair<SegmentId, IndexId>> builds;
  int64_t num_rows = 0;
  {
    Change change(*this);
    ELANUS_RETURN_IF_ERROR(CheckRoomFor(restored.collection));
    ELANUS_RETURN_IF_ERROR(change.Put(restored.collection));
    for (meta::Segment& segment : restored.segments) {
      segment.flushed = timestamps_->Next();
      num_rows += segment.num_rows;
      for (const meta::SegmentIndex& index : segment.indexes) {
        if (index.state == meta::BuildState::kPending) builds.emplace_back(segment.id, index.index);
      }
      ELANUS_RETURN_IF_ERROR(change.Put(segment));
    }
    if (restored.delta.has_value()) ELANUS_RETURN_IF_ERROR(change.Put(*restored.delta));
    EndJob(job);
    ELANUS_RETURN_IF_ERROR(change.Put(job));
    CrashPoint(kRestoreBefore);
    ELANUS_RETURN_IF_ERROR(change.Commit());
    CrashPoint(kRestoreAfter);
  }
  ELANUS_LOG(Info, "snapshot restored", Field("snapshot", job.snapshot_name),
             Field("collection", job.collection_name), Field("rows", num_rows),
             Field("copied", restored.copies.size()), Field("ms", job.cost_ms));
  if (scheduler_ != nullptr) {
    for (const auto& [segment, index] : builds) scheduler_->Add(segment, index);
  }
  return absl::OkStatus();
}

}  // namespace elanus::coord
