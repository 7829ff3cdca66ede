// Snapshots: taken, listed, dropped, pinned, restored.
#include "milvus.pb.h"
#include "proxy/rpc_rows.h"

namespace elanus::proxy {
namespace {

absl::Status Missing(std::string_view parameter) {
  return UserError(ErrorCode::kParameterMissing, "missing parameter[param={}]", parameter);
}

// Every snapshot is one of a collection, and has its name among those of this one only.
template <typename Request>
absl::Status CheckNamed(const Request& request) {
  if (request.name().empty()) return Missing("name");
  if (request.collection_name().empty()) return Missing("collection_name");
  return absl::OkStatus();
}

absl::Status CreateSnapshot(ProxyContext& proxy, CallContext& call,
                            const milvus_pb::CreateSnapshotRequest& request, common_pb::Status*) {
  ELANUS_RETURN_IF_ERROR(CheckNamed(request));
  const int64_t protection_s = request.compaction_protection_seconds();
  const int64_t protection_max_s = proxy.Now()->snapshot.protection_max_s;
  if (protection_s < 0 || protection_s > protection_max_s) {
    return UserError(ErrorCode::kParameterInvalid,
                     "compaction_protection_seconds [{}] is invalid, it should be in range [0, {}]",
                     protection_s, protection_max_s);
  }
  return proxy.coordinator->CreateSnapshot({.db = DatabaseOf(call, request.db_name()),
                                            .collection = request.collection_name(),
                                            .name = request.name(),
                                            .description = request.description(),
                                            .protection_s = protection_s},
                                           CancellationOf(call));
}

absl::Status DropSnapshot(ProxyContext& proxy, CallContext& call,
                          const milvus_pb::DropSnapshotRequest& request, common_pb::Status*) {
  ELANUS_RETURN_IF_ERROR(CheckNamed(request));
  return proxy.coordinator->DropSnapshot(DatabaseOf(call, request.db_name()),
                                         request.collection_name(), request.name());
}

absl::Status ListSnapshots(ProxyContext& proxy, CallContext& call,
                           const milvus_pb::ListSnapshotsRequest& request,
                           milvus_pb::ListSnapshotsResponse* response) {
  ELANUS_ASSIGN_OR_RETURN(const std::vector<meta::SnapshotPtr> snapshots,
                          proxy.coordinator->ListSnapshots(DatabaseOf(call, request.db_name()),
                                                           request.collection_name()));
  for (const meta::SnapshotPtr& snapshot : snapshots) response->add_snapshots(snapshot->name);
  return absl::OkStatus();
}

absl::Status DescribeSnapshot(ProxyContext& proxy, CallContext& call,
                              const milvus_pb::DescribeSnapshotRequest& request,
                              milvus_pb::DescribeSnapshotResponse* response) {
  ELANUS_RETURN_IF_ERROR(CheckNamed(request));
  ELANUS_ASSIGN_OR_RETURN(
      const meta::SnapshotPtr snapshot,
      proxy.coordinator->GetSnapshot(DatabaseOf(call, request.db_name()), request.collection_name(),
                                     request.name()));
  response->set_name(snapshot->name);
  response->set_description(snapshot->description);
  response->set_collection_name(request.collection_name());
  for (const meta::Partition& partition : snapshot->content->collection->partitions) {
    response->add_partition_names(partition.name);
  }
  response->set_create_ts(static_cast<int64_t>(snapshot->created_ms));
  return absl::OkStatus();
}

absl::Status RestoreSnapshot(ProxyContext& proxy, CallContext& call,
                             const milvus_pb::RestoreSnapshotRequest& request,
                             milvus_pb::RestoreSnapshotResponse* response) {
  ELANUS_RETURN_IF_ERROR(CheckNamed(request));
  if (request.target_collection_name().empty()) return Missing("target_collection_name");
  ELANUS_ASSIGN_OR_RETURN(
      const int64_t job,
      proxy.coordinator->RestoreSnapshot({.db = DatabaseOf(call, request.db_name()),
                                          .collection = request.collection_name(),
                                          .name = request.name(),
                                          .target_db = DatabaseOf(call, request.target_db_name()),
                                          .target_collection = request.target_collection_name(),
                                          .copies = request.rewrite_data()}));
  response->set_job_id(job);
  return absl::OkStatus();
}

milvus_pb::RestoreSnapshotState StateToWire(meta::RestoreJob::State state) {
  switch (state) {
    case meta::RestoreJob::State::kPending:
      return milvus_pb::RestoreSnapshotPending;
    case meta::RestoreJob::State::kExecuting:
      return milvus_pb::RestoreSnapshotExecuting;
    case meta::RestoreJob::State::kCompleted:
      return milvus_pb::RestoreSnapshotCompleted;
    case meta::RestoreJob::State::kFailed:
      return milvus_pb::RestoreSnapshotFailed;
  }
  return milvus_pb::RestoreSnapshotNone;
}

void JobToWire(const meta::RestoreJob& job, uint64_t now_ms, milvus_pb::RestoreSnapshotInfo* out) {
  out->set_job_id(job.id);
  out->set_snapshot_name(job.snapshot_name);
  out->set_db_name(job.database_name);
  out->set_collection_name(job.collection_name);
  out->set_state(StateToWire(job.state));
  out->set_progress(job.progress);
  out->set_reason(job.reason);
  out->set_start_time(job.started_ms);
  const bool runs = job.state == meta::RestoreJob::State::kExecuting && now_ms > job.started_ms;
  out->set_time_cost(runs ? now_ms - job.started_ms : job.cost_ms);
}

absl::Status GetRestoreSnapshotState(ProxyContext& proxy, CallContext&,
                                     const milvus_pb::GetRestoreSnapshotStateRequest& request,
                                     milvus_pb::GetRestoreSnapshotStateResponse* response) {
  for (const meta::RestoreJob& job : proxy.coordinator->RestoreJobs()) {
    if (job.id != request.job_id() || job.exports) continue;
    JobToWire(job, proxy.clock->WallMs(), response->mutable_info());
    return absl::OkStatus();
  }
  return UserError(ErrorCode::kParameterInvalid, "restore job not found[job={}]", request.job_id());
}

absl::Status ListRestoreSnapshotJobs(ProxyContext& proxy, CallContext& call,
                                     const milvus_pb::ListRestoreSnapshotJobsRequest& request,
                                     milvus_pb::ListRestoreSnapshotJobsResponse* response) {
  ELANUS_ASSIGN_OR_RETURN(const meta::Database database,
                          proxy.coordinator->DescribeDatabase(DatabaseOf(call, request.db_name())));
  for (const meta::RestoreJob& job : proxy.coordinator->RestoreJobs()) {
    if (job.database != database.id || job.exports) continue;
    if (!request.collection_name().empty() && job.collection_name != request.collection_name()) {
      continue;
    }
    JobToWire(job, proxy.clock->WallMs(), response->add_jobs());
  }
  return absl::OkStatus();
}

// The store of the cluster is the only one whose keys this server has.
absl::Status CheckExternalSpec(const std::string& spec) {
  if (spec.empty()) return absl::OkStatus();
  return UserError(ErrorCode::kParameterInvalid,
                   "external_spec is not supported by this version: the settings' endpoint and "
                   "credentials are used");
}

absl::Status ExportSnapshot(ProxyContext& proxy, CallContext& call,
                            const milvus_pb::ExportSnapshotRequest& request,
                            milvus_pb::ExportSnapshotResponse* response) {
  ELANUS_RETURN_IF_ERROR(CheckNamed(request));
  if (request.target_s3_path().empty()) return Missing("target_s3_path");
  ELANUS_RETURN_IF_ERROR(CheckExternalSpec(request.external_spec()));
  ELANUS_ASSIGN_OR_RETURN(
      const meta::RestoreJob job,
      proxy.coordinator->ExportSnapshot({.db = DatabaseOf(call, request.db_name()),
                                         .collection = request.collection_name(),
                                         .name = request.name(),
                                         .path = request.target_s3_path()}));
  response->set_job_id(job.id);
  response->set_snapshot_metadata_uri(job.uri);
  return absl::OkStatus();
}

absl::Status GetExportSnapshotState(ProxyContext& proxy, CallContext&,
                                    const milvus_pb::GetExportSnapshotStateRequest& request,
                                    milvus_pb::GetExportSnapshotStateResponse* response) {
  for (const meta::RestoreJob& job : proxy.coordinator->RestoreJobs()) {
    if (job.id != request.job_id() || !job.exports) continue;
    // The states of both kinds of jobs have the same numbers.
    milvus_pb::RestoreSnapshotInfo common;
    JobToWire(job, proxy.clock->WallMs(), &common);
    milvus_pb::ExportSnapshotInfo& info = *response->mutable_info();
    info.set_job_id(common.job_id());
    info.set_snapshot_name(common.snapshot_name());
    info.set_db_name(common.db_name());
    info.set_collection_name(common.collection_name());
    info.set_state(static_cast<milvus_pb::ExportSnapshotState>(common.state()));
    info.set_progress(common.progress());
    info.set_reason(common.reason());
    info.set_start_time(common.start_time());
    info.set_time_cost(common.time_cost());
    info.set_total_files(job.num_files);
    info.set_copied_files(job.num_copied);
    info.set_total_bytes(job.num_bytes);
    if (job.state == meta::RestoreJob::State::kCompleted) info.set_snapshot_metadata_uri(job.uri);
    return absl::OkStatus();
  }
  return UserError(ErrorCode::kParameterInvalid, "export job not found[job={}]", request.job_id());
}

absl::Status RestoreExternalSnapshot(ProxyContext& proxy, CallContext& call,
                                     const milvus_pb::RestoreExternalSnapshotRequest& request,
                                     milvus_pb::RestoreExternalSnapshotResponse* response) {
  if (request.target_collection_name().empty()) return Missing("target_collection_name");
  if (request.snapshot_metadata_uri().empty()) return Missing("snapshot_metadata_uri");
  ELANUS_RETURN_IF_ERROR(CheckExternalSpec(request.external_spec()));
  ELANUS_ASSIGN_OR_RETURN(const int64_t job,
                          proxy.coordinator->RestoreExternalSnapshot(
                              {.uri = request.snapshot_metadata_uri(),
                               .target_db = DatabaseOf(call, request.db_name()),
                               .target_collection = request.target_collection_name()}));
  response->set_job_id(job);
  return absl::OkStatus();
}

absl::Status PinSnapshotData(ProxyContext& proxy, CallContext& call,
                             const milvus_pb::PinSnapshotDataRequest& request,
                             milvus_pb::PinSnapshotDataResponse* response) {
  ELANUS_RETURN_IF_ERROR(CheckNamed(request));
  ELANUS_ASSIGN_OR_RETURN(
      const int64_t pin,
      proxy.coordinator->PinSnapshot(DatabaseOf(call, request.db_name()), request.collection_name(),
                                     request.name(), request.ttl_seconds()));
  response->set_pin_id(pin);
  return absl::OkStatus();
}

absl::Status UnpinSnapshotData(ProxyContext& proxy, CallContext&,
                               const milvus_pb::UnpinSnapshotDataRequest& request,
                               common_pb::Status*) {
  return proxy.coordinator->UnpinSnapshot(request.pin_id());
}

}  // namespace

void AddSnapshotRows(ProxyContext& proxy, std::vector<RpcRow>& rows) {
  rows.push_back(Row(proxy, "CreateSnapshot", Pool::kBlocking, &CreateSnapshot));
  rows.push_back(Row(proxy, "DropSnapshot", Pool::kBlocking, &DropSnapshot));
  rows.push_back(Row(proxy, "ListSnapshots", Pool::kBlocking, &ListSnapshots));
  rows.push_back(Row(proxy, "DescribeSnapshot", Pool::kBlocking, &DescribeSnapshot));
  rows.push_back(Row(proxy, "RestoreSnapshot", Pool::kBlocking, &RestoreSnapshot));
  rows.push_back(Row(proxy, "GetRestoreSnapshotState", Pool::kBlocking, &GetRestoreSnapshotState));
  rows.push_back(Row(proxy, "ListRestoreSnapshotJobs", Pool::kBlocking, &ListRestoreSnapshotJobs));
  rows.push_back(Row(proxy, "ExportSnapshot", Pool::kBlocking, &ExportSnapshot));
  rows.push_back(Row(proxy, "GetExportSnapshotState", Pool::kBlocking, &GetExportSnapshotState));
  rows.push_back(Row(proxy, "RestoreExternalSnapshot", Pool::kBlocking, &RestoreExternalSnapshot));
  rows.push_back(Row(proxy, "PinSnapshotData", Pool::kBlocking, &PinSnapshotData));
  rows.push_back(Row(proxy, "UnpinSnapshotData", Pool::kBlocking, &UnpinSnapshotData));
}

}  // namespace elanus::proxy
