// Snapshots through the table: what is asked of the coordinator, and how it is told to clients.
#include "proxy/rpc_call_test.h"

namespace elanus::proxy {
namespace {

class SnapshotRpcTest : public RpcTest {
 protected:
  SnapshotRpcTest() {
    auto content = std::make_shared<meta::SnapshotContent>();
    content->collection = AddBooks();
    meta::Snapshot snapshot;
    snapshot.id = SnapshotId(50);
    snapshot.name = "daily";
    snapshot.description = "of today";
    snapshot.created_ms = 1'700'000'000'000;
    snapshot.content = std::move(content);
    server_.coordinator.snapshots = {std::make_shared<const meta::Snapshot>(snapshot)};
  }
  template <typename Request>
  static Request Of(const std::string& name) {
    Request request;
    request.set_name(name);
    request.set_collection_name("books");
    return request;
  }
};

TEST_F(SnapshotRpcTest, TakesWhatWasAskedForWithinItsLimits) {
  auto request = Of<milvus_pb::CreateSnapshotRequest>("new");
  request.set_description("words");
  request.set_compaction_protection_seconds(60);
  EXPECT_EQ(Call<common_pb::Status>("CreateSnapshot", request).code(), 0);
  ASSERT_EQ(server_.coordinator.snapshot_requests.size(), 1u);
  const roles::SnapshotRequest& asked = server_.coordinator.snapshot_requests[0];
  EXPECT_EQ(asked.name, "new");
  EXPECT_EQ(asked.collection, "books");
  EXPECT_EQ(asked.description, "words");
  EXPECT_EQ(asked.protection_s, 60);
  for (const int64_t bad : {int64_t{-1}, int64_t{604'801}, INT64_MAX}) {
    request.set_compaction_protection_seconds(bad);
    EXPECT_EQ(Call<common_pb::Status>("CreateSnapshot", request).code(), 1100) << bad;
  }
  EXPECT_EQ(Call<common_pb::Status>("CreateSnapshot", milvus_pb::CreateSnapshotRequest()).code(),
            1101);
}

TEST_F(SnapshotRpcTest, DescribesListsAndNamesWhatIsMissing) {
  const auto found = Call<milvus_pb::DescribeSnapshotResponse>(
      "DescribeSnapshot", Of<milvus_pb::DescribeSnapshotRequest>("daily"));
  EXPECT_EQ(found.status().code(), 0);
  EXPECT_EQ(found.description(), "of today");
  EXPECT_EQ(found.collection_name(), "books");
  EXPECT_EQ(found.partition_names_size(), 2);
  EXPECT_EQ(found.create_ts(), 1'700'000'000'000);
  EXPECT_EQ(
      Call<milvus_pb::ListSnapshotsResponse>("ListSnapshots", milvus_pb::ListSnapshotsRequest())
          .snapshots_size(),
      1);
  const auto dropped =
      Call<common_pb::Status>("DropSnapshot", Of<milvus_pb::DropSnapshotRequest>("weekly"));
  EXPECT_EQ(dropped.code(), 2600);
  EXPECT_NE(dropped.reason().find("snapshot not found"), std::string::npos) << dropped.reason();
}

TEST_F(SnapshotRpcTest, ExportsToAPathAndTellsHowFarItIs) {
  auto request = Of<milvus_pb::ExportSnapshotRequest>("daily");
  const auto send = [&] {
    return Call<milvus_pb::ExportSnapshotResponse>("ExportSnapshot", request);
  };
  EXPECT_EQ(send().status().code(), 1101);
  request.set_target_s3_path("s3://bucket/there");
  request.set_external_spec("{}");
  EXPECT_EQ(send().status().code(), 1100);
  request.clear_external_spec();
  EXPECT_EQ(send().job_id(), 78);
  EXPECT_EQ(send().snapshot_metadata_uri(), "s3://bucket/there/metadata/5.json");

  meta::RestoreJob job;
  job.id = 78;
  job.exports = true;
  job.uri = "s3://bucket/there/metadata/5.json";
  job.state = meta::RestoreJob::State::kExecuting;
  job.num_files = 7;
  job.num_copied = 3;
  job.num_bytes = 30;
  server_.coordinator.restore_jobs = {job};
  milvus_pb::GetExportSnapshotStateRequest ask;
  ask.set_job_id(78);
  const auto state = [&] {
    return Call<milvus_pb::GetExportSnapshotStateResponse>("GetExportSnapshotState", ask);
  };
  EXPECT_EQ(state().info().state(), milvus_pb::ExportSnapshotExecuting);
  EXPECT_EQ(state().info().copied_files(), 3);
  EXPECT_EQ(state().info().snapshot_metadata_uri(), "") << "it is not there yet";
  server_.coordinator.restore_jobs[0].state = meta::RestoreJob::State::kCompleted;
  EXPECT_EQ(state().info().state(), milvus_pb::ExportSnapshotCompleted);
  EXPECT_EQ(state().info().snapshot_metadata_uri(), job.uri);
  // A restore is no export, nor the other way round.
  milvus_pb::GetRestoreSnapshotStateRequest other;
  other.set_job_id(78);
  EXPECT_EQ(Call<milvus_pb::GetRestoreSnapshotStateResponse>("GetRestoreSnapshotState", other)
                .status()
                .code(),
            1100);
  EXPECT_EQ(Call<milvus_pb::ListRestoreSnapshotJobsResponse>(
                "ListRestoreSnapshotJobs", milvus_pb::ListRestoreSnapshotJobsRequest())
                .jobs_size(),
            0);
  ask.set_job_id(5);
  EXPECT_EQ(state().status().code(), 1100);
}

TEST_F(SnapshotRpcTest, RestoresWhatAnotherClusterExported) {
  milvus_pb::RestoreExternalSnapshotRequest request;
  const auto send = [&] {
    return Call<milvus_pb::RestoreExternalSnapshotResponse>("RestoreExternalSnapshot", request);
  };
  EXPECT_EQ(send().status().code(), 1101);
  request.set_target_collection_name("again");
  EXPECT_EQ(send().status().code(), 1101);
  request.set_snapshot_metadata_uri("there/metadata/5.json");
  EXPECT_EQ(send().job_id(), 79);
  ASSERT_EQ(server_.coordinator.external_requests.size(), 1u);
  EXPECT_EQ(server_.coordinator.external_requests[0].uri, "there/metadata/5.json");
}

TEST_F(SnapshotRpcTest, RestoresIntoATargetAndTellsHowFarItIs) {
  auto request = Of<milvus_pb::RestoreSnapshotRequest>("daily");
  EXPECT_EQ(Call<milvus_pb::RestoreSnapshotResponse>("RestoreSnapshot", request).status().code(),
            1101);
  request.set_target_collection_name("again");
  request.set_rewrite_data(true);
  EXPECT_EQ(Call<milvus_pb::RestoreSnapshotResponse>("RestoreSnapshot", request).job_id(), 77);
  ASSERT_EQ(server_.coordinator.restore_requests.size(), 1u);
  EXPECT_EQ(server_.coordinator.restore_requests[0].target_collection, "again");
  EXPECT_TRUE(server_.coordinator.restore_requests[0].copies);

  meta::RestoreJob job;
  job.id = 77;
  job.snapshot_name = "daily";
  job.database = DatabaseId(1);
  job.collection_name = "again";
  job.state = meta::RestoreJob::State::kFailed;
  job.progress = 40;
  job.reason = "the disk is full";
  job.started_ms = 5;
  job.cost_ms = 6;
  server_.coordinator.restore_jobs = {job};
  milvus_pb::GetRestoreSnapshotStateRequest ask;
  ask.set_job_id(77);
  const auto state =
      Call<milvus_pb::GetRestoreSnapshotStateResponse>("GetRestoreSnapshotState", ask);
  EXPECT_EQ(state.info().state(), milvus_pb::RestoreSnapshotFailed);
  EXPECT_EQ(state.info().progress(), 40);
  EXPECT_EQ(state.info().reason(), "the disk is full");
  EXPECT_EQ(state.info().time_cost(), 6u);
  ask.set_job_id(78);
  EXPECT_EQ(Call<milvus_pb::GetRestoreSnapshotStateResponse>("GetRestoreSnapshotState", ask)
                .status()
                .code(),
            1100);
  milvus_pb::ListRestoreSnapshotJobsRequest list;
  const auto jobs = [&] {
    return Call<milvus_pb::ListRestoreSnapshotJobsResponse>("ListRestoreSnapshotJobs", list)
        .jobs_size();
  };
  EXPECT_EQ(jobs(), 1);
  list.set_collection_name("books");
  EXPECT_EQ(jobs(), 0) << "the name is that of the target";
}

TEST_F(SnapshotRpcTest, PinsForATime) {
  auto request = Of<milvus_pb::PinSnapshotDataRequest>("daily");
  request.set_ttl_seconds(9);
  EXPECT_EQ(Call<milvus_pb::PinSnapshotDataResponse>("PinSnapshotData", request).pin_id(), 9);
  EXPECT_EQ(
      Call<common_pb::Status>("UnpinSnapshotData", milvus_pb::UnpinSnapshotDataRequest()).code(),
      0);
}

}  // namespace
}  // namespace elanus::proxy
