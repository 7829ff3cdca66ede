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
    if (job.id != request.job_id()) continue;
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
    if (job.database != database.id) continue;
    if (!request.collection_name().empty() && job.collection_name != request.collection_name()) {
      continue;
    }
    JobToWire(job, proxy.clock->WallMs(), response->add_jobs());
  }
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
  rows.push_back(Row(proxy, "PinSnapshotData", Pool::kBlocking, &PinSnapshotData));
  rows.push_back(Row(proxy, "UnpinSnapshotData", Pool::kBlocking, &UnpinSnapshotData));
}

}  // namespace elanus::proxy
