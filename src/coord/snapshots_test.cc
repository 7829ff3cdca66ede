// Snapshots: what they keep, who they stop, and what becomes of them.
#include "coord/coordinator_fixture_test.h"
#include "coord/object_keys.h"
#include "coord/snapshot_manifest.h"

namespace elanus::coord {
namespace {

class SnapshotTest : public CoordinatorTest {
 protected:
  SnapshotTest() {
    data_node_.flush = [this](CollectionId) {
      return roles::FlushResult{.flush_timestamp = coordinator_->AllocateTimestamp()};
    };
  }
  absl::Status Take(const std::string& collection, const std::string& name,
                    int64_t protection_s = 0) {
    return coordinator_->CreateSnapshot(
        {.collection = collection, .name = name, .protection_s = protection_s}, {});
  }
  meta::SnapshotPtr Find(const std::string& collection, const std::string& name) {
    const auto found = coordinator_->GetSnapshot("", collection, name);
    EXPECT_TRUE(found.ok()) << found.status();
    return found.ok() ? *found : nullptr;
  }
  meta::RestoreJob Restore(const std::string& collection, const std::string& name,
                           const std::string& target, bool copies = false) {
    const auto job = coordinator_->RestoreSnapshot(
        {.collection = collection, .name = name, .target_collection = target, .copies = copies});
    EXPECT_TRUE(job.ok()) << job.status();
    compactions_.RunAll();
    for (const meta::RestoreJob& one : coordinator_->RestoreJobs()) {
      if (job.ok() && one.id == *job) return one;
    }
    ADD_FAILURE() << "no such job";
    return {};
  }
  // All that the catalog says of a collection's rows, without ids.
  std::multiset<int64_t> Rows(const std::string& collection) {
    std::multiset<int64_t> out;
    for (const auto& segment : coordinator_->Segments(Get(collection)->id)) {
      out.insert(segment->num_rows);
    }
    return out;
  }
  std::set<std::string> KeysIn(const std::string& collection) {
    std::set<std::string> out;
    for (const auto& segment : coordinator_->Segments(Get(collection)->id)) {
      for (const std::string& key : KeysOf(*segment)) out.insert(key);
    }
    return out;
  }
  void Drop(const std::string& collection) {
    const absl::Status dropped = coordinator_->DropCollection("", collection);
    ASSERT_TRUE(dropped.ok()) << dropped;
    cleanups_.RunAll();
  }
};

TEST_F(SnapshotTest, IsFoundByItsNameInItsCollectionAndAfterARestart) {
  Create("a");
  Create("b");
  Flush("a", 5);
  ASSERT_TRUE(Take("a", "one").ok());
  ASSERT_TRUE(Take("a", "two").ok());
  ASSERT_TRUE(Take("b", "one").ok());
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(Find("a", "one")->content->segments.size(), 1);
    EXPECT_EQ(Find("b", "one")->content->segments.size(), 0);
    EXPECT_EQ(coordinator_->ListSnapshots("", "a")->size(), 2);
    EXPECT_EQ(coordinator_->ListSnapshots("", "")->size(), 3);
    Open();
  }
  ExpectError(coordinator_->GetSnapshot("", "b", "two").status(), ErrorCode::kSnapshotNotFound,
              "two");
  ExpectError(coordinator_->GetSnapshot("", "c", "one").status(), ErrorCode::kCollectionNotFound,
              "c");
  ExpectError(Take("a", "one"), ErrorCode::kParameterInvalid, "already exists");
  ExpectError(Take("a", "1 bad name"), ErrorCode::kParameterInvalid, "snapshot");
  ExpectError(coordinator_->DropSnapshot("", "a", "three"), ErrorCode::kSnapshotNotFound, "three");
}

TEST_F(SnapshotTest, TakesOnlyWhatWasThereAtItsMoment) {
  Create("a");
  const SegmentId old = Flush("a", 5);
  int tries = 0;
  data_node_.flush = [&](CollectionId) {
    const Timestamp at = coordinator_->AllocateTimestamp();
    // A merge of older and younger rows comes between: this moment cannot be had any more.
    if (++tries == 1) {
      meta::Segment straddling = *Segment(old);
      straddling.id = SegmentId(*coordinator_->AllocateIds(1));
      straddling.max_timestamp = coordinator_->AllocateTimestamp();
      EXPECT_TRUE(coordinator_->CommitFlush({straddling}, {}, std::nullopt).ok());
    }
    if (tries == 2) Flush("a", 7);  // Only younger rows: they are left out.
    return roles::FlushResult{.flush_timestamp = at};
  };
  ASSERT_TRUE(Take("a", "one").ok());
  EXPECT_EQ(tries, 2);
  EXPECT_EQ(Find("a", "one")->content->segments.size(), 2);
  EXPECT_EQ(coordinator_->Segments(Get("a")->id).size(), 3);
}

TEST_F(SnapshotTest, KeepsObjectsOfWhatIsDroppedUntilItGoesItself) {
  CreateIndexed("a");
  Flush("a", 2000);
  builds_.RunAll();
  for (const std::string& key : KeysIn("a")) objects_.Add(key);
  const std::set<std::string> kept = objects_.keys();
  ASSERT_GE(kept.size(), 2);
  ASSERT_TRUE(Take("a", "one").ok());
  ASSERT_TRUE(coordinator_->TruncateCollection("", "a").ok());
  cleanups_.RunAll();
  Open();
  EXPECT_EQ(coordinator_->FindGarbage()->garbage.size(), 0);
  EXPECT_EQ(objects_.keys(), kept);
  ASSERT_TRUE(coordinator_->DropSnapshot("", "a", "one").ok());
  cleanups_.RunAll();
  EXPECT_EQ(objects_.keys(), std::set<std::string>());
}

TEST_F(SnapshotTest, BecomesACollectionThatOutlivesItsSource) {
  CreateIndexed("a");
  ASSERT_TRUE(coordinator_->CreatePartition("", "a", "p").ok());
  ASSERT_TRUE(coordinator_->AlterCollection("", "a", {{"collection.ttl.seconds", "100"}}, {}).ok());
  Flush("a", 2000);
  Flush("a", 1500, 1);
  builds_.RunAll();
  for (const std::string& key : KeysIn("a")) objects_.Add(key);
  const std::set<std::string> shared = objects_.keys();
  ASSERT_TRUE(Take("a", "one").ok());
  Flush("a", 7);

  const meta::RestoreJob job = Restore("a", "one", "again");
  EXPECT_EQ(job.state, meta::RestoreJob::State::kCompleted) << job.reason;
  EXPECT_EQ(job.progress, 100);
  EXPECT_EQ(job.collection_name, "again");
  EXPECT_EQ(Rows("again"), (std::multiset<int64_t>{1500, 2000}));
  const meta::CollectionPtr again = Get("again");
  EXPECT_EQ(again->partitions.size(), 2);
  EXPECT_NE(again->partitions[1].id, Get("a")->partitions[1].id);
  EXPECT_EQ(again->Property("collection.ttl.seconds"), "100");
  EXPECT_EQ(again->indexes.size(), 1);
  EXPECT_FALSE(again->load.loaded);
  for (const auto& segment : coordinator_->Segments(again->id)) {
    EXPECT_EQ(segment->indexes.at(0).state, meta::BuildState::kFinished);
    EXPECT_EQ(segment->indexes.at(0).index, again->indexes[0].id);
    EXPECT_NE(again->FindPartition(segment->partition), nullptr);
  }

  Drop("a");
  EXPECT_EQ(coordinator_->ListSnapshots("", "")->size(), 0) << "snapshots go with the collection";
  Open();
  std::set<std::string> left = shared;
  EXPECT_EQ(KeysIn("again"), shared);
  EXPECT_EQ(objects_.keys(), left);
  EXPECT_EQ(coordinator_->FindGarbage()->garbage.size(), 0);
  Drop("again");
  EXPECT_EQ(objects_.keys(), std::set<std::string>());
}

TEST_F(SnapshotTest, LeavesTheObjectsToItsSourceWhenTheNewCollectionGoes) {
  Create("a");
  Flush("a", 10);
  const std::set<std::string> shared = objects_.keys();
  ASSERT_TRUE(Take("a", "one").ok());
  Restore("a", "one", "again");
  Drop("again");
  EXPECT_EQ(objects_.keys(), shared);
  ASSERT_TRUE(coordinator_->DropSnapshot("", "a", "one").ok());
  cleanups_.RunAll();
  EXPECT_EQ(objects_.keys(), shared) << "the source has them still";
  Drop("a");
  EXPECT_EQ(objects_.keys(), std::set<std::string>());
}

TEST_F(SnapshotTest, CopiesObjectsIfItIsAskedTo) {
  CreateIndexed("a");
  Flush("a", 2000);
  builds_.RunAll();
  for (const std::string& key : KeysIn("a")) objects_.Add(key);
  const std::set<std::string> source = objects_.keys();
  ASSERT_TRUE(Take("a", "one").ok());
  const auto id = coordinator_->RestoreSnapshot(
      {.collection = "a", .name = "one", .target_collection = "copy", .copies = true});
  ASSERT_TRUE(id.ok()) << id.status();
  EXPECT_EQ(coordinator_->RestoreJobs().at(0).state, meta::RestoreJob::State::kExecuting);
  ExpectError(coordinator_->DropSnapshot("", "a", "one"), ErrorCode::kSnapshotPinned, "restored");
  ExpectError(coordinator_->DropCollection("", "a"), ErrorCode::kSnapshotPinned, "restored");
  // The process ends before it has begun; the next one takes it up.
  Open();
  objects_.readable = true;
  coordinator_->Start();
  compactions_.RunAll();
  const meta::RestoreJob job = coordinator_->RestoreJobs().at(0);
  EXPECT_EQ(job.state, meta::RestoreJob::State::kCompleted) << job.reason;
  const std::set<std::string> copy = KeysIn("copy");
  EXPECT_EQ(copy.size(), source.size());
  for (const std::string& key : copy) {
    EXPECT_FALSE(source.contains(key));
    EXPECT_TRUE(objects_.keys().contains(key));
    EXPECT_EQ(SegmentOf(key), coordinator_->Segments(Get("copy")->id)[0]->id) << key;
  }
  Drop("a");
  EXPECT_EQ(objects_.keys(), copy);
}

TEST_F(SnapshotTest, SaysWhyACollectionCouldNotBeMade) {
  Create("a");
  Flush("a", 10);
  ASSERT_TRUE(Take("a", "one").ok());
  const auto restore = [&](const std::string& target) {
    return coordinator_
        ->RestoreSnapshot({.collection = "a", .name = "one", .target_collection = target})
        .status();
  };
  ExpectError(restore("a"), ErrorCode::kParameterInvalid, "already exists");
  ExpectError(restore("bad name"), ErrorCode::kParameterInvalid, "collection name");
  ExpectError(
      coordinator_
          ->RestoreSnapshot(
              {.collection = "a", .name = "one", .target_db = "nowhere", .target_collection = "b"})
          .status(),
      ErrorCode::kDatabaseNotFound, "nowhere");
  // An object that is gone fails the job, and nothing of it is left.
  const std::set<std::string> before = objects_.keys();
  const meta::RestoreJob job = Restore("a", "one", "copy", /*copies=*/true);
  EXPECT_EQ(job.state, meta::RestoreJob::State::kFailed);
  EXPECT_NE(job.reason.find("insert_log"), std::string::npos) << job.reason;
  EXPECT_FALSE(coordinator_->GetCollection("", "copy").ok());
  cleanups_.RunAll();
  EXPECT_EQ(objects_.keys(), before);
}

TEST_F(SnapshotTest, WritesDeletesAnewUnderTheNewPartitionsAndUpToItsMoment) {
  Create("a");
  Flush("a", 10);
  const meta::CollectionPtr a = Get("a");
  const meta::Delta delta{*coordinator_->AllocateIds(1),
                          a->id,
                          0,
                          fmt::format("delta_log/{}/-1/9/9", a->id),
                          2,
                          coordinator_->AllocateTimestamp(),
                          coordinator_->AllocateTimestamp()};
  ASSERT_TRUE(coordinator_->CommitFlush({}, {delta}, std::nullopt).ok());
  ASSERT_TRUE(Take("a", "one").ok());
  data_node_.merge_deltas = [&](const roles::DeltaMergeTask& task) {
    meta::Delta made = task.sources.at(0);
    made.id = *coordinator_->AllocateIds(1);
    made.collection = task.collection;
    return std::optional(made);
  };
  Restore("a", "one", "again");
  ASSERT_EQ(data_node_.delta_merges.size(), 1);
  const roles::DeltaMergeTask& task = data_node_.delta_merges[0];
  EXPECT_EQ(task.until, Find("a", "one")->at);
  EXPECT_EQ(task.partitions.at(a->partitions[0].id), Get("again")->partitions[0].id);
  EXPECT_EQ(coordinator_->Deltas(Get("again")->id).size(), 1);
}

TEST_F(SnapshotTest, LeavesDeletesToTheCollectionThatHasThemStill) {
  Create("a");
  Flush("a", 10);
  const CollectionId id = Get("a")->id;
  const int64_t delta = *coordinator_->AllocateIds(1);
  const Timestamp at = coordinator_->AllocateTimestamp();
  const std::string key = fmt::format("delta_log/{}/-1/{}/{}", id, delta, delta);
  objects_.Add(key);
  ASSERT_TRUE(coordinator_->CommitFlush({}, {{delta, id, 0, key, 1, at, at}}, std::nullopt).ok());
  ASSERT_TRUE(Take("a", "one").ok());
  ASSERT_TRUE(coordinator_->DropSnapshot("", "a", "one").ok());
  cleanups_.RunAll();
  EXPECT_TRUE(objects_.keys().contains(key));
  Drop("a");
  EXPECT_EQ(objects_.keys(), std::set<std::string>());
}

TEST_F(SnapshotTest, StaysWhileItIsPinned) {
  Create("a");
  ASSERT_TRUE(Take("a", "one").ok());
  const int64_t forever = *coordinator_->PinSnapshot("", "a", "one", 0);
  const int64_t short_one = *coordinator_->PinSnapshot("", "a", "one", 10);
  EXPECT_NE(forever, short_one);
  Open();
  ExpectError(coordinator_->DropSnapshot("", "a", "one"), ErrorCode::kSnapshotPinned, "one");
  ExpectError(coordinator_->DropCollection("", "a"), ErrorCode::kSnapshotPinned, "one");
  ASSERT_TRUE(coordinator_->UnpinSnapshot(forever).ok());
  EXPECT_TRUE(coordinator_->UnpinSnapshot(forever).ok()) << "once more does no harm";
  ExpectError(coordinator_->DropSnapshot("", "a", "one"), ErrorCode::kSnapshotPinned, "one");
  clock_.wall_ms += 10'001;
  EXPECT_TRUE(coordinator_->DropSnapshot("", "a", "one").ok());
  ExpectError(coordinator_->PinSnapshot("", "a", "one", 0).status(), ErrorCode::kSnapshotNotFound,
              "one");
  ASSERT_TRUE(Take("a", "one").ok());
  ExpectError(coordinator_->PinSnapshot("", "a", "one", -1).status(), ErrorCode::kParameterInvalid,
              "ttl_seconds");
}

TEST_F(SnapshotTest, ProtectsItsSegmentsFromCompaction) {
  Create("a");
  Flush("a", 10);
  Flush("a", 10);
  ASSERT_TRUE(Take("a", "one", /*protection_s=*/60).ok());
  const CollectionId id = Get("a")->id;
  ExpectError(coordinator_->Compact({.collection = id, .segments = {}}).status(),
              ErrorCode::kCompactionBlocked, "protection");
  clock_.wall_ms += 60'001;
  const auto job = coordinator_->Compact({.collection = id, .segments = {}});
  ASSERT_TRUE(job.ok()) << job.status();
  EXPECT_EQ(job->plans.size(), 1);
}

class ExportTest : public SnapshotTest {
 protected:
  ExportTest() {
    objects_.readable = true;
    Create("a");
    Flush("a", 5000);
    Flush("a", 70);
    EXPECT_TRUE(Take("a", "one").ok());
  }
  absl::StatusOr<meta::RestoreJob> Export(const std::string& path = "away") {
    return coordinator_->ExportSnapshot({.collection = "a", .name = "one", .path = path});
  }
  absl::StatusOr<meta::RestoreJob> Import(const std::string& uri, const std::string& target) {
    ELANUS_ASSIGN_OR_RETURN(const int64_t id, coordinator_->RestoreExternalSnapshot(
                                                  {.uri = uri, .target_collection = target}));
    compactions_.RunAll();
    for (const meta::RestoreJob& job : coordinator_->RestoreJobs()) {
      if (job.id == id) return job;
    }
    return InternalError(ErrorCode::kUnexpected, "no such job");
  }
  std::unique_ptr<storage::ObjectStore> Away() {
    return storage::MakeLocalObjectStore(external_, "away");
  }
};

TEST_F(ExportTest, WhatWasExportedBecomesACollectionOfAnotherCluster) {
  const auto exported = Export("away/");
  ASSERT_TRUE(exported.ok()) << exported.status();
  EXPECT_EQ(exported->state, meta::RestoreJob::State::kCompleted);
  EXPECT_EQ(exported->num_files, 2);
  EXPECT_EQ(exported->num_copied, 2);
  EXPECT_EQ(exported->num_bytes, 10);
  const std::multiset<int64_t> rows = Rows("a");
  const std::set<std::string> keys = KeysIn("a");
  // Another cluster: nothing of the first one is there but what was exported.
  Close();
  store_ = meta::MakeMemoryMetaStore();
  for (const std::string& key : objects_.keys()) (void)objects_.Remove(key);
  clock_.wall_ms += 1000;
  Open();
  const auto made = Import(exported->uri, "b");
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_EQ(made->state, meta::RestoreJob::State::kCompleted) << made->reason;
  EXPECT_EQ(Rows("b"), rows);
  for (const std::string& key : KeysIn("b")) {
    EXPECT_FALSE(keys.contains(key)) << key;
    EXPECT_TRUE(objects_.keys().contains(key)) << key;
  }
  EXPECT_EQ(CodeOf(Import(exported->uri, "b").status()), ErrorCode::kParameterInvalid);
}

TEST_F(ExportTest, HoldsTheSnapshotAndOnlyWhileItRuns) {
  const auto exported = Export();
  ASSERT_TRUE(exported.ok());
  EXPECT_TRUE(coordinator_->DropSnapshot("", "a", "one").ok());
  EXPECT_EQ(CodeOf(Export().status()), ErrorCode::kSnapshotNotFound);
  EXPECT_EQ(Import(exported->uri, "b")->state, meta::RestoreJob::State::kCompleted);
}

TEST_F(ExportTest, WhatIsMissingOrDamagedIsNamed) {
  const std::string uri = Export()->uri;
  EXPECT_EQ(CodeOf(Import("away/nothing", "b").status()), ErrorCode::kParameterInvalid);
  EXPECT_EQ(CodeOf(Import("away/metadata/1.json", "b").status()), ErrorCode::kIoKeyNotFound);
  const std::string key = ExportedKey(*KeysIn("a").begin());
  const auto put = [&](std::string_view bytes) { ASSERT_TRUE(Away()->Put(key, {&bytes, 1}).ok()); };
  for (const std::string_view bytes : {"bytes and more", "bytez"}) {
    put(bytes);
    const meta::RestoreJob job = *Import(uri, "b");
    EXPECT_EQ(job.state, meta::RestoreJob::State::kFailed);
    EXPECT_NE(job.reason.find(key), std::string::npos) << job.reason;
    EXPECT_FALSE(coordinator_->GetCollection("", "b").ok());
  }
  ASSERT_TRUE(Away()->Remove(key).ok());
  EXPECT_EQ(Import(uri, "b")->state, meta::RestoreJob::State::kFailed);
  cleanups_.RunAll();
  EXPECT_EQ(objects_.keys(), KeysIn("a")) << "nothing is left of those that failed";
  put("bytes");
  EXPECT_EQ(Import(uri, "b")->state, meta::RestoreJob::State::kCompleted);
  const std::string_view noise = "noise";
  ASSERT_TRUE(Away()->Put(uri.substr(5), {&noise, 1}).ok());
  EXPECT_EQ(CodeOf(Import(uri, "c").status()), ErrorCode::kDataIntegrity);
}

TEST_F(ExportTest, RowsOfTheFutureHaveToWait) {
  const std::string uri = Export()->uri;
  Close();
  store_ = meta::MakeMemoryMetaStore();
  for (const std::string& key : objects_.keys()) (void)objects_.Remove(key);
  clock_.wall_ms -= 3'600'000;
  Open();
  ExpectError(Import(uri, "b").status(), ErrorCode::kServiceUnavailable, "has not reached");
  clock_.wall_ms += 3'700'000;
  EXPECT_EQ(Import(uri, "b")->state, meta::RestoreJob::State::kCompleted);
}

}  // namespace
}  // namespace elanus::coord
