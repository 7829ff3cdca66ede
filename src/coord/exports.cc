// Coordinator: snapshots that are copied out of the cluster, and those that come from another.
//
// An exported snapshot is a folder: objects under the keys that they have here, below data/, and a
// manifest, which is written last. It is whole as soon as it is there.
#include "common/crash_point.h"
#include "common/logging.h"
#include "coord/coordinator.h"
#include "coord/crash_points.h"
#include "coord/snapshot_manifest.h"
#include "coord/snapshot_source.h"
#include "storage/crc32c.h"

namespace elanus::coord {
namespace {

constexpr std::string_view kManifestFolder = "metadata/";

using State = meta::RestoreJob::State;

// FOLDER/metadata/FILE.
struct ManifestPlace {
  std::string folder;
  std::string key;  // In the folder.
};
absl::StatusOr<ManifestPlace> PlaceOf(const std::string& uri) {
  const size_t at = uri.rfind(fmt::format("/{}", kManifestFolder));
  if (at == std::string::npos || at == 0 || uri.ends_with('/')) {
    return UserError(ErrorCode::kParameterInvalid,
                     "snapshot_metadata_uri is not that of an exported snapshot: {}", uri);
  }
  return ManifestPlace{uri.substr(0, at), uri.substr(at + 1)};
}

std::string_view TextOf(const storage::MappedFile& object) {
  return {reinterpret_cast<const char*>(object.data().data()), object.data().size()};
}

// Indexes may have been built since the snapshot was taken.
meta::SegmentPtr WithIndexesOf(const meta::SegmentPtr& kept, const meta::SegmentPtr& live) {
  auto out = std::make_shared<meta::Segment>(*kept);
  if (live != nullptr) out->indexes = live->indexes;
  std::erase_if(out->indexes, [](const meta::SegmentIndex& index) {
    return index.state != meta::BuildState::kFinished;
  });
  return out;
}

}  // namespace

absl::StatusOr<std::unique_ptr<storage::ObjectStore>> Coordinator::OpenExternal(
    const std::string& path) const {
  if (environment_.open_external == nullptr) {
    return UserError(ErrorCode::kOperationNotSupported,
                     "this server has no place for snapshots outside of the cluster");
  }
  return environment_.open_external(path);
}

absl::StatusOr<meta::RestoreJob> Coordinator::ExportSnapshot(const roles::ExportRequest& request) {
  std::string folder = request.path;
  while (folder.ends_with('/')) folder.pop_back();
  meta::RestoreJob job;
  ELANUS_ASSIGN_OR_RETURN(const meta::SnapshotPtr snapshot,
                          GetSnapshot(request.db, request.collection, request.name));
  ELANUS_RETURN_IF_ERROR(OpenExternal(folder).status());
  job.snapshot = snapshot->id;
  job.snapshot_name = snapshot->name;
  ELANUS_ASSIGN_OR_RETURN(const meta::CollectionPtr collection,
                          state_.FindCollection(snapshot->collection));
  job.database = collection->database;
  job.database_name = collection->database_name;
  job.collection_name = collection->schema.name;
  job.copies = job.exports = true;
  job.uri = fmt::format("{}/{}{}.json", folder, kManifestFolder, snapshot->id);
  ELANUS_RETURN_IF_ERROR(BeginJob(job));
  ELANUS_RETURN_IF_ERROR(RunRestore(job));
  for (const meta::RestoreJob& ended : state_.Restores()) {
    if (ended.id == job.id) return ended;
  }
  return job;
}

absl::StatusOr<int64_t> Coordinator::RestoreExternalSnapshot(
    const roles::ExternalRestoreRequest& request) {
  meta::RestoreJob job;
  job.uri = request.uri;
  job.copies = true;
  ELANUS_ASSIGN_OR_RETURN(const SnapshotSource source, SourceOf(job));
  job.snapshot = source.snapshot->id;
  job.snapshot_name = source.snapshot->name;
  ELANUS_ASSIGN_OR_RETURN(const meta::Database target, state_.FindDatabase(request.target_db));
  ELANUS_RETURN_IF_ERROR(CheckNewCollection(target, request.target_collection));
  job.database = target.id;
  job.database_name = target.name;
  job.collection_name = request.target_collection;
  ELANUS_RETURN_IF_ERROR(BeginJob(job));
  if (!restores_.Run(environment_.run_compaction, [this, job] { (void)RunRestore(job); })) {
    (void)RunRestore(job);
  }
  return job.id;
}

absl::StatusOr<SnapshotSource> Coordinator::SourceOf(const meta::RestoreJob& job) const {
  SnapshotSource out;
  if (!job.uri.empty() && !job.exports) {
    ELANUS_ASSIGN_OR_RETURN(const ManifestPlace place, PlaceOf(job.uri));
    ELANUS_ASSIGN_OR_RETURN(out.external, OpenExternal(place.folder));
    ELANUS_ASSIGN_OR_RETURN(const auto object, out.external->Get(place.key));
    ELANUS_ASSIGN_OR_RETURN(SnapshotManifest manifest, DecodeManifest(job.uri, TextOf(*object)));
    out.snapshot = std::move(manifest.snapshot);
    out.objects = std::move(manifest.objects);
    // Its rows would be of the future until then, and nobody would see them.
    if (out.snapshot->at > timestamps_->Next()) {
      return RetryableError(ErrorCode::kServiceUnavailable,
                            "the snapshot was taken at {} ms, which the clock of this cluster has "
                            "not reached: {}",
                            PhysicalMs(out.snapshot->at), job.uri);
    }
    return out;
  }
  for (const meta::SnapshotPtr& one : state_.Snapshots()) {
    if (one->id == job.snapshot) out.snapshot = one;
  }
  if (out.snapshot != nullptr) return out;
  return UserError(ErrorCode::kSnapshotNotFound, "snapshot not found[snapshot={}]",
                   job.snapshot_name);
}

absl::Status Coordinator::Export(meta::RestoreJob job) {
  if (environment_.objects == nullptr) return absl::OkStatus();
  ELANUS_ASSIGN_OR_RETURN(const ManifestPlace place, PlaceOf(job.uri));
  ELANUS_ASSIGN_OR_RETURN(const auto target, OpenExternal(place.folder));
  ELANUS_ASSIGN_OR_RETURN(const SnapshotSource source, SourceOf(job));
  SnapshotManifest manifest{.cluster = instance_, .snapshot = nullptr, .objects = {}};
  meta::Snapshot snapshot = *source.snapshot;
  meta::SnapshotContent content = *snapshot.content;
  for (meta::SegmentPtr& segment : content.segments) {
    segment = WithIndexesOf(segment, state_.FindSegment(segment->id));
  }
  snapshot.pins.clear();
  const std::vector<std::string> keys = KeysOf(content);
  snapshot.content = std::make_shared<const meta::SnapshotContent>(std::move(content));
  manifest.snapshot = std::make_shared<const meta::Snapshot>(std::move(snapshot));
  job.num_files = std::ssize(keys);
  job.num_copied = job.num_bytes = 0;
  for (const std::string& key : keys) {
    if (restores_.stopped()) return UserError(ErrorCode::kCancelled, "the server stops");
    ELANUS_ASSIGN_OR_RETURN(const auto object, environment_.objects->Get(key));
    const std::string_view bytes = TextOf(*object);
    CrashPoint(kExportCopy);
    ELANUS_RETURN_IF_ERROR(target->Put(ExportedKey(key), {&bytes, 1}));
    manifest.objects[key] = {std::ssize(bytes), storage::Crc32c(bytes)};
    job.num_bytes += std::ssize(bytes);
    ++job.num_copied;
    const auto percent = static_cast<int32_t>(job.num_copied * 99 / job.num_files);
    if (percent < job.progress + 10) continue;
    job.progress = percent;
    ELANUS_RETURN_IF_ERROR(PutJob(job));
  }
  ELANUS_ASSIGN_OR_RETURN(const std::string text, EncodeManifest(manifest));
  const std::string_view part = text;
  CrashPoint(kExportBefore);
  ELANUS_RETURN_IF_ERROR(target->Put(place.key, {&part, 1}));
  CrashPoint(kExportAfter);
  EndJob(job);
  ELANUS_RETURN_IF_ERROR(PutJob(job));
  ELANUS_LOG(Info, "snapshot exported", Field("snapshot", job.snapshot_name),
             Field("manifest", job.uri), Field("files", job.num_files),
             Field("bytes", job.num_bytes), Field("ms", job.cost_ms));
  return absl::OkStatus();
}

}  // namespace elanus::coord
